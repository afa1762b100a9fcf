import { RECORD_HEADER_SIZE } from '../../segments/index.js'

/** Kinds of entities in the log. They are on disk: never renumber one, never reuse a number. */
export const KIND = {
  /** A string value; entity = key. */
  string: 1,
  /** When a key expires, in ms since 1970; entity = key, bound by its `since` to the offset of the value it belongs to. */
  expiry: 2,
  /** Buries every key that is older: FLUSHALL. */
  floor: 3,
  /** A key that has a list; the datum is the list's id. */
  list: 4,
  /** An item; entity = list and order. */
  listItem: 5,
  /** A key that has a stream; the datum is the stream's id. */
  stream: 6,
  /** An entry; entity = stream and order, which is the offset of the record. */
  streamEntry: 7,
  /** What a stream knows beside its entries; entity = stream. */
  streamState: 8,
  /** A consumer group; entity = stream and order. */
  group: 9,
  /** A consumer of a group; entity = stream and order. */
  consumer: 10,
  /** An entry that was delivered and not acknowledged; entity = stream and order. */
  pending: 11,
  /** A published message; key = channel, value = payload, datum = how long it stays, in ms. Entity: itself; it is never superseded. */
  message: 12,
  /** From which offset on messages are held; key = empty, or decimal digits of how long the messages stay that it is about. */
  messageFloor: 13,
  /** What a stream lets go of by itself, and where what cannot be dealt with goes; entity = stream and order. */
  streamSettings: 14,
} as const

/** What caused a record, where it was no command. Commands have their own codes from 16 on. */
export const CAUSE = {
  expired: 1,
  /** A stream's settings: entries were too old, or too many. */
  retained: 2,
} as const

/** Bytes that a record takes beside key and value, with its longest fields and pad: what is promised to the log before. */
export const RECORD_OVERHEAD = RECORD_HEADER_SIZE + 16 + 8
