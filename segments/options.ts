import crypto from 'node:crypto'
import { FlinError } from './errors.js'
import { SEGMENT_SIZE_LIMIT } from './format.js'
import type { KeyHasher } from './key-hash.js'

/**
 * When a write may be told:
 * - `always`: when it is on stable storage. A crash of the machine loses nothing that was acknowledged.
 * - `everysec`: when the kernel has it; synced every second. kill -9 loses nothing, a power cut up to a second.
 * - `no`: when the kernel has it; synced when a segment is sealed and at close.
 */
export type FsyncPolicy = 'always' | 'everysec' | 'no'

export interface LogOptions {
  readonly fsync: FsyncPolicy
  /** Bytes at which a segment is sealed and the next one begun; a single larger batch gets a segment of its own size. */
  readonly segmentSize: number
  /** Bytes of memory for segments and cold stretches together. The active segment is always in memory. */
  readonly cacheSize: number
  /** Appends stop being accepted above this many bytes that are not yet committed. */
  readonly undurableSizeMax: number
  /** Free bytes that are left to others: no segment is begun below it. */
  readonly reserveSize: number
  /** Keeps the log in memory only, up to this many bytes; 0: on disk. */
  readonly memorySizeMax: number
  /** Serves what is intact of a damaged log, refusing writes, instead of refusing to open. */
  readonly serveDamaged: boolean
  /** Opens without writing anything, beside a running owner or on a copy. */
  readonly readOnly: boolean
  /** Time in ms since 1970. */
  readonly now: () => number
  /** Random bytes, for the log's id and the seeds of its hash. */
  readonly randomBytes: (size: number) => Buffer
  /** Makes the hash of keys from the log's seeds; for tests, which want one that collides. */
  readonly keyHasher?: (seed0: number, seed1: number) => KeyHasher
  /** Told what happened, for the operator's log. */
  readonly onEvent: (event: LogEvent) => void
}

/** What the daemon takes, but for events, which nobody hears. */
export const DEFAULT_LOG_OPTIONS: LogOptions = {
  fsync: 'always',
  segmentSize: 64 * 1024 * 1024,
  cacheSize: 1024 * 1024 * 1024,
  undurableSizeMax: 64 * 1024 * 1024,
  reserveSize: 64 * 1024 * 1024,
  memorySizeMax: 0,
  serveDamaged: false,
  readOnly: false,
  now: Date.now,
  randomBytes: crypto.randomBytes,
  onEvent: () => undefined,
}

export type LogEvent =
  | { type: 'torn-tail'; segment: string; position: number; size: number; firstOffset: number; quarantine: string }
  | { type: 'damage'; segment: string; position: number; size: number; firstOffset: number; endOffset: number }
  | { type: 'side-file-rebuilt'; segment: string; reason: string }
  | { type: 'sealed'; segment: string; size: number; records: number }
  | { type: 'disk-full'; freeSize: number; reserveSize: number }
  | { type: 'disk-has-space'; freeSize: number }
  | { type: 'orphan'; file: string; action: 'removed' | 'quarantined' }
  | { type: 'verified'; segment: string }

export const SEGMENT_SIZE_MIN = 4096

/** @throws FlinError BAD_SETTING */
export function checkOptions(options: LogOptions): void {
  const { segmentSize } = options
  if (!Number.isInteger(segmentSize) || segmentSize < SEGMENT_SIZE_MIN || segmentSize > SEGMENT_SIZE_LIMIT) {
    throw new FlinError(
      'BAD_SETTING',
      `the segment size must be ${SEGMENT_SIZE_MIN} to ${SEGMENT_SIZE_LIMIT} bytes, not ${segmentSize}`,
    )
  }
}
