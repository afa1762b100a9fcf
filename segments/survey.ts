import { BATCH_HEADER_SIZE, RECORD_FLAG } from './format.js'
import { StreamingDigest } from './digest.js'
import { type DamagedRange, type LoadedSegment, type LogFolder, segmentSteps } from './log-folder.js'
import { RecordView } from './record.js'
import { RestartColumns, SparseIndex } from './restart-columns.js'
import type { SideFile } from './side-file.js'

/** What a segment's batches say, all checksums looked at: the same that its side file should say. */
export interface SegmentSurvey {
  /** Where the last intact batch ends. */
  size: number
  /** Offset behind the last record; the base offset when there is none. */
  endOffset: number
  batchCount: number
  tombstoneCount: number
  firstTimestampMs: number
  lastTimestampMs: number
  lastEpoch: number
  /** XXH64 of the bytes up to the segment's end, damaged ones among them, 16 hex digits. */
  digest: string
  /** What the side file should hold; overwritten by the next survey of the same surveyor. */
  readonly columns: RestartColumns
  sparse: SparseIndex
  readonly damages: DamagedRange[]
  /** What no damage explains: the writer was wrong. */
  readonly faults: string[]
}

const DIGEST_SLICE_SIZE = 1 << 20

/** Reads segments whole; its columns grow once and serve for all. */
export class Surveyor {
  readonly #columns = new RestartColumns()
  readonly #view = new RecordView()

  /** @param epochBefore the highest epoch of the segments before; 0: not known */
  survey(folder: LogFolder, loaded: LoadedSegment, epochBefore = 0): SegmentSurvey {
    const columns = this.#columns
    columns.clear()
    const survey: SegmentSurvey = {
      size: 0,
      endOffset: loaded.entry.baseOffset,
      batchCount: 0,
      tombstoneCount: 0,
      firstTimestampMs: 0,
      lastTimestampMs: 0,
      lastEpoch: 0,
      digest: '',
      columns,
      sparse: new SparseIndex(),
      damages: [],
      faults: [],
    }
    for (const step of segmentSteps(folder, loaded, epochBefore)) {
      if (step.type === 'damage') {
        survey.damages.push(step.damage)
        continue
      }
      const { header, position } = step
      survey.size = position + header.size
      survey.endOffset = header.lastOffset + 1
      survey.lastEpoch = header.epoch
      survey.lastTimestampMs = header.timestampMs
      if (survey.batchCount++ === 0) survey.firstTimestampMs = header.timestampMs
      survey.sparse.add(position, header.baseOffset)
      this.#addRecords(folder, loaded, position, header.count, header.lastOffset - header.baseOffset, survey)
    }
    const endKnown = loaded.entry.sealed?.endOffset
    if (endKnown !== undefined && survey.endOffset > endKnown) {
      survey.faults.push(`it holds offset ${survey.endOffset - 1}, the manifest ends it at ${endKnown}`)
    }
    survey.digest = digestOf(loaded.bytes, loaded.entry.sealed === null ? survey.size : loaded.end)
    return survey
  }

  #addRecords(
    { hasher }: LogFolder,
    { bytes }: LoadedSegment,
    position: number,
    count: number,
    lastDelta: number,
    survey: SegmentSurvey,
  ): void {
    const view = this.#view
    const { columns } = survey
    let at = position + BATCH_HEADER_SIZE
    let previous = -1
    for (let i = 0; i < count; i++) {
      view.at(bytes, at)
      const { flags, offsetDelta } = view
      if (offsetDelta <= previous || offsetDelta > lastDelta) {
        survey.faults.push(`the record at position ${at} has offset delta ${offsetDelta} out of turn`)
      }
      previous = offsetDelta
      view.identify(hasher)
      columns.add(hasher.hi, hasher.lo, at, view.kind, flags)
      if ((flags & RECORD_FLAG.datum) !== 0) columns.addDatum(view.datum)
      if ((flags & RECORD_FLAG.tombstone) !== 0) survey.tombstoneCount++
      at = view.next
    }
  }
}

function digestOf(bytes: Buffer, end: number): string {
  const digest = new StreamingDigest()
  for (let at = 0; at < end; at += DIGEST_SLICE_SIZE) {
    digest.update(bytes.subarray(at, Math.min(end, at + DIGEST_SLICE_SIZE)))
  }
  return digest.hex()
}

/**
 * What a side file whose checksum holds says that its segment does not; null when they agree. Compaction leaves times and
 * epochs as wide as they were.
 */
export function sideFileFault(side: SideFile, survey: SegmentSurvey): string | null {
  if (side.digest !== survey.digest) return `its digest is ${side.digest}, the segment's is ${survey.digest}`
  if (side.columns.count !== survey.columns.count) {
    return `it counts ${side.columns.count} records, the segment has ${survey.columns.count}`
  }
  if (side.tombstoneCount !== survey.tombstoneCount) {
    return `it counts ${side.tombstoneCount} tombstones, the segment has ${survey.tombstoneCount}`
  }
  if (!sameColumns(side.columns, survey.columns)) return 'what it says of the records is not what the segment says'
  if (!sameSparse(side.sparse, survey.sparse)) return 'its index of batches is not that of the segment'
  const isWide =
    survey.batchCount === 0 ||
    (side.firstTimestampMs <= survey.firstTimestampMs &&
      side.lastTimestampMs >= survey.lastTimestampMs &&
      side.lastEpoch >= survey.lastEpoch)
  return isWide ? null : 'its times or its epoch do not cover the segment'
}

function sameColumns(a: RestartColumns, b: RestartColumns): boolean {
  return (
    a.datumCount === b.datumCount &&
    same(a.words, b.words, a.count * 3) &&
    same(a.kinds, b.kinds, a.count) &&
    same(a.datumRecords, b.datumRecords, a.datumCount) &&
    same(a.data, b.data, a.datumCount)
  )
}

export function sameSparse(a: SparseIndex, b: SparseIndex): boolean {
  return a.count === b.count && same(a.positions, b.positions, a.count) && same(a.offsets, b.offsets, a.count)
}

type Column = Int32Array | Uint16Array | Uint32Array | Float64Array

function same(a: Column, b: Column, count: number): boolean {
  return Buffer.compare(bytesOf(a, count), bytesOf(b, count)) === 0
}

function bytesOf(column: Column, count: number): Buffer {
  return Buffer.from(column.buffer as ArrayBuffer, column.byteOffset, count * column.BYTES_PER_ELEMENT)
}
