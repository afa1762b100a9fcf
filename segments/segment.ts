import type { GrowingDigest } from './digest.js'
import type { Disk, DiskFile } from './disk.js'
import { segmentName } from './names.js'
import { RestartColumns, SparseIndex } from './restart-columns.js'

/** One file of the log, as the running log knows it. */
export class Segment {
  /** Small ordinal by which places name it; free again when the segment is gone. */
  readonly number: number
  readonly baseOffset: number
  generation: number
  sealed = false
  /** Records in it, once it is sealed. */
  recordCount = 0
  /** Bytes written to memory; of a sealed segment, its size. */
  size = 0
  /** Offset behind the last record in it. */
  endOffset: number
  /** Bytes [0, committedPosition) may be told. */
  committedPosition = 0
  /** Bytes below this are with the write that is under way, which commits up to {@link inFlightOffset}. */
  inFlightPosition = 0
  inFlightOffset = 0
  /** The whole segment, while it is kept in memory. */
  memory: Buffer | null = null
  /** For reading, and for writing while it is active. */
  file: DiskFile | null = null
  sparse: SparseIndex
  /** Held until they are in the side file. */
  columns: RestartColumns | null = null
  tombstoneCount = 0
  /** Bytes of its tombstones, and the lowest offset that one of them may bury; Infinity without any. */
  tombstoneSize = 0
  buriesFrom = Infinity
  /** Bytes of batch headers that the counting of the dead leaves out. */
  headerSize = 0
  /** Of what was superseded or buried below this offset, nothing is left in it: it has been rewritten since. */
  cleanOffset = 0
  /** Compaction copies from its memory: that is not given up meanwhile. */
  isPinned = false
  /** Compaction found it damaged. */
  isDamaged = false
  firstTimestampMs = 0
  lastTimestampMs = 0
  lastEpoch = 0
  /** XXH64 from the side file; null while it is not known. */
  digest: string | null = null
  /** That of what has been written; null before the first write. */
  growingDigest: GrowingDigest | null = null
  #opening: Promise<DiskFile> | null = null
  #readers = 0
  #tellUnread: () => void = () => undefined

  constructor(number: number, baseOffset: number, generation: number) {
    this.number = number
    this.baseOffset = baseOffset
    this.generation = generation
    this.endOffset = baseOffset
    this.sparse = new SparseIndex()
  }

  get name(): string {
    return segmentName(this.baseOffset, this.generation)
  }

  /** A reader begins: the file is not closed and deleted under it. */
  hold(): void {
    this.#readers++
  }

  /** A reader has ended. */
  release(): void {
    if (--this.#readers === 0) this.#tellUnread()
  }

  /** Waits until nobody reads it. */
  async untilUnread(): Promise<void> {
    if (this.#readers > 0) await new Promise<void>((resolve) => (this.#tellUnread = resolve))
  }

  noteTombstone(size: number, buriesFrom: number): void {
    this.tombstoneCount++
    this.tombstoneSize += size
    if (buriesFrom < this.buriesFrom) this.buriesFrom = buriesFrom
  }

  /** The file of a sealed segment, opened once for all who want to read it at the same time. */
  async openForReading(disk: Disk): Promise<DiskFile> {
    if (this.file !== null) return this.file
    this.#opening ??= disk.open(this.name, {}).finally(() => {
      this.#opening = null
    })
    this.file = await this.#opening
    return this.file
  }
}

/** The largest number of segments: places have 20 bits for it. */
const SEGMENT_COUNT_MAX = 1 << 20

/** The segments of a log, by number and in order. */
export class SegmentTable {
  /** By number; undefined where a number is free. */
  readonly byNumber: (Segment | undefined)[] = []
  /** In order of offset, the active one last. */
  readonly inOrder: Segment[] = []
  /** By number: bytes of records of which the state is not made any more, give or take some hundredths. The models count. */
  readonly deadSizes: number[] = []
  readonly #free: number[] = []

  /** Bytes of all segments' contents. */
  get size(): number {
    return this.inOrder.reduce((sum, { size }) => sum + size, 0)
  }

  /** Bytes that compaction would give back, as far as is known. */
  get deadSize(): number {
    const { deadSizes } = this
    return this.inOrder.reduce((sum, { number, size }) => sum + Math.min(size, deadSizes[number]!), 0)
  }

  /** Everything before this place is dead. */
  noteAllDead(segmentNumber: number, position: number): void {
    const { deadSizes } = this
    for (const { number, size, headerSize, tombstoneSize } of this.inOrder) {
      if (number === segmentNumber) {
        deadSizes[number] = position
        return
      }
      deadSizes[number] = Math.max(0, size - headerSize - tombstoneSize)
    }
  }

  /** Makes a segment with a free number; the caller puts it in its place in {@link inOrder}. */
  create(baseOffset: number, generation: number): Segment {
    // A number is used again only when there is no other: whoever waits for a read may still name an old place.
    const number = this.byNumber.length < SEGMENT_COUNT_MAX ? this.byNumber.length : (this.#free.shift() ?? Infinity)
    if (number >= SEGMENT_COUNT_MAX) throw new RangeError('more segments than places can name')
    const segment = new Segment(number, baseOffset, generation)
    this.byNumber[number] = segment
    this.deadSizes[number] = 0
    return segment
  }

  /** Puts rewritten segments in the place of the ones that they were made of. */
  replace(old: readonly Segment[], rewritten: readonly Segment[]): void {
    this.inOrder.splice(this.inOrder.indexOf(old[0]!), old.length, ...rewritten)
  }

  /** Forgets a segment that no place names any more. */
  drop(segment: Segment): void {
    this.byNumber[segment.number] = undefined
    this.#free.push(segment.number)
  }

  get(number: number): Segment {
    const segment = this.byNumber[number]
    if (segment === undefined) throw new RangeError(`no segment has number ${number}`)
    return segment
  }

  /** The segment in which an offset lies, or the first one behind it; undefined beyond the last. */
  ofOffset(offset: number): Segment | undefined {
    let low = 0
    let high = this.inOrder.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.inOrder[middle]!.endOffset <= offset) low = middle + 1
      else high = middle
    }
    return this.inOrder[low]
  }
}
