import type { ReplayedRecord } from '../recovery.js'

/** What compaction asks the models, and tells them: on the loop's own thread, so that nothing changes meanwhile. */
export interface Liveness {
  /** Whether the state is made of this record. Never asked of tombstones. */
  isLive: (record: ReplayedRecord) => boolean
  /**
   * The record lies at another place now: follow it, if it is still the newest of its entity, and only then. Says whether it
   * was: if not, it has died while it was copied.
   */
  moved: (record: ReplayedRecord, segmentNumber: number, position: number) => boolean
  /**
   * Of how many records of each of these segments the state is made: goes through the state, in slices, so it is for segments of
   * which little is alive. What dies meanwhile may be counted or not, and nothing that is alive is missed. Left out: every record is
   * asked about.
   */
  readonly countLive?: (segmentNumbers: readonly number[]) => Promise<readonly number[]>
  /** How it comes that records are dead; asked where history is kept. */
  readonly supersession: Supersession
}

/** Which kinds of records supersede which. What is superseded stays for as long as what supersedes it is within the history window. */
export interface Supersession {
  /** By kind: the kinds of upserts and tombstones of the same key that supersede such a record. Others leave no history. */
  readonly by: ReadonlyMap<number, readonly number[]>
  /** Kinds of tombstones that bury whatever lies before them. */
  readonly all: readonly number[]
}

/** Resolves when everything below an offset is durable; rejects when it never will be. */
export type Durable = (offset: number) => Promise<void>

/** What a compaction has done. Sizes in bytes. */
export interface CompactionResult {
  readonly sizeBefore: number
  readonly sizeAfter: number
  readonly recordsDropped: number
}
