import type { Registry } from './registry.js'

/** Sections of INFO: name -> field -> value. */
export type InfoSections = Record<string, Record<string, string | number>>

/** What commands may know of the server, and ask of it. */
export interface ServerView {
  readonly registry: Registry
  /** The version of Redis whose behaviour clients may expect. */
  readonly redisVersion: string
  info: () => InfoSections
  /** Settings by Redis's names, as CONFIG GET shows them. */
  settings: () => ReadonlyMap<string, string>
  /** Bytes that a value may have (proto-max-bulk-len). */
  valueSizeMax: () => number
  /** A number in [0, 1). */
  random: () => number
  /** Ends the daemon as SIGTERM does. */
  shutdown: () => void
}
