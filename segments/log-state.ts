import type { History } from './compaction/history.js'
import type { Disk } from './disk.js'
import { FlinError } from './errors.js'
import { MeteredDisk } from './metered-disk.js'
import type { KeyHasher } from './key-hash.js'
import type { Manifest, ManifestSegment } from './manifest.js'
import type { LogOptions } from './options.js'
import type { RestartColumns } from './restart-columns.js'
import type { Segment } from './segment.js'
import { SegmentTable } from './segment.js'
import { SegmentMemory } from './segment-memory.js'
import { Space } from './space.js'

/** What the parts of one open log share. The log alone makes it; each field says who writes it. */
export class LogState {
  readonly disk: Disk
  /** The same, where it is measured. */
  readonly meter: MeteredDisk | null
  readonly options: LogOptions
  readonly logId: string
  readonly seed: number
  readonly hasher: KeyHasher
  readonly segments = new SegmentTable()
  readonly space: Space
  readonly memory: SegmentMemory
  /** Written by the roller, recovery and compaction, through {@link LogState.nextManifest}. */
  manifest: Manifest
  epoch = 0
  /** Next offset to be written. Written by the appender. */
  endOffset = 0
  /** Everything below may be told. Written by the flusher. */
  committedOffset = 0
  /** The commit under way goes up to here; what is appended from here on is in the next one. Written by the flusher. */
  flushingOffset = 0
  /** Everything below has been synced. Written by the flusher. */
  durableOffset = 0
  /** Bytes appended and not yet committed. */
  undurableSize = 0
  /** Bytes that have been committed since the log was opened. Written by the flusher. */
  committedSize = 0
  /** Columns whose side file is written, for the next segment: their memory is mapped already. */
  spareColumns: RestartColumns | null = null
  /** Bytes of segments that are held in memory whole. */
  residentSize = 0
  /** Whether any record must be read from disk: while not, no command has to look for cold keys first. */
  hasCold = false
  /** The latest time that the log holds or {@link now} has told; also the lowest that it will tell. */
  lastTimestampMs = 0
  /** How long superseded records stay. */
  history: History
  /** There is no space for another segment. */
  diskFull = false
  /** Told when a segment has been refused for want of space. */
  onRefused: () => void = () => undefined
  /** The commit under way waits for space on the disk: nothing more is taken until it has it. */
  isStalled = false
  isClosing = false
  /** Nobody waits for space any more. */
  isEnding = false
  /** The failure after which nothing is acknowledged any more. */
  poison: FlinError | null = null
  closed = false

  /** @param disk what is written there is measured, unless the log is in memory */
  constructor(disk: Disk, options: LogOptions, manifest: Manifest, seed: number, hasher: KeyHasher) {
    const meter = options.memorySizeMax > 0 ? null : new MeteredDisk(disk)
    this.meter = meter
    this.disk = meter ?? disk
    this.space = new Space(options, meter, this.segments)
    this.options = options
    this.manifest = manifest
    this.logId = manifest.logId
    this.seed = seed
    this.hasher = hasher
    this.history = options.history
    this.memory = new SegmentMemory(options)
  }

  /**
   * Time in ms that never goes back: not behind what it has told before, so that what a reader has seen expired stays so
   * when the clock is set back, and not, across restarts, behind the last batch of the log.
   */
  now(): number {
    const now = this.options.now()
    if (now > this.lastTimestampMs) this.lastTimestampMs = now
    return this.lastTimestampMs
  }

  /** Ends all acknowledging; the first cause is kept. */
  poisonWith(cause: unknown, doing: string): FlinError {
    this.poison ??= new FlinError(
      'LOG_POISONED',
      `${doing} failed (${cause instanceof Error ? cause.message : String(cause)}); nothing more is acknowledged`,
      { cause },
    )
    return this.poison
  }

  /** Segments that have their files, in order. One that was begun while a commit is under way has none yet. */
  get named(): Segment[] {
    return this.segments.inOrder.filter((segment) => segment.sealed || segment.file !== null)
  }

  /** The manifest with the segments as they are now. It must not name a file that a crash would leave missing. */
  nextManifest(changes: Partial<Manifest> = {}): Manifest {
    return { ...this.manifest, segments: this.named.map(describeSegment), ...changes }
  }
}

export function describeSegment(segment: Segment): ManifestSegment {
  return {
    baseOffset: segment.baseOffset,
    generation: segment.generation,
    sealed: segment.sealed ? { size: segment.size, endOffset: segment.endOffset } : null,
    ...(segment.cleanOffset > 0 ? { cleanOffset: segment.cleanOffset } : {}),
  }
}
