import { allocate } from './appender.js'
import { type BatchHeader, sealBatch } from './batch.js'
import { digestInSlices } from './digest.js'
import { type Disk, readFully, writeWhole } from './disk.js'
import { FlinError } from './errors.js'
import { BATCH_HEADER_SIZE, RECORD_FLAG } from './format.js'
import { describeSegment, type LogState } from './log-state.js'
import { sideFileName } from './names.js'
import type { Reader } from './reader.js'
import { RecordView } from './record.js'
import type { ReplayedRecord } from './recovery.js'
import { RestartColumns } from './restart-columns.js'
import type { Segment } from './segment.js'
import { sideFacts, type SegmentFiles } from './segment-files.js'
import { encodeSideFile } from './side-file.js'
import { walkSegment } from './walk.js'

/** What compaction asks the models, and tells them. */
export interface Liveness {
  /** Whether the state is made of this record. Never asked of tombstones. */
  isLive: (record: ReplayedRecord) => boolean
  /** The record lies at another place now: follow it, if it is still the newest of its entity. */
  moved: (record: ReplayedRecord, segmentNumber: number, position: number) => void
}

export interface CompactionResult {
  readonly sizeBefore: number
  readonly sizeAfter: number
  readonly recordsDropped: number
}

/** A sealed segment's next generation, and where its records were. */
interface Rewritten {
  readonly old: Segment
  readonly next: Segment
  readonly columns: RestartColumns
  readonly oldPositions: number[]
}

/**
 * Rewrites all sealed segments without what is dead, in one switch. Slow and simple: it reads everything, and works on the
 * loop's own thread. Because nothing older than the sealed segments exists, every tombstone in them can go with what it
 * buries.
 *
 * A record is dead only by something later; until that is durable a crash may bring the record back to life. So the switch
 * waits for everything that had been written when the last decision was made.
 */
export class Compaction {
  readonly #state: LogState
  readonly #files: SegmentFiles
  readonly #reader: Reader
  readonly #liveness: Liveness
  readonly #durable: () => Promise<void>
  /** The next generation, as far as it has been begun. */
  readonly #made: Segment[] = []
  #isStopped = false
  #dropped = 0
  #horizon: number
  readonly #record: ReplayedRecord = { kind: 0, flags: 0, hi: 0, lo: 0, segmentNumber: 0, position: 0, datum: 0 }

  /** @param durable Resolves when all that has been appended is durable. */
  constructor(state: LogState, files: SegmentFiles, reader: Reader, liveness: Liveness, durable: () => Promise<void>) {
    this.#state = state
    this.#files = files
    this.#reader = reader
    this.#liveness = liveness
    this.#durable = durable
    this.#horizon = state.manifest.compactionHorizon
  }

  /** Ends it before its next step, unless it is switching already: {@link run} rejects with LOG_CLOSED. */
  stop(): void {
    this.#isStopped = true
  }

  /** @throws whatever kept it from its switch: then the log is as it was, and what had been written is removed. */
  async run(): Promise<CompactionResult> {
    const old = readyPrefix(this.#state.segments.inOrder)
    const sizeBefore = sum(old)
    if (old.length === 0) return { sizeBefore, sizeAfter: sizeBefore, recordsDropped: 0 }
    const rewritten: Rewritten[] = []
    try {
      for (const segment of old) {
        this.#checkStopped()
        rewritten.push(await this.#rewrite(segment))
      }
      await this.#durable()
      this.#checkStopped()
    } catch (error) {
      await this.#discard()
      throw error
    }
    const next = rewritten.map((it) => it.next)
    await this.#switch(old, next)
    for (const it of rewritten) this.#tellMoves(it)
    for (const segment of old) await this.#retire(segment)
    return { sizeBefore, sizeAfter: sum(next), recordsDropped: this.#dropped }
  }

  #checkStopped(): void {
    if (this.#isStopped) throw new FlinError('LOG_CLOSED', 'the log was closed while it was being compacted')
  }

  /** Nothing names these files: what cannot be removed now goes when the log is opened next. */
  async #discard(): Promise<void> {
    const { disk, segments } = this.#state
    for (const segment of this.#made) {
      segments.drop(segment)
      await removeFiles(disk, segment)
    }
  }

  async #switch(old: readonly Segment[], next: readonly Segment[]): Promise<void> {
    const state = this.#state
    try {
      await state.disk.syncFolder()
      await this.#files.switchManifest(() => {
        const segments = state.named
        segments.splice(segments.indexOf(old[0]!), old.length, ...next)
        return { segments: segments.map(describeSegment), compactionHorizon: this.#horizon }
      })
    } catch (error) {
      // Which files a crash would leave cannot be known any more, so both generations stay; and the failed sync may have
      // been to make the names of others durable.
      throw state.poisonWith(error, 'switching to rewritten segments')
    }
    state.segments.replace(old, next)
    if (state.options.memorySizeMax === 0) state.hasCold = true
  }

  async #rewrite(old: Segment): Promise<Rewritten> {
    const state = this.#state
    const bytes = await this.#read(old)
    const next = state.segments.create(old.baseOffset, old.generation + 1)
    this.#made.push(next)
    const columns = new RestartColumns()
    const oldPositions: number[] = []
    const out = allocate(old.size)
    let size = 0
    for (const step of walkSegment(bytes, 0, old.size, state.seed, old.baseOffset)) {
      if (step.type === 'damage') {
        const { position } = step.damage
        throw new FlinError('LOG_CORRUPT', `segment ${old.name} is damaged at position ${position}`)
      }
      const taken = this.#copyLive(bytes, step.position, step.header, old, out, size, columns, oldPositions)
      if (taken === 0) continue
      next.sparse.add(size, step.header.baseOffset)
      size += taken
    }
    next.sealed = true
    next.size = size
    next.committedPosition = size
    next.endOffset = old.endOffset
    next.firstTimestampMs = old.firstTimestampMs
    next.lastTimestampMs = old.lastTimestampMs
    next.lastEpoch = old.lastEpoch
    next.digest = await digestInSlices(out, size)
    if (state.options.memorySizeMax > 0) {
      next.memory = allocate(size)
      out.copy(next.memory, 0, 0, size)
      state.residentSize += next.memory.length
      return { old, next, columns, oldPositions }
    }
    await writeWhole(state.disk, next.name, out.subarray(0, size))
    const side = encodeSideFile({ ...sideFacts(next), digest: next.digest, columns }, state.seed)
    await writeWhole(state.disk, sideFileName(next.baseOffset, next.generation), side)
    return { old, next, columns, oldPositions }
  }

  async #read(segment: Segment): Promise<Buffer> {
    if (segment.memory !== null) return segment.memory
    segment.readers++
    try {
      const file = await segment.openForReading(this.#state.disk)
      const bytes = allocate(segment.size)
      bytes.fill(0, await readFully(file, bytes, 0, segment.size, 0))
      return bytes
    } finally {
      segment.readers--
    }
  }

  /**
   * Copies a batch with its live records only, under its own offsets; returns the bytes it takes, 0 when none is left. Of
   * the last batch of a segment the header stays in any case: the log's time must not go back behind it.
   */
  #copyLive(
    bytes: Buffer,
    start: number,
    header: BatchHeader,
    old: Segment,
    out: Buffer,
    outStart: number,
    columns: RestartColumns,
    oldPositions: number[],
  ): number {
    const view = new RecordView()
    let at = start + BATCH_HEADER_SIZE
    let to = outStart + BATCH_HEADER_SIZE
    let count = 0
    for (let i = 0; i < header.count; i++, at = view.next) {
      view.at(bytes, at)
      if (!this.#isLive(view, old, header)) {
        this.#dropped++
        continue
      }
      bytes.copy(out, to, at, view.next)
      const { hi, lo } = this.#record
      columns.add(hi, lo, to, view.kind, view.flags)
      if ((view.flags & RECORD_FLAG.datum) !== 0) columns.addDatum(view.datum)
      oldPositions.push(at)
      to += view.next - at
      count++
    }
    if (count === 0 && start + header.size < old.size) return 0
    sealBatch(out, outStart, { ...header, size: to - outStart, count }, this.#state.seed)
    return to - outStart
  }

  #isLive(view: RecordView, old: Segment, header: BatchHeader): boolean {
    const record = this.#record
    const { hasher } = this.#state
    hasher.hash(view.bytes, view.keyStart, view.keyEnd)
    record.kind = view.kind
    record.flags = view.flags
    record.hi = hasher.hi
    record.lo = hasher.lo
    record.segmentNumber = old.number
    record.position = view.start
    record.datum = view.datum
    if (!view.isTombstone) return this.#liveness.isLive(record)
    this.#horizon = Math.max(this.#horizon, header.baseOffset + view.offsetDelta)
    return false
  }

  #tellMoves({ old, next, columns, oldPositions }: Rewritten): void {
    const record = this.#record
    record.segmentNumber = old.number
    for (let i = 0; i < columns.count; i++) {
      record.kind = columns.kinds[i]! & 0xff
      record.flags = columns.kinds[i]! >>> 8
      record.hi = columns.words[i * 3]!
      record.lo = columns.words[i * 3 + 1]!
      record.position = oldPositions[i]!
      this.#liveness.moved(record, next.number, columns.words[i * 3 + 2]! >>> 0)
    }
  }

  /** A file that a reader holds stays until the reader has ended. */
  async #retire(segment: Segment): Promise<void> {
    const { disk, segments } = this.#state
    while (segment.readers > 0) await new Promise(setImmediate)
    if (segment.memory !== null) this.#state.residentSize -= segment.memory.length
    // Its number may name another segment one day.
    this.#reader.forget(segment)
    segments.drop(segment)
    await segment.file?.close().catch(() => undefined)
    await removeFiles(disk, segment)
  }
}

async function removeFiles(disk: Disk, segment: Segment): Promise<void> {
  await disk.remove(segment.name).catch(() => undefined)
  await disk.remove(sideFileName(segment.baseOffset, segment.generation)).catch(() => undefined)
}

/** The sealed segments from the first on, up to one whose side file is still being written: nothing older is left out. */
function readyPrefix(inOrder: readonly Segment[]): Segment[] {
  const stop = inOrder.findIndex((segment) => !segment.sealed || segment.columns !== null)
  return inOrder.slice(0, stop === -1 ? inOrder.length : stop)
}

function sum(segments: readonly Segment[]): number {
  return segments.reduce((size, segment) => size + segment.size, 0)
}
