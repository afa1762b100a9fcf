import crypto from 'node:crypto'
import type { History } from './compaction/history.js'
import { FlinError } from './errors.js'
import { aligned, SEGMENT_SIZE_LIMIT } from './format.js'
import type { KeyHasher } from './key-hash.js'
import { sizeText } from './size-text.js'

/**
 * When a write may be told:
 * - `always`: when it is on stable storage. A crash of the machine loses nothing that was acknowledged.
 * - `everysec`: when the kernel has it; synced every second. kill -9 loses nothing, a power cut up to a second.
 * - `no`: when the kernel has it; synced when a segment is sealed and at close.
 */
export type FsyncPolicy = (typeof FSYNC_POLICIES)[number]

export const FSYNC_POLICIES = ['always', 'everysec', 'no'] as const

export interface LogOptions {
  readonly fsync: FsyncPolicy
  /**
   * Bytes at which a segment is sealed and the next one begun, at least {@link SEGMENT_SIZE_MIN}; rounded up to a multiple
   * of 8. A single larger batch gets a segment of its own size.
   */
  readonly segmentSize: number
  /** Bytes of memory for segments and cold stretches together. The active segment is always in memory. */
  readonly cacheSize: number
  /**
   * Above this many bytes that are appended and not yet committed `Log.isBehind` says so. The log refuses nothing for it:
   * whoever takes in writes waits for a commit then, so that a slow disk does not fill the memory.
   */
  readonly undurableSizeMax: number
  /** Free bytes that are left to others: no segment is begun below it, but for removals, which may take half of it. */
  readonly reserveSize: number
  /**
   * Bytes that the log's files may take on the disk, those of compaction and the quarantine among them; 0: no bound, else
   * {@link DISK_SEGMENTS_MIN} segments at least. `Log.diskSizeMax` changes it.
   */
  readonly diskSizeMax: number
  /** How long superseded records stay in the log. `Log.history` changes it. */
  readonly history: History
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
  diskSizeMax: 0,
  history: 'none',
  memorySizeMax: 0,
  serveDamaged: false,
  readOnly: false,
  now: Date.now,
  randomBytes: crypto.randomBytes,
  onEvent: () => undefined,
}

export type LogEvent =
  | { type: 'torn-tail'; segment: string; position: number; size: number; firstOffset: number; quarantine: string }
  | { type: 'damage'; segment: string; position: number; size: number; firstOffset: number; endOffset: number | null }
  | { type: 'side-file-rebuilt'; segment: string; reason: string }
  | { type: 'sealed'; segment: string; size: number; records: number }
  | { type: 'disk-full'; freeSize: number; reserveSize: number }
  | { type: 'bound-reached'; usedSize: number; promisedSize: number; diskSizeMax: number }
  | { type: 'disk-has-space'; freeSize?: number; usedSize?: number; diskSizeMax?: number }
  | { type: 'orphan'; file: string; action: 'removed' | 'quarantined' }
  | { type: 'verified'; segment: string }
  | { type: 'checked'; segmentCount: number; damagedCount: number }

export const SEGMENT_SIZE_MIN = 4096
/** What a bound of the log on the disk has to hold at least: below, little would be left beside what compaction needs. */
export const DISK_SEGMENTS_MIN = 8

/**
 * Options with nothing left out.
 * @throws FlinError BAD_SETTING that names the option and what it takes
 */
export function completeOptions(given: Partial<LogOptions>): LogOptions {
  const options = { ...DEFAULT_LOG_OPTIONS, ...given }
  const { fsync, segmentSize } = options
  if (!FSYNC_POLICIES.includes(fsync)) throw bad(`fsync must be ${FSYNC_POLICIES.join(', ')}, not ${fsync}`)
  if (!Number.isInteger(segmentSize) || segmentSize < SEGMENT_SIZE_MIN || segmentSize > SEGMENT_SIZE_LIMIT) {
    const range = `${sizeText(SEGMENT_SIZE_MIN)} to ${sizeText(SEGMENT_SIZE_LIMIT)}`
    throw bad(`the segment size must be ${range}, not ${sizeText(segmentSize)}`)
  }
  for (const name of ['cacheSize', 'undurableSizeMax', 'reserveSize', 'diskSizeMax', 'memorySizeMax'] as const) {
    const size = options[name]
    if (!Number.isInteger(size) || size < 0) throw bad(`${name} must be a number of bytes, 0 or more, not ${size}`)
  }
  checkDiskSizeMax(options.diskSizeMax, aligned(segmentSize))
  return { ...options, segmentSize: aligned(segmentSize) }
}

/** @throws FlinError BAD_SETTING when segments of this size do not fit into such a bound */
export function checkDiskSizeMax(diskSizeMax: number, segmentSize: number): void {
  const least = segmentSize * DISK_SEGMENTS_MIN
  if (diskSizeMax === 0 || diskSizeMax >= least) return
  throw bad(`the log must be allowed ${sizeText(least)} of the disk, ${DISK_SEGMENTS_MIN} segments, or have no bound`)
}

function bad(text: string): FlinError {
  return new FlinError('BAD_SETTING', text)
}
