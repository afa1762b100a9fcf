import { type BatchHeader, bodyIsIntact, readHeader } from './batch.js'
import { StreamingDigest } from './digest.js'
import { type DiskFile, openIfThere } from './disk.js'
import { BATCH_HEADER_SIZE, RECORD_FLAG } from './format.js'
import type { LogFolder } from './log-folder.js'
import type { ManifestSegment } from './manifest.js'
import { segmentName } from './names.js'
import { RecordView, recordFits } from './record.js'
import { SparseIndex } from './restart-columns.js'
import type { SideFile } from './side-file.js'
import { sameSparse } from './survey.js'
import { Windows } from './windows.js'

/** What is known of a segment that is as its side file says. */
export interface CheckedSegment {
  readonly batchCount: number
  readonly recordCount: number
  /** Of its newest batch; 0 without any. */
  readonly lastEpoch: number
}

/**
 * Reads sealed segments, looks at every checksum and compares all that they say with their side files. It can say yes only:
 * what is not as it should be is for `Surveyor` to name, which needs the segment whole in memory, and more time.
 */
export class SideFileCheck {
  readonly #windows = new Windows()
  readonly #view = new RecordView()

  /**
   * Null when the segment is not there, not intact, or not what its side file says.
   * @param epochBefore the highest epoch of the segments before: a batch below it does not belong here
   */
  async check(
    folder: LogFolder,
    entry: ManifestSegment,
    side: SideFile,
    epochBefore: number,
  ): Promise<CheckedSegment | null> {
    const file = await openIfThere(folder.disk, segmentName(entry.baseOffset, entry.generation))
    if (file === null) return null
    try {
      return await this.#check(folder, entry, side, epochBefore, file)
    } finally {
      await file.close()
    }
  }

  async #check(
    folder: LogFolder,
    entry: ManifestSegment,
    side: SideFile,
    epochBefore: number,
    file: DiskFile,
  ): Promise<CheckedSegment | null> {
    const comparison = new Comparison(folder, entry, side, epochBefore, this.#view)
    const digest = new StreamingDigest()
    const isWhole = await this.#windows.read(file, side.segmentSize, (bytes, end, base) => {
      const done = comparison.batches(bytes, end, base)
      if (done > 0) digest.update(bytes.subarray(0, done))
      return done
    })
    return isWhole && side.digest === digest.hex() ? comparison.result() : null
  }
}

/** Compares the batches of one segment with its side file, in order. */
class Comparison {
  readonly #folder: LogFolder
  readonly #side: SideFile
  readonly #view: RecordView
  readonly #endOffset: number
  readonly #sparse = new SparseIndex()
  #nextOffset: number
  #batchCount = 0
  #tombstoneCount = 0
  #recordCount = 0
  #datumCount = 0
  #firstTimestampMs = 0
  #lastTimestampMs = 0
  #lastEpoch: number

  constructor(folder: LogFolder, entry: ManifestSegment, side: SideFile, epochBefore: number, view: RecordView) {
    this.#folder = folder
    this.#side = side
    this.#lastEpoch = epochBefore
    this.#view = view
    this.#nextOffset = entry.baseOffset
    this.#endOffset = side.endOffset
  }

  /**
   * Compares the whole batches in `bytes[0..end)`, which lie at `base` in the segment. Returns where the first one begins that
   * goes beyond `end`; -1 when something is not as it should be.
   */
  batches(bytes: Buffer, end: number, base: number): number {
    const { seed } = this.#folder
    let at = 0
    while (at + BATCH_HEADER_SIZE <= end) {
      const header = readHeader(bytes, at, end, seed)
      if (header === null || header.size < BATCH_HEADER_SIZE) return -1
      if (at + header.size > end) return at
      if (!bodyIsIntact(bytes, at, end, header, seed) || !this.#batch(bytes, at, base, header)) return -1
      at += header.size
    }
    return at
  }

  #batch(bytes: Buffer, start: number, base: number, header: BatchHeader): boolean {
    const { baseOffset, lastOffset, epoch, timestampMs } = header
    if (baseOffset < this.#nextOffset || epoch < this.#lastEpoch) return false
    this.#nextOffset = lastOffset + 1
    this.#lastEpoch = epoch
    this.#lastTimestampMs = timestampMs
    if (this.#batchCount++ === 0) this.#firstTimestampMs = timestampMs
    this.#sparse.add(base + start, baseOffset)
    return this.#records(bytes, start, base, header)
  }

  #records(bytes: Buffer, start: number, base: number, { count, size, baseOffset, lastOffset }: BatchHeader): boolean {
    const view = this.#view
    const { hasher } = this.#folder
    const { words, kinds, count: all } = this.#side.columns
    if (this.#recordCount + count > all) return false
    const stop = start + size
    const lastDelta = lastOffset - baseOffset
    let previous = -1
    let at = start + BATCH_HEADER_SIZE
    for (let left = count, i = this.#recordCount; left > 0; left--, i++) {
      if (!recordFits(bytes, at, stop)) return false
      view.at(bytes, at)
      const { flags, offsetDelta } = view
      if (offsetDelta <= previous || offsetDelta > lastDelta) return false
      previous = offsetDelta
      view.identify(hasher)
      const isSame =
        words[i * 3] === hasher.hi &&
        words[i * 3 + 1] === hasher.lo &&
        words[i * 3 + 2]! >>> 0 === base + at &&
        kinds[i] === (view.kind | (flags << 8))
      if (!isSame) return false
      if ((flags & RECORD_FLAG.datum) !== 0 && !this.#datum(i, view.datum)) return false
      if ((flags & RECORD_FLAG.tombstone) !== 0) this.#tombstoneCount++
      at = view.next
    }
    this.#recordCount += count
    return at === stop
  }

  #datum(record: number, datum: number): boolean {
    const { datumRecords, data } = this.#side.columns
    const i = this.#datumCount++
    return datumRecords[i] === record && data[i] === datum
  }

  /** What there is to say when all batches have been compared. */
  result(): CheckedSegment | null {
    const { columns, sparse, tombstoneCount, firstTimestampMs, lastTimestampMs, lastEpoch } = this.#side
    const isSame =
      this.#nextOffset <= this.#endOffset &&
      this.#recordCount === columns.count &&
      this.#datumCount === columns.datumCount &&
      this.#tombstoneCount === tombstoneCount &&
      sameSparse(this.#sparse, sparse)
    // Compaction leaves times and epochs as wide as they were.
    const isWide =
      this.#batchCount === 0 ||
      (firstTimestampMs <= this.#firstTimestampMs &&
        lastTimestampMs >= this.#lastTimestampMs &&
        lastEpoch >= this.#lastEpoch)
    return isSame && isWide ? this.#counts : null
  }

  get #counts(): CheckedSegment {
    return { batchCount: this.#batchCount, recordCount: this.#recordCount, lastEpoch: this.#lastEpoch }
  }
}
