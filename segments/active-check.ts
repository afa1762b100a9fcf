import { type BatchHeader, bodyIsIntact, readHeader } from './batch.js'
import { type DiskFile, openIfThere } from './disk.js'
import { ALIGNMENT, BATCH_HEADER_SIZE } from './format.js'
import type { LogFolder } from './log-folder.js'
import { type Manifest, type ManifestSegment, vouchedOffset } from './manifest.js'
import { segmentName } from './names.js'
import { readU32, recordFits, RecordView } from './record.js'
import type { CheckedSegment } from './side-file-check.js'
import { isZero } from './walk.js'
import { Windows } from './windows.js'

/** What is known of an active segment in which nothing is wrong. */
export interface CheckedActive extends CheckedSegment {
  /** Where its last batch ends. */
  readonly size: number
  readonly endOffset: number
}

/**
 * Reads an active segment, which has no side file: every checksum, and that there is nothing but zeroes behind its batches. Like
 * `SideFileCheck` it can say yes only: what is not as it should be, or is being written just now, is for `Surveyor`, which needs
 * the segment whole in memory, and several times as long.
 */
export class ActiveCheck {
  readonly #windows = new Windows()
  readonly #view = new RecordView()

  /**
   * Null when the segment is not there or not intact.
   * @param epochBefore the highest epoch of the segments before: a batch below it does not belong here
   */
  async check(folder: LogFolder, entry: ManifestSegment, epochBefore: number): Promise<CheckedActive | null> {
    const file = await openIfThere(folder.disk, segmentName(entry.baseOffset, entry.generation))
    if (file === null) return null
    try {
      return await this.#check(folder, entry, epochBefore, file)
    } finally {
      await file.close()
    }
  }

  async #check(
    { seed, manifest }: LogFolder,
    entry: ManifestSegment,
    epochBefore: number,
    file: DiskFile,
  ): Promise<CheckedActive | null> {
    const fileSize = await file.size()
    if (fileSize % ALIGNMENT !== 0) return null
    const batches = new Batches(seed, entry.baseOffset, epochBefore, fileSize, this.#view)
    const isWhole = await this.#windows.read(file, fileSize, (bytes, end, base) => batches.take(bytes, end, base))
    return isWhole ? batches.result(manifest) : null
  }
}

/** The batches of one segment, in order, and the zeroes behind them. */
class Batches {
  readonly #seed: number
  readonly #fileSize: number
  readonly #view: RecordView
  #nextOffset: number
  #lastEpoch: number
  #batchCount = 0
  #recordCount = 0
  #size = 0
  #isBehind = false

  constructor(seed: number, baseOffset: number, epochBefore: number, fileSize: number, view: RecordView) {
    this.#seed = seed
    this.#nextOffset = baseOffset
    this.#lastEpoch = epochBefore
    this.#fileSize = fileSize
    this.#view = view
  }

  /** As `Take`. */
  take(bytes: Buffer, end: number, base: number): number {
    let at = 0
    const isEnd = base + end === this.#fileSize
    while (!this.#isBehind && (isEnd ? at < end : at + BATCH_HEADER_SIZE <= end)) {
      // No batch begins with a zero.
      if (readU32(bytes, at) === 0) {
        this.#isBehind = true
        break
      }
      const header = readHeader(bytes, at, end, this.#seed)
      if (header === null || header.size < BATCH_HEADER_SIZE) return -1
      if (at + header.size > end) return isEnd ? -1 : at
      if (!bodyIsIntact(bytes, at, end, header, this.#seed) || !this.#batch(bytes, at, header)) return -1
      at += header.size
      this.#size = base + at
    }
    if (!this.#isBehind) return at
    return isZero(bytes, at, end) ? end : -1
  }

  #batch(bytes: Buffer, start: number, { baseOffset, lastOffset, epoch, count, size }: BatchHeader): boolean {
    if (baseOffset < this.#nextOffset || epoch < this.#lastEpoch) return false
    this.#nextOffset = lastOffset + 1
    this.#lastEpoch = epoch
    this.#batchCount++
    this.#recordCount += count
    const view = this.#view
    const stop = start + size
    const lastDelta = lastOffset - baseOffset
    let previous = -1
    let at = start + BATCH_HEADER_SIZE
    for (let left = count; left > 0; left--) {
      if (!recordFits(bytes, at, stop)) return false
      view.at(bytes, at)
      const { offsetDelta } = view
      if (offsetDelta <= previous || offsetDelta > lastDelta) return false
      previous = offsetDelta
      at = view.next
    }
    return at === stop
  }

  /** What there is to say when the file has been read to its end. */
  result(manifest: Manifest): CheckedActive | null {
    // Zeroes do not damage a batch, but they do not make up for one either.
    if (this.#nextOffset < vouchedOffset(manifest)) return null
    const counts = { batchCount: this.#batchCount, recordCount: this.#recordCount }
    // Without a batch it says nothing of an epoch.
    const lastEpoch = this.#batchCount === 0 ? 0 : this.#lastEpoch
    return { ...counts, lastEpoch, size: this.#size, endOffset: this.#nextOffset }
  }
}
