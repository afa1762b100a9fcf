import { aligned } from './format.js'
import { MANIFEST_NAME, QUARANTINE_FOLDER, SPARE_NAME } from './names.js'
import { blocksOf, type MeteredDisk } from './metered-disk.js'
import type { LogOptions } from './options.js'
import type { Segment, SegmentTable } from './segment.js'
import { sideFileSize } from './side-file.js'

/**
 * What space is wanted for, in the order in which it gives way:
 * - `ahead`: a segment before it is needed;
 * - `write`: a segment for whatever is written;
 * - `remove`: a small segment for what gives space back in the end: tombstones, expiry times;
 * - `compact`: what compaction puts in the place of more. It may take all, or nothing would ever come back.
 */
export type SpaceUse = 'ahead' | 'write' | 'remove' | 'compact'

/** What side files take beside their segments, as long as none has been written that would tell. */
const SIDE_SHARE = 0.25
/** Of a bound, from so much on what is left is little. */
const SHORT_SHARE = 0.1
/** A segment for removals, beside a usual one. */
const REMOVAL_SHARE = 1 / 8
/** How many of those the last part of the space holds. */
const REMOVAL_COUNT = 4

/**
 * Says whether there is room for what the log is about to write: on the file system, of which a reserve is left to others, and
 * within the log's own bound ({@link LogOptions.diskSizeMax}). Against the bound counts what lies in the folder, and what is
 * owed already: files of segments that have been begun, side files to come, and what compaction is about to write.
 */
export class Space {
  #sizeMax: number
  /**
   * A bound may be set below what the log takes already. Removals and compaction, which bring it down, go by the least that it has
   * taken since, and their room, until that is within the bound.
   */
  #leavingMax = Infinity
  /** Bytes that the spare has, or will have when it is ready; 0: there is none. */
  spareSize = 0
  /** Bytes that a compaction under way has been given and not yet written, as far as is known. */
  compactionSize = 0
  readonly #options: LogOptions
  readonly #meter: MeteredDisk | null
  readonly #segments: SegmentTable
  /** Bytes of the disk that were free when it was asked last, and that no file has been promised but the spare. */
  #freeSize = Infinity
  #sideShare = SIDE_SHARE

  /** @param meter null for a log in memory, which takes no space */
  constructor(options: LogOptions, meter: MeteredDisk | null, segments: SegmentTable) {
    this.#options = options
    this.#meter = meter
    this.#segments = segments
    this.#sizeMax = options.diskSizeMax
  }

  /** Bytes of the log on the disk at most; 0: no bound. */
  get sizeMax(): number {
    return this.#sizeMax
  }

  set sizeMax(size: number) {
    this.#sizeMax = size
    this.#leavingMax = Infinity
  }

  /** Bytes that the log takes on the disk. */
  get usedSize(): number {
    return this.#meter?.usedSize ?? 0
  }

  /** Bytes that it will take besides, by what has been appended or begun. */
  get promisedSize(): number {
    return this.#meter === null ? 0 : Math.round(this.#owedSize(this.#meter))
  }

  /** Asks how much is free. Returns that. */
  async measure(): Promise<number> {
    const meter = this.#meter
    if (meter === null) return Infinity
    // What is kept there is for people, who may take it away.
    if (this.sizeMax > 0) await meter.measure(QUARANTINE_FOLDER)
    const { freeSize } = await meter.space()
    this.#freeSize = freeSize + this.spareTakenSize - this.#promisedSize()
    return freeSize
  }

  /**
   * The same, waiting for the answer: for what cannot go by an answer of some time ago.
   * @throws what the disk does
   */
  measureNow(): number {
    if (this.#meter === null) return Infinity
    const { freeSize } = this.#meter.spaceNow()
    this.#freeSize = freeSize + this.spareTakenSize - this.#promisedSize()
    return freeSize
  }

  /** A side file of this size has been written beside a segment. */
  noteSideFile(size: number, segmentSize: number): void {
    this.#sideShare = Math.min(1, size / Math.max(1, segmentSize))
  }

  /** Whether a segment of this capacity, and its side file in the end, may be begun. */
  hasRoom(use: SpaceUse, capacity: number): boolean {
    return this.hasDisk(use, capacity) && this.#left(use) >= this.#withSide(capacity)
  }

  /** Whether the disk has so much beside all that has been begun; whatever the bound. */
  hasDisk(use: SpaceUse, size: number): boolean {
    return this.hasFree(use, size + this.#begunSize)
  }

  /** The same as {@link hasRoom}, of a segment that has been begun and is given its file: within the bound it has its room. */
  hasFree(use: SpaceUse, capacity: number): boolean {
    const { reserveSize } = this.#options
    const floor = use === 'compact' ? 0 : use === 'remove' ? reserveSize / 2 : reserveSize
    return this.#freeSize - floor >= capacity
  }

  /** Bytes that may be written now for compaction, side files included. */
  get compactionRoom(): number {
    return Math.max(0, Math.min(this.#freeSize - this.#begunSize - this.spareSize, this.#left('compact')))
  }

  /** The same, of segments only. */
  get compactionLiveMax(): number {
    return this.compactionRoom / (1 + this.#sideShare)
  }

  /** Whether a side file that is owed may be written: its segment may have had no room for one. */
  get hasSideRoom(): boolean {
    return this.#left('compact') >= 0
  }

  /** Whether it is the bound of the log that would be passed by another segment, not the disk. */
  get isBoundReached(): boolean {
    return this.#left('write') < this.#withSide(this.#options.segmentSize)
  }

  /** Whether there is so little left that compaction should hurry. */
  get isShort(): boolean {
    const { segmentSize, reserveSize } = this.#options
    if (this.#freeSize < reserveSize + 2 * segmentSize) return true
    const left = this.#left('ahead')
    return left < this.#withSide(segmentSize) || left < this.sizeMax * SHORT_SHARE
  }

  /** Size of a segment that holds little more than removals, and a record of this size at least. */
  removalSize(size: number): number {
    const { segmentSize } = this.#options
    return Math.min(Math.max(aligned(size), blocksOf(segmentSize * REMOVAL_SHARE)), Math.max(size, segmentSize))
  }

  /**
   * Bytes that the file of a segment has on the disk. Only under `always` it is full of zeroes from its beginning; otherwise its
   * blocks come with what is written.
   */
  takenSize({ name, committedPosition }: Segment): number {
    if (this.#options.fsync !== 'always') return committedPosition
    return Math.max(committedPosition, this.#meter?.sizeOf(name) ?? 0)
  }

  /** What the spare has on the disk. It counts as free, being for the next segment: it becomes that, or gives way to it. */
  get spareTakenSize(): number {
    return this.#options.fsync === 'always' ? Math.min(this.spareSize, this.#meter?.sizeOf(SPARE_NAME) ?? 0) : 0
  }

  /** Bytes that the files of segments will still take on the disk. */
  #promisedSize(): number {
    return this.#sumOfOpen((segment) =>
      segment.file === null ? 0 : Math.max(0, segment.memory!.length - this.takenSize(segment)),
    )
  }

  /** Bytes of segments that have been begun, within the commit under way, and have no file yet. */
  get #begunSize(): number {
    return this.#sumOfOpen(({ file, memory }) => (file === null ? memory!.length : 0))
  }

  #sumOfOpen(sizeOf: (segment: Segment) => number): number {
    const { inOrder } = this.#segments
    let size = 0
    for (let i = inOrder.length - 1; i >= 0 && !inOrder[i]!.sealed; i--) size += sizeOf(inOrder[i]!)
    return size
  }

  #withSide(size: number): number {
    return blocksOf(size) + blocksOf(size * this.#sideShare)
  }

  /** Bytes within the bound that this use may take. */
  #left(use: SpaceUse): number {
    if (this.#sizeMax === 0 || this.#meter === null) return Infinity
    const { segmentSize } = this.#options
    const segment = this.#withSide(segmentSize)
    const removals = this.#withSide(segmentSize * REMOVAL_SHARE) * REMOVAL_COUNT
    const floor = { compact: 0, remove: segment, write: segment + removals, ahead: 2 * segment + removals }[use]
    const taken = this.usedSize + this.#owedSize(this.#meter)
    this.#leavingMax = Math.min(this.#leavingMax, taken + segment + removals)
    const isLeaving = use === 'compact' || use === 'remove'
    return Math.max(this.#sizeMax, isLeaving ? this.#leavingMax : 0) - taken - floor
  }

  /** Bytes that will be written in any case. */
  #owedSize(meter: MeteredDisk): number {
    const { inOrder } = this.#segments
    // A manifest is written beside the one that it replaces.
    let size = blocksOf(meter.sizeOf(MANIFEST_NAME)) + blocksOf(1) + this.compactionSize
    let spare = Math.max(0, this.spareSize - meter.sizeOf(SPARE_NAME))
    for (let i = inOrder.length - 1; i >= 0; i--) {
      const segment = inOrder[i]!
      if (segment.columns === null) break
      size += blocksOf(sideFileSize(segment.columns, segment.sparse)) + this.#growthOf(segment, meter)
      // The spare becomes its file.
      const isForSpare = segment.file === null && segment.memory?.length === this.spareSize
      if (isForSpare) spare = -meter.sizeOf(SPARE_NAME)
    }
    return size + spare
  }

  /** What a segment that is not full yet will take more than it does. */
  #growthOf({ sealed, memory, size, name }: Segment, meter: MeteredDisk): number {
    if (sealed || memory === null) return 0
    const side = (memory.length - size) * this.#sideShare
    return Math.max(0, blocksOf(memory.length) - blocksOf(meter.sizeOf(name))) + side
  }
}
