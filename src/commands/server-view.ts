import type { Subscriptions } from '../subscriptions/subscriptions.js'
import type { CommandStats } from './command-stats.js'
import type { Registry } from './registry.js'
import type { Session } from './session.js'

/** Sections of INFO: name -> field -> value. */
export type InfoSections = Record<string, Record<string, string | number>>

/** Settings by Redis's names, as CONFIG sees them. */
export interface SettingsView {
  /** All that there are, with their values. */
  entries: () => Iterable<readonly [name: string, value: string]>
  /**
   * Sets all of them, or none.
   * @throws ReplyError that names the one that cannot be set, and why.
   */
  set: (pairs: readonly (readonly [name: string, value: string])[]) => void
}

/** Compaction of the log, as COMPACT sees it. */
export interface CompactionView {
  /** Begins one of everything that is sealed: now, or behind the one that is under way; or nothing is sealed. */
  now: () => 'started' | 'scheduled' | 'nothing'
  /** What it has done. */
  facts: () => Record<string, string | number>
}

/** What commands may know of the server, and ask of it. */
export interface ServerView {
  readonly registry: Registry
  /** The version of Redis whose behaviour clients may expect. */
  readonly redisVersion: string
  readonly settings: SettingsView
  readonly stats: CommandStats
  readonly compaction: CompactionView
  readonly subscriptions: Subscriptions
  /** All sections, or those that are asked for by their names in lower case. */
  info: (wanted: (section: string) => boolean) => InfoSections
  /** Forgets what INFO has counted. */
  resetStats: () => void
  /** Everybody who is connected. */
  clients: () => Iterable<Session>
  /** Ends the waiting of a client's request, as if its time were up, or with an error. False: none of this id waits. */
  unblock: (clientId: number, withError: boolean) => boolean
  /** Whether clients need no password. */
  isOpen: () => boolean
  /** Compares in a time that tells nothing of the password. Where none is needed, any is right. */
  isPassword: (given: Buffer) => boolean
  /** When something was committed last, in ms since 1970; before that, when the daemon began. */
  lastCommitMs: () => number
  /** Bytes that a value may have (proto-max-bulk-len). */
  valueSizeMax: () => number
  /** A number in [0, 1). */
  random: () => number
  /** Ends the daemon as SIGTERM does. */
  shutdown: () => void
}
