import { FlinError } from '../errors.js'
import { RECORD_FLAG } from '../format.js'
import { describeSegment, type LogState } from '../log-state.js'
import { segmentName, sideFileName } from '../names.js'
import type { Reader } from '../reader.js'
import { emptyRecord } from '../recovery.js'
import type { RestartColumns } from '../restart-columns.js'
import type { Segment } from '../segment.js'
import type { SegmentFiles } from '../segment-files.js'
import { CompactionCounts } from './counts.js'
import { decide } from './decide.js'
import { Dying } from './dying.js'
import { firstWithin, type Window } from './history.js'
import type { CompactionResult, Durable, Liveness } from './liveness.js'
import { stopped } from './pace.js'
import type { Rewriter } from './rewriter.js'
import type { Rewritten, RewriteTask } from './rewrite.js'
import type { Source } from './scan.js'
import type { Select } from './select.js'
import { TombstoneRule } from './tombstones.js'
import { Turns } from './turns.js'

/** From this share on it is worth counting what is alive: what the models count as dead is right to a few hundredths. */
const NEARLY_DEAD = 0.95

/** From memory, and on the loop's own thread, segments are rewritten whose records are of at least this size on average ... */
const LOOP_RECORD_SIZE_MIN = 1024
/** ... and whose batches are no larger than this: copying one takes some ms. */
const LOOP_BATCH_SIZE_MAX = 4 << 20

/** Moves that are told until it is asked whether others should have their turn: the index is asked about each. */
const MOVES_A_LOOK = 512

/**
 * Rewrites sealed segments without what is dead, run by run, while the log serves. The loop's own thread decides what is
 * dead and switches; reading, copying and writing are the {@link Rewriter}'s.
 *
 * A record is dead only by something later; until that is durable a crash may bring the record back to life. So the switch
 * waits for everything that had been appended when the last decision was made.
 */
export class Compactor {
  readonly #state: LogState
  readonly #files: SegmentFiles
  readonly #reader: Reader
  readonly #rewriter: Rewriter
  readonly #loopRewriter: Rewriter
  readonly #dying = new Dying()
  readonly counts = new CompactionCounts()
  #isStopped = false
  #running: Promise<unknown> | null = null
  readonly #record = emptyRecord()

  /**
   * @param rewriter reads what it rewrites
   * @param loopRewriter takes it from memory, on this thread
   */
  constructor(state: LogState, files: SegmentFiles, reader: Reader, rewriter: Rewriter, loopRewriter: Rewriter) {
    this.#state = state
    this.#files = files
    this.#reader = reader
    this.#rewriter = rewriter
    this.#loopRewriter = loopRewriter
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  setRate(bytesPerSecond: number): void {
    this.#rewriter.setRate(bytesPerSecond)
    this.#loopRewriter.setRate(bytesPerSecond)
  }

  /** Rewrites all segments that are sealed now, the oldest first: so every tombstone in them goes with what it buries. */
  async all(liveness: Liveness, durable: Durable): Promise<CompactionResult> {
    const result = { sizeBefore: 0, sizeAfter: 0, recordsDropped: 0 }
    const window = this.#window(false)
    const end = Math.min(this.#readyEnd(), window.offset)
    await this.#alone(async () => {
      for (let i = 0; ;) {
        const { inOrder } = this.#state.segments
        const segment = inOrder[i]
        if (segment === undefined || segment.baseOffset >= end) break
        const made = await this.#run(inOrder.slice(i, i + this.#countFrom(i, end)), window, liveness, durable)
        result.sizeBefore += made.sizeBefore
        result.sizeAfter += made.sizeAfter
        result.recordsDropped += made.recordsDropped
        if (made.sizeAfter > 0) i++
      }
    })
    return result
  }

  /** Rewrites what is most worth it; null when nothing is. */
  async next(
    liveness: Liveness,
    durable: Durable,
    isPressed: boolean,
    select: Select,
  ): Promise<CompactionResult | null> {
    const { segments, options, space } = this.#state
    const { segmentSize } = options
    const liveSizeMax = options.memorySizeMax > 0 ? Infinity : space.compactionLiveMax
    const window = this.#window(isPressed)
    const waitedFor: number[] = []
    return this.#alone(async () => {
      for (;;) {
        // Segments may have been sealed, and made, since the last look.
        const deadSizes = [...segments.deadSizes]
        for (const number of waitedFor) deadSizes[number] = 0
        const run = select(segments.inOrder, deadSizes, { segmentSize, liveSizeMax, isPressed, window })
        if (run === null) return null
        const chosen = segments.inOrder.slice(run.start, Math.min(run.start + run.count, window.first))
        if (chosen.length === 0) return null
        const { countLive } = liveness
        if (countLive === undefined || !this.#isNearlyDead(chosen, window)) {
          return this.#run(chosen, window, liveness, durable)
        }
        const { gone, dying } = await this.#dying.look(chosen, this.#state.endOffset, countLive)
        if (gone.length > 0) return this.#drop(gone, durable)
        if (dying.length === 0 || isPressed) return this.#run(chosen, window, liveness, durable)
        waitedFor.push(...dying.map(({ number }) => number))
      }
    })
  }

  /** Whether these could go without a look into them, if nothing in them is alive. */
  #isNearlyDead(old: readonly Segment[], window: Window): boolean {
    const { deadSizes } = this.#state.segments
    return (
      window.offset >= window.endOffset &&
      this.#mayVanish(old) &&
      old.every((it) => it.tombstoneCount === 0 && deadSizes[it.number]! >= (it.size - it.headerSize) * NEARLY_DEAD)
    )
  }

  /** Drops segments of which nothing is alive. */
  async #drop(old: readonly Segment[], durable: Durable): Promise<CompactionResult> {
    this.#checkStopped()
    const state = this.#state
    await this.#untilDurable(state.endOffset, durable)
    this.#checkStopped()
    await this.#switch(old, null, false, 0, state.manifest.compactionHorizon)
    for (const segment of old) await this.#retire(segment)
    const sizeBefore = old.reduce((size, segment) => size + segment.size, 0)
    const recordsDropped = old.reduce((count, segment) => count + segment.recordCount, 0)
    this.counts.dropped(old.length, recordsDropped)
    return { sizeBefore, sizeAfter: 0, recordsDropped }
  }

  /** Ends what is under way before its next step, unless it is switching already: it rejects with LOG_CLOSED. */
  async close(): Promise<void> {
    this.#isStopped = true
    this.#rewriter.stop()
    this.#loopRewriter.stop()
    await this.#running?.catch(() => undefined)
    await this.#rewriter.close()
    await this.#loopRewriter.close()
  }

  async #alone<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running !== null) throw new Error('one compaction at a time')
    const running = job()
    this.#running = running
    try {
      return await running
    } catch (error) {
      this.counts.failed(error)
      throw error
    } finally {
      this.#running = null
    }
  }

  /** Where the history window begins. One that is bounded gives way when space is short. */
  #window(isPressed: boolean): Window {
    const { segments, history, endOffset } = this.#state
    const kept = isPressed && history !== 'forever' ? 'none' : history
    const first = firstWithin(kept, segments.inOrder, this.#state.now())
    return { first, offset: segments.inOrder[first]?.baseOffset ?? endOffset, endOffset }
  }

  /** Offset behind the last segment, from the first on, that is sealed and has its side file. */
  #readyEnd(): number {
    const { inOrder } = this.#state.segments
    const stop = inOrder.findIndex((segment) => !segment.sealed || segment.columns !== null || segment.isDamaged)
    return stop === -1 ? (inOrder.at(-1)?.endOffset ?? 0) : inOrder[stop]!.baseOffset
  }

  /** How many segments from the i-th on surely fit into one: at least one. */
  #countFrom(i: number, end: number): number {
    const { segments, options } = this.#state
    const { inOrder, deadSizes } = segments
    let live = 0
    let count = 0
    for (; inOrder[i + count] !== undefined && inOrder[i + count]!.baseOffset < end; count++) {
      const { number, size } = inOrder[i + count]!
      live += Math.max(0, size - deadSizes[number]!)
      if (live > options.segmentSize) break
    }
    return Math.max(1, count)
  }

  #checkStopped(): void {
    const { readOnly, serveDamaged } = this.#state.options
    if (readOnly || serveDamaged) {
      throw new FlinError('LOG_READ_ONLY', 'the log is open for reading only: it is not compacted')
    }
    if (this.#isStopped) throw stopped()
    if (this.#state.poison !== null) throw this.#state.poison
  }

  async #run(old: readonly Segment[], window: Window, liveness: Liveness, durable: Durable): Promise<CompactionResult> {
    this.#checkStopped()
    const state = this.#state
    const { inOrder } = state.segments
    const index = inOrder.indexOf(old[0]!)
    const rule = new TombstoneRule(inOrder.slice(0, index), old[0]!.baseOffset)
    const isHistoryKept = window.offset < window.endOffset
    // What has been superseded within the window is still there.
    const cleanOffset = isHistoryKept ? window.offset : state.endOffset
    let horizon = state.manifest.compactionHorizon
    // By offset: runs before this one may have made fewer segments of many.
    const later = inOrder.slice(index + old.length).filter(({ baseOffset }) => baseOffset < window.offset)
    const history = isHistoryKept ? { later: later.map(this.#sourceOf), supersession: liveness.supersession } : null
    const isFromMemory = history === null && this.#isCheapFromMemory(old)
    const task = { ...this.#taskFor(old, isFromMemory), history }
    let next: Segment | null = null
    let scanned = 0
    const sizeBefore = old.reduce((size, segment) => size + segment.size, 0)
    for (const segment of old) segment.isPinned = isFromMemory
    try {
      const rewriter = isFromMemory ? this.#loopRewriter : this.#rewriter
      const made = await rewriter.rewrite(task, {
        decide: async (i, scan) => {
          scanned = i + 1
          const decided = await decide(scan, old[i]!, liveness, rule, () => this.#isStopped)
          horizon = Math.max(horizon, decided.horizon)
          return decided.keep
        },
        makeRoom: (size) => this.#files.makeRoom(size),
      })
      this.#noteWritten(task, made)
      this.#checkStopped()
      await this.#untilDurable(state.endOffset, durable)
      this.#checkStopped()
      if (!made.isUnchanged && made.size > 0) next = this.#adopt(task, made)
      await this.#switch(old, next, made.isUnchanged, cleanOffset, horizon)
      const sizeRead = isFromMemory ? 0 : sizeBefore
      if (made.isUnchanged) {
        this.counts.looked(sizeRead)
        return { sizeBefore, sizeAfter: sizeBefore, recordsDropped: 0 }
      }
      await this.#leave(old, next, made, liveness)
      this.counts.rewrote(old.length, sizeRead, made)
      return { sizeBefore, sizeAfter: made.size, recordsDropped: made.recordsDropped }
    } catch (error) {
      // Reading stopped at the one behind those that were scanned. It is not tried again.
      if (isCorrupt(error) && scanned < old.length) old[scanned]!.isDamaged = true
      if (state.poison === null && (next === null || !inOrder.includes(next))) await this.#discard(task, next)
      state.space.compactionSize = 0
      throw error
    } finally {
      for (const segment of old) segment.isPinned = false
    }
  }

  /**
   * Whether these are rewritten from memory: then nothing is read, and nothing verified but headers. What is left is a look at
   * each record, and a copy of those that are alive. Records must not be so short that looking at them would be the work, and no
   * batch so large that copying it would hold up the loop.
   */
  #isCheapFromMemory(old: readonly Segment[]): boolean {
    if (this.#state.options.memorySizeMax > 0) return false
    return old.every(
      ({ memory, size, recordCount, sparse }) =>
        memory !== null && recordCount * LOOP_RECORD_SIZE_MIN <= size && sparse.stepMax(size) <= LOOP_BATCH_SIZE_MAX,
    )
  }

  /** What was promised is on the disk now; a thread of its own writes where nobody else measures. */
  #noteWritten({ baseOffset, generation, hasFile }: RewriteTask, { size, sideSize, isUnchanged }: Rewritten): void {
    const { meter, space } = this.#state
    if (meter === null || !hasFile || size === 0 || isUnchanged) return
    meter.note(segmentName(baseOffset, generation), size)
    meter.note(sideFileName(baseOffset, generation), sideSize)
    space.noteSideFile(sideSize, size)
    space.compactionSize = 0
  }

  readonly #sourceOf = ({ name, baseOffset, size, memory }: Segment): Source => ({
    ...{ name, baseOffset, size },
    memory: this.#state.options.memorySizeMax > 0 ? memory : null,
    isTrusted: false,
  })

  readonly #memorySourceOf = ({ name, baseOffset, size, memory }: Segment): Source => ({
    ...{ name, baseOffset, size, memory },
    isTrusted: true,
  })

  /** A later record, which is durable before the switch, keeps the log's time; until there is one, a header of these has to. */
  #mayVanish(old: readonly Segment[]): boolean {
    const { segments, committedOffset } = this.#state
    return segments.inOrder
      .slice(segments.inOrder.indexOf(old.at(-1)!) + 1)
      .some((it) => it.committedPosition > 0 && committedOffset > it.baseOffset)
  }

  #taskFor(old: readonly Segment[], isFromMemory: boolean): Omit<RewriteTask, 'history'> {
    const { options, seed } = this.#state
    const last = old.at(-1)!
    const inMemory = options.memorySizeMax > 0
    return {
      seed,
      sources: old.map(isFromMemory ? this.#memorySourceOf : this.#sourceOf),
      baseOffset: old[0]!.baseOffset,
      generation: old[0]!.generation + 1,
      endOffset: last.endOffset,
      firstTimestampMs: old[0]!.firstTimestampMs,
      lastTimestampMs: last.lastTimestampMs,
      lastEpoch: last.lastEpoch,
      mayVanish: this.#mayVanish(old),
      isResident: old.every(({ memory }) => memory !== null),
      hasFile: !inMemory,
    }
  }

  /** What is appended from now on may not become durable: that is no matter, for nothing was decided by it. */
  async #untilDurable(offset: number, durable: Durable): Promise<void> {
    const state = this.#state
    if (state.durableOffset < offset) await durable(offset)
    if (state.poison !== null) throw state.poison
    if (state.durableOffset < offset) throw new Error(`offset ${offset} was said to be durable, and is not`)
  }

  #adopt(task: RewriteTask, made: Rewritten): Segment {
    const state = this.#state
    const next = state.segments.create(task.baseOffset, task.generation)
    next.sealed = true
    next.size = made.size
    next.committedPosition = made.size
    next.endOffset = task.endOffset
    next.firstTimestampMs = task.firstTimestampMs
    next.lastTimestampMs = task.lastTimestampMs
    next.lastEpoch = task.lastEpoch
    next.recordCount = made.columns.count
    next.sparse = made.sparse
    next.digest = task.hasFile ? made.digest : null
    next.headerSize = made.headerSize
    next.tombstoneCount = made.tombstoneCount
    next.tombstoneSize = made.tombstoneSize
    next.buriesFrom = made.buriesFrom
    next.memory = made.memory
    if (made.memory !== null) state.residentSize += made.memory.length
    return next
  }

  async #switch(
    old: readonly Segment[],
    next: Segment | null,
    isUnchanged: boolean,
    cleanOffset: number,
    horizon: number,
  ): Promise<void> {
    const state = this.#state
    const { segments } = state
    const after = isUnchanged ? old : next === null ? [] : [next]
    try {
      // A manifest that outlives a crash must not name a file that does not.
      if (next !== null) await state.disk.syncFolder()
      await this.#files.switchManifest(
        () => {
          for (const segment of after) segment.cleanOffset = cleanOffset
          const named = state.named
          named.splice(named.indexOf(old[0]!), old.length, ...after)
          return { segments: named.map(describeSegment), compactionHorizon: horizon }
        },
        () => {
          segments.replace(old, after)
        },
      )
    } catch (error) {
      // Which files a crash would leave cannot be known any more, so both generations stay; and the failed sync may have
      // been to make the names of others durable.
      throw state.poisonWith(error, 'switching to rewritten segments')
    }
    if (next !== null && next.memory === null) state.hasCold = true
  }

  /**
   * From now on the old places are history: whoever still stands at one goes on at the new one. Each segment is given up as soon as
   * nobody stands there any more: old and new take the disk together until then.
   */
  async #leave(
    old: readonly Segment[],
    next: Segment | null,
    { columns, oldPositions, counts }: Rewritten,
    liveness: Liveness,
  ): Promise<void> {
    const retired: Promise<void>[] = []
    let first = 0
    for (const [i, segment] of old.entries()) {
      const end = first + (next === null ? 0 : counts[i]!)
      if (next !== null) await this.#tellMoves(segment, next, columns, oldPositions, first, end, liveness)
      first = end
      // A reader that still holds it keeps only itself waiting.
      retired.push(this.#retire(segment))
    }
    await Promise.all(retired)
  }

  /** Tells of the records `[first, end)` of what has become of several, which are those of `old`. */
  async #tellMoves(
    old: Segment,
    next: Segment,
    columns: RestartColumns,
    oldPositions: Uint32Array,
    first: number,
    end: number,
    liveness: Liveness,
  ): Promise<void> {
    const { deadSizes } = this.#state.segments
    const { words, kinds, count, data } = columns
    const record = this.#record
    record.segmentNumber = old.number
    const turns = new Turns()
    let nextDatum = columns.dataBefore(first)
    for (let i = first; i < end; i++) {
      const position = words[i * 3 + 2]! >>> 0
      record.flags = kinds[i]! >>> 8
      record.datum = (record.flags & RECORD_FLAG.datum) === 0 ? 0 : data[nextDatum++]!
      if ((record.flags & RECORD_FLAG.tombstone) === 0) {
        record.kind = kinds[i]! & 0xff
        record.hi = words[i * 3]!
        record.lo = words[i * 3 + 1]!
        record.position = oldPositions[i]!
        record.size = (i + 1 < count ? words[i * 3 + 5]! >>> 0 : next.size) - position
        if (!liveness.moved(record, next.number, position)) deadSizes[next.number]! += record.size
      }
      if (i % MOVES_A_LOOK === MOVES_A_LOOK - 1 && turns.isOver) await turns.give()
    }
  }

  /** Nothing names these files: what cannot be removed now goes when the log is opened next. */
  async #discard({ baseOffset, generation, hasFile }: RewriteTask, next: Segment | null): Promise<void> {
    const { segments, disk } = this.#state
    if (next !== null) {
      if (next.memory !== null) this.#state.residentSize -= next.memory.length
      segments.drop(next)
    }
    if (!hasFile) return
    await disk.remove(segmentName(baseOffset, generation)).catch(() => undefined)
    await disk.remove(sideFileName(baseOffset, generation)).catch(() => undefined)
  }

  /** A file that a reader holds stays until the reader has ended. */
  async #retire(segment: Segment): Promise<void> {
    const { disk, segments } = this.#state
    await segment.untilUnread()
    const { memory } = segment
    // Its number may name another segment one day.
    this.#reader.forget(segment)
    segments.drop(segment)
    if (memory !== null) {
      segment.memory = null
      this.#state.residentSize -= memory.length
      this.#state.memory.give(memory, this.#state.residentSize)
    }
    await segment.file?.close().catch(() => undefined)
    await disk.remove(segment.name).catch(() => undefined)
    await disk.remove(sideFileName(segment.baseOffset, segment.generation)).catch(() => undefined)
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof FlinError && error.code === 'LOG_CORRUPT'
}
