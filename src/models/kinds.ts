/** Kinds of entities in the log. They are on disk: never renumber one, never reuse a number. */
export const KIND = {
  /** A string value; entity = key. */
  string: 1,
  /** When a key expires, in ms since 1970; entity = key, bound by its `since` to the offset of the value it belongs to. */
  expiry: 2,
  /** Buries every key that is older: FLUSHALL. */
  floor: 3,
} as const

/** What caused a record, where it was no command. Commands have their own codes from 16 on. */
export const CAUSE = {
  expired: 1,
} as const
