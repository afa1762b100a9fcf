import { allocate } from '../segment-memory.js'
import { sealBatch, type BatchHeader } from '../batch.js'
import { StreamingDigest } from '../digest.js'
import type { Disk } from '../disk.js'
import { BATCH_HEADER_SIZE, RECORD_FLAG } from '../format.js'
import type { KeyHasher } from '../key-hash.js'
import { blocksOf } from '../metered-disk.js'
import { segmentName, sideFileName } from '../names.js'
import { RecordView } from '../record.js'
import { RestartColumns, SparseIndex } from '../restart-columns.js'
import { encodeSideFile } from '../side-file.js'
import type { Pace } from './pace.js'
import type { Scratch } from './scratch.js'
import { type HistoryTask, keepHistory } from './superseded.js'
import { intactBatches, scanSegment, type SegmentScan, type Source } from './scan.js'

/** What is to be rewritten: neighbours in the log, which become one segment. */
export interface RewriteTask {
  readonly seed: number
  readonly sources: readonly Source[]
  readonly baseOffset: number
  readonly generation: number
  /** What the side file says of the segment besides what comes out of the rewriting. */
  readonly endOffset: number
  readonly firstTimestampMs: number
  readonly lastTimestampMs: number
  readonly lastEpoch: number
  /** Whether nothing may be left of it at all; else a header keeps the log's time. */
  readonly mayVanish: boolean
  /** Whether the bytes are wanted in memory. */
  readonly isResident: boolean
  /** Whether there is a disk to write them to. */
  readonly hasFile: boolean
  /** Null: nothing that is dead stays. */
  readonly history: HistoryTask | null
}

/**
 * Asked before anything is written, with all that will be: bytes of the segment and of its side file.
 * @throws FlinError DISK_FULL when there is no room for so many
 */
export type MakeRoom = (size: number) => Promise<void>

/** Says of each record of source `i` whether it stays: 1, or 0. */
export type Decide = (i: number, scan: SegmentScan) => Promise<Uint8Array>

/** What a rewrite asks whoever wants it. */
export interface Asked {
  readonly decide: Decide
  readonly makeRoom: MakeRoom
}

/** What became of it. */
export interface Rewritten {
  /** Bytes of the new segment; 0: nothing was left, and there is none. */
  readonly size: number
  /** Bytes of its side file; 0 where there is no disk. */
  readonly sideSize: number
  readonly recordsDropped: number
  readonly columns: RestartColumns
  /** Where the records were, in the order of the columns; how many came from each source. */
  readonly oldPositions: Uint32Array
  readonly counts: readonly number[]
  readonly sparse: SparseIndex
  readonly digest: string
  readonly headerSize: number
  readonly tombstoneCount: number
  readonly tombstoneSize: number
  /** The lowest offset that one of its tombstones may bury; Infinity without any. */
  readonly buriesFrom: number
  readonly memory: Buffer | null
  /** One segment of which every record stays: nothing was written, and nothing has to be switched. */
  readonly isUnchanged: boolean
}

const IO_SIZE = 1 << 20

/**
 * Reads neighbours one after the other, asks what stays of each, and writes that as one segment with its side file, both
 * synced. The new names are not: whoever lets a manifest name them syncs the folder first.
 * @throws FlinError LOG_CORRUPT when a source is damaged, LOG_CLOSED when it was stopped; what the disk, or `makeRoom`, says no
 *   to. Files may have been begun then.
 */
export async function rewriteRun(
  disk: Disk,
  hasher: KeyHasher,
  task: RewriteTask,
  ask: Asked,
  pace: Pace,
  scratch: Scratch,
): Promise<Rewritten> {
  try {
    return await rewrite(disk, hasher, task, ask, pace, scratch)
  } finally {
    scratch.trim()
  }
}

async function rewrite(
  disk: Disk,
  hasher: KeyHasher,
  task: RewriteTask,
  { decide, makeRoom }: Asked,
  pace: Pace,
  scratch: Scratch,
): Promise<Rewritten> {
  const out = new Output(task, scratch)
  for (const [i, source] of task.sources.entries()) {
    const bytes = source.memory ?? (await readPaced(disk, source, pace, scratch))
    const scan = await scanSegment(source, bytes, task.seed, hasher, pace)
    const keep = await decide(i, scan)
    if (task.history !== null) {
      const later = [...task.sources.slice(i + 1), ...task.history.later]
      const sources = { disk, hasher, seed: task.seed, pace }
      await keepHistory(scan.columns, keep, later, task.history.supersession, sources)
    }
    const isWhole = !keep.includes(0) && (keep.length > 0 || !task.mayVanish)
    if (task.sources.length === 1 && isWhole) return out.unchanged(scan)
    // The scan has verified these very bytes.
    await out.copy({ ...source, isTrusted: true }, bytes, scan, keep, i === task.sources.length - 1, pace)
  }
  const rewritten = await out.finish(pace)
  if (!task.hasFile || rewritten.size === 0) return rewritten
  const side = sideFileOf(task, rewritten)
  await makeRoom(blocksOf(rewritten.size) + blocksOf(side.length))
  const { baseOffset, generation } = task
  await writePaced(disk, segmentName(baseOffset, generation), out.bytes, rewritten.size, pace)
  await writePaced(disk, sideFileName(baseOffset, generation), side, side.length, pace)
  return { ...rewritten, sideSize: side.length }
}

async function readPaced(disk: Disk, { name, size }: Source, pace: Pace, scratch: Scratch): Promise<Buffer> {
  const bytes = scratch.source(size)
  const file = await disk.open(name, {})
  try {
    for (let at = 0; at < size; at += IO_SIZE) {
      const wanted = Math.min(IO_SIZE, size - at)
      await pace.moved(wanted)
      let got = 0
      while (got < wanted) {
        const part = await file.read(bytes, at + got, wanted - got, at + got)
        if (part === 0) break
        got += part
      }
      // What a file does not have counts as zeroes, as everywhere.
      bytes.fill(0, at + got, at + wanted)
    }
    return bytes
  } finally {
    await file.close()
  }
}

function sideFileOf(task: RewriteTask, made: Rewritten): Buffer {
  const { columns, sparse, digest, tombstoneCount, size } = made
  const { baseOffset, endOffset, generation, seed, firstTimestampMs, lastTimestampMs, lastEpoch } = task
  const range = { baseOffset, endOffset, generation, segmentSize: size, firstTimestampMs, lastTimestampMs, lastEpoch }
  return encodeSideFile({ ...range, tombstoneCount, digest, columns, sparse }, seed)
}

async function writePaced(disk: Disk, name: string, bytes: Buffer, size: number, pace: Pace): Promise<void> {
  const file = await disk.open(name, { write: true, create: true })
  try {
    await file.truncate(0)
    for (let at = 0; at < size; at += IO_SIZE) {
      const part = Math.min(IO_SIZE, size - at)
      await pace.moved(part)
      await file.write(bytes, at, part, at)
      // Synced as it goes: all at once it would hold up the commits that come meanwhile.
      await file.sync()
    }
  } finally {
    await file.close()
  }
}

/** The new segment while it is put together. */
class Output {
  readonly #task: RewriteTask
  readonly #scratch: Scratch
  bytes: Buffer
  #size = 0
  #headerSize = 0
  #dropped = 0
  #tombstoneCount = 0
  #tombstoneSize = 0
  #buriesFrom = Infinity
  readonly #columns = new RestartColumns()
  #oldPositions = new Uint32Array(1024)
  readonly #counts: number[] = []
  readonly #sparse = new SparseIndex()
  readonly #view = new RecordView()

  constructor(task: RewriteTask, scratch: Scratch) {
    this.#task = task
    this.#scratch = scratch
    this.bytes = scratch.output(Math.min(IO_SIZE, task.sources[0]!.size), 0)
  }

  async copy(
    source: Source,
    bytes: Buffer,
    { columns }: SegmentScan,
    keep: Uint8Array,
    isLastSource: boolean,
    pace: Pace,
  ): Promise<void> {
    const before = this.#columns.count
    let record = 0
    for (const { position, header } of intactBatches(source, bytes, this.#task.seed)) {
      const isLast = isLastSource && position + header.size === source.size
      this.#copyBatch(bytes, position, header, columns, keep, record, isLast)
      record += header.count
      await pace.worked(header.size)
    }
    this.#counts.push(this.#columns.count - before)
  }

  /** Copies a batch with what stays of it, under its own offsets; without anything, none, but for the last header of all. */
  #copyBatch(
    bytes: Buffer,
    start: number,
    header: BatchHeader,
    columns: RestartColumns,
    keep: Uint8Array,
    first: number,
    isLast: boolean,
  ): void {
    this.#reserve(header.size)
    const view = this.#view
    const out = this.bytes
    let to = this.#size + BATCH_HEADER_SIZE
    let count = 0
    let at = start + BATCH_HEADER_SIZE
    for (let i = first; i < first + header.count; i++, at = view.next) {
      view.at(bytes, at)
      if (keep[i] === 0) {
        this.#dropped++
        continue
      }
      bytes.copy(out, to, at, view.next)
      this.#note(columns.words[i * 3]!, columns.words[i * 3 + 1]!, at, to)
      to += view.next - at
      count++
    }
    if (count === 0 && !isLast) return
    sealBatch(out, this.#size, { ...header, size: to - this.#size, count }, this.#task.seed)
    this.#sparse.add(this.#size, header.baseOffset)
    this.#size = to
    this.#headerSize += BATCH_HEADER_SIZE
  }

  #note(hi: number, lo: number, oldPosition: number, position: number): void {
    const view = this.#view
    const columns = this.#columns
    if (columns.count === this.#oldPositions.length) {
      const larger = new Uint32Array(columns.count * 2)
      larger.set(this.#oldPositions)
      this.#oldPositions = larger
    }
    this.#oldPositions[columns.count] = oldPosition
    columns.add(hi, lo, position, view.kind, view.flags)
    if ((view.flags & RECORD_FLAG.datum) !== 0) columns.addDatum(view.datum)
    if (!view.isTombstone) return
    this.#tombstoneCount++
    this.#tombstoneSize += view.next - view.start
    this.#buriesFrom = Math.min(this.#buriesFrom, view.buriesFrom)
  }

  #reserve(size: number): void {
    this.bytes = this.#scratch.output(this.#size + size, this.#size)
  }

  async finish(pace: Pace): Promise<Rewritten> {
    const { mayVanish, isResident, hasFile } = this.#task
    // Without a record there is but the header that keeps the log's time, unless what follows keeps it.
    if (mayVanish && this.#columns.count === 0) this.#size = 0
    const digest = new StreamingDigest()
    const memory = (isResident || !hasFile) && this.#size > 0 ? allocate(this.#size) : null
    for (let at = 0; at < this.#size; at += IO_SIZE) {
      const end = Math.min(this.#size, at + IO_SIZE)
      if (hasFile) digest.update(this.bytes.subarray(at, end))
      if (memory !== null) this.bytes.copy(memory, at, at, end)
      await pace.worked(end - at)
    }
    return { ...this.#facts(), digest: digest.hex(), memory, isUnchanged: false }
  }

  unchanged({ columns }: SegmentScan): Rewritten {
    return { ...this.#facts(), columns, digest: '', memory: null, isUnchanged: true }
  }

  #facts() {
    return {
      size: this.#size,
      sideSize: 0,
      recordsDropped: this.#dropped,
      columns: this.#columns,
      oldPositions: this.#oldPositions.subarray(0, this.#columns.count),
      counts: this.#counts,
      sparse: this.#sparse,
      headerSize: this.#headerSize,
      tombstoneCount: this.#tombstoneCount,
      tombstoneSize: this.#tombstoneSize,
      buriesFrom: this.#buriesFrom,
    }
  }
}
