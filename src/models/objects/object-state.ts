import type { Log, ReplayedRecord } from '../../../segments/index.js'
import type { MemberRecords } from './member-records.js'

/** Some of an object's records, in columns: those from `first` to `end` (exclusive). */
export interface RecordChunk {
  readonly segments: Uint32Array
  readonly positions: Uint32Array
  /** As `sizeClassOf` says. */
  readonly sizeClasses: Uint8Array
  readonly first: number
  readonly end: number
}

/**
 * What a key holds that is more than one value: a list, a stream. It is made of members, each a record of its own that bears the
 * object's id, see `RECORD_FLAG.member`; the record of the key names the id. Nothing is kept but where members lie: their bytes
 * are in the log.
 */
export interface ObjectState {
  /** Offset of the record that created it: never used again. */
  readonly id: number
  /** Kind of the record of its key. */
  readonly kind: number
  /** Log end after its last change: what is told of it waits until that is committed. */
  changedEnd: number
  /** Number of what Redis counts: items, entries. */
  readonly count: number
  /** Bytes in memory. */
  readonly byteSize: number
  /** Bytes that its members' records take in the log, to a few hundredths. */
  readonly recordsSize: number
  /** Whether what it holds may go by itself, when it gets too old or too much: see RetainedObjects. Left out: no. */
  readonly isRetaining?: boolean
  /** Applies a record of one of its members: recovery hands over those of the log, in order. */
  replay: (record: ReplayedRecord) => void
  /** After a replay, once it is known that the object is alive: loads what the columns of side files do not tell. */
  settle: (log: Log) => Promise<void>
  /** Whether this is the newest record of a member that is there. Never asked of tombstones. */
  isLive: (record: ReplayedRecord) => boolean
  /** A member's record lies at another place now: follow it if it is the newest one, and only then; says whether it was. */
  moved: (record: ReplayedRecord, segmentNumber: number, position: number) => boolean
  /**
   * Gives an object without members what this one has. All records are in memory, and the log has been promised their size.
   * @param command what causes the records
   */
  copyTo: (target: ObjectState, members: MemberRecords, command: number) => void
  /** All live records of its members, in any order; a chunk is valid until the object changes. */
  recordChunks: () => Iterable<RecordChunk>
}

/** A type of objects. */
export interface ObjectType {
  /** Kind of the record of a key that holds one. */
  readonly kind: number
  /** As TYPE tells it. */
  readonly name: string
  /** Kinds of the records of its members. */
  readonly memberKinds: readonly number[]
  /** @param deadSizes the log's, by segment: what a member's newer record, or its tombstone, supersedes is counted there */
  readonly create: (id: number, deadSizes: number[]) => ObjectState
}

/** Object to which a member's record belongs. */
export function objectIdOf({ hi, lo }: { readonly hi: number; readonly lo: number }): number {
  return (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0)
}
