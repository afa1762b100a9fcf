import { Appender } from './appender.js'
import { BackgroundCheck } from './background-check.js'
import { Compactor } from './compaction/compactor.js'
import type { CompactionCounts } from './compaction/counts.js'
import type { History } from './compaction/history.js'
import type { CompactionResult, Durable, Liveness } from './compaction/liveness.js'
import type { Rewriter } from './compaction/rewriter.js'
import { selectRun, type Select } from './compaction/select.js'
import { LogCursor } from './cursor.js'
import { FolderLock } from './lock.js'
import type { Disk } from './disk.js'
import { beginEpoch } from './epoch.js'
import { diskFailure, FlinError } from './errors.js'
import { evict, noteCold } from './eviction.js'
import { Flusher } from './flusher.js'
import type { KeyHasher } from './key-hash.js'
import { type AppendedRecord, appendRecords, type LogRecord, type NewRecord, recordAt } from './log-record.js'
import type { LogState } from './log-state.js'
import type { Manifest } from './manifest.js'
import { beginFirstSegment } from './new-log.js'
import { NodeDisk } from './node-disk.js'
import { NullDisk } from './null-disk.js'
import { openState } from './opening.js'
import { checkDiskSizeMax, completeOptions, type FsyncPolicy, type LogOptions } from './options.js'
import { type LoadedRecords, type Location, type Place, placeKey, Reader } from './reader.js'
import { clearOrphans, Recovery, type Replay } from './recovery.js'
import type { Segment } from './segment.js'
import { SegmentFiles } from './segment-files.js'
import type { Damage } from './walk.js'

/**
 * The commit log: appends records in memory, commits them in groups, finds them again by place, and rebuilds itself from its
 * files. One process owns a folder.
 *
 *   const log = await Log.open('./data')            // takes the folder
 *   await log.replay(apply)                         // hands over every record, in order; then the log takes writes
 *   log.append({ kind, key, value })                // in memory, in order
 *   await log.flush()                               // now it may be told
 *   await log.close()
 *
 * README.md beside this file explains it with a program that runs.
 */
export class Log {
  readonly #state: LogState
  readonly #lock: FolderLock | null
  readonly #files: SegmentFiles
  readonly #reader: Reader
  #check: BackgroundCheck | null = null
  readonly #compactor: Compactor
  #appender!: Appender
  #flusher!: Flusher
  /** Whether the log takes writes: a replay that failed has left nothing to commit, and nobody to do it. */
  #isWritable = false
  /** Called when a segment has been sealed: there may be something to compact. */
  onSealed: () => void = () => undefined
  #damages: readonly { segment: string; damage: Damage }[] = []

  private constructor(state: LogState, lock: FolderLock | null, rewriter: Rewriter, loopRewriter: Rewriter) {
    this.#state = state
    this.#lock = lock
    this.#files = new SegmentFiles(state)
    this.#files.onSideFile = () => {
      evict(state, this.#reader)
    }
    this.#reader = new Reader(state)
    this.#compactor = new Compactor(state, this.#files, this.#reader, rewriter, loopRewriter)
  }

  /**
   * Takes a folder for this process, making it if it is missing. Nothing of the log but its manifest has been read then:
   * {@link replay} comes next. With `readOnly` nothing is taken or made; with `memorySizeMax` the folder plays no part.
   * @param options what is left out is as in {@link DEFAULT_LOG_OPTIONS}
   * @throws FlinError FOLDER_LOCKED, LOG_CORRUPT (the manifest), FORMAT_UNKNOWN, BAD_SETTING, DISK_FULL, DISK_FAILED
   */
  static async open(folder: string, options: Partial<LogOptions> = {}): Promise<Log> {
    const { memorySizeMax, readOnly } = completeOptions(options)
    if (memorySizeMax > 0) return Log.openOn(new NullDisk(), options)
    let lock: FolderLock | null = null
    try {
      lock = readOnly ? null : await FolderLock.take(folder)
      return await Log.#open(new NodeDisk(folder), options, lock)
    } catch (error) {
      await lock?.release()
      throw diskFailure(error, `opening the log in ${folder}`)
    }
  }

  /**
   * Opens a log on a disk that somebody else watches over: it takes no lock of its own.
   * @throws FlinError as {@link Log.open} does, but FOLDER_LOCKED
   */
  static async openOn(disk: Disk, options: Partial<LogOptions> = {}): Promise<Log> {
    try {
      return await Log.#open(disk, options, null)
    } catch (error) {
      throw diskFailure(error, 'opening the log')
    }
  }

  static async #open(disk: Disk, options: Partial<LogOptions>, lock: FolderLock | null): Promise<Log> {
    const { state, rewriter, loopRewriter } = await openState(disk, options)
    return new Log(state, lock, rewriter, loopRewriter)
  }

  /**
   * Hands every record to `apply`, in order, and makes the log ready for writing under a new epoch: once, before anything
   * else. A torn tail is set aside and cut on the way. What is handed over is durable when this resolves.
   * @throws FlinError LOG_CORRUPT naming the offsets that are lost, unless damaged logs are to be served; DISK_FULL,
   *   DISK_FAILED; and what `apply` throws. The log can then only be closed.
   */
  async replay(apply: Replay): Promise<void> {
    try {
      await this.#replay(apply)
    } catch (error) {
      throw diskFailure(error, 'reading the log')
    }
  }

  async #replay(apply: Replay): Promise<void> {
    const state = this.#state
    const { readOnly, serveDamaged } = state.options
    const isReader = readOnly || serveDamaged
    if (!isReader) await clearOrphans(state)
    const recovery = new Recovery(state, apply)
    await recovery.run()
    this.#damages = recovery.damages
    state.committedOffset = state.endOffset
    state.durableOffset = state.endOffset
    const epochs = state.manifest.epochs
    state.epoch = Math.max(state.epoch, epochs.at(-1)?.[0] ?? 0) + 1
    const { inOrder } = state.segments
    if (inOrder.length === 0) await beginFirstSegment(state, isReader ? null : this.#files)
    noteCold(state)
    const active = inOrder.at(-1)!
    if (!isReader) await recovery.secure(active)
    this.#appender = new Appender(state, active)
    this.#flusher = new Flusher(state, this.#appender, this.#files)
    this.#flusher.onSealed = () => {
      evict(state, this.#reader)
      this.onSealed()
    }
    if (isReader) return
    await beginEpoch(state, this.#files, () => {
      this.#isWritable = true
      this.#files.prepareSpare()
    })
  }

  get id(): string {
    return this.#state.logId
  }

  get epoch(): number {
    return this.#state.epoch
  }

  /** First offset that can still be read. */
  get startOffset(): number {
    return this.#state.segments.inOrder[0]?.baseOffset ?? 0
  }

  /** Next offset to be written. */
  get endOffset(): number {
    return this.#state.endOffset
  }

  /** Everything below may be told. */
  get committedOffset(): number {
    return this.#state.committedOffset
  }

  /** Up to here goes the commit under way, or the last one: whatever is appended behind it commits together. */
  get flushingOffset(): number {
    return this.#state.flushingOffset
  }

  /** Everything below has been synced. */
  get durableOffset(): number {
    return this.#state.durableOffset
  }

  /** Bytes appended and not yet committed. */
  get undurableSize(): number {
    return this.#state.undurableSize
  }

  /** Whether the disk is so far behind that writers should wait for a commit: see {@link LogOptions.undurableSizeMax}. */
  get isBehind(): boolean {
    return this.#state.undurableSize > this.#state.options.undurableSizeMax
  }

  /** The failure that ended all acknowledging, if there was one. */
  get poison(): FlinError | null {
    return this.#state.poison
  }

  /** Whether some records can only be read from disk. */
  get hasCold(): boolean {
    return this.#state.hasCold
  }

  get hasher(): KeyHasher {
    return this.#state.hasher
  }

  get segments(): readonly Segment[] {
    return this.#state.segments.inOrder
  }

  get manifest(): Manifest {
    return this.#state.manifest
  }

  /** What recovery found damaged and was told to serve around. */
  get damages(): readonly { segment: string; damage: Damage }[] {
    return this.#damages
  }

  /** How many damages are known of: those, and what the check in the background has found since. */
  get damageCount(): number {
    return this.#damages.length + (this.#check?.damageCount ?? 0)
  }

  get isDiskFull(): boolean {
    return this.#state.diskFull
  }

  /** Bytes that the log's files take on the disk; 0 for one in memory. */
  get diskUsedSize(): number {
    return this.#state.space.usedSize
  }

  /** Bytes that they may take at most; 0: no bound. */
  get diskSizeMax(): number {
    return this.#state.space.sizeMax
  }

  /**
   * Takes effect at once: what is above a lower bound is refused, and given back by compaction as far as it is dead.
   * @throws FlinError BAD_SETTING when it is less than {@link DISK_SEGMENTS_MIN} segments
   */
  set diskSizeMax(size: number) {
    checkDiskSizeMax(size, this.#state.options.segmentSize)
    this.#state.space.sizeMax = size
  }

  /** How long superseded records stay in the log; what has gone does not come back. */
  get history(): History {
    return this.#state.history
  }

  set history(history: History) {
    this.#state.history = history
  }

  /** Whether so little of the disk, or of the bound, is left that compaction should hurry. */
  get isShortOfSpace(): boolean {
    return this.#state.space.isShort
  }

  /** Bytes of memory held by segments and cold stretches. */
  get cacheUsedSize(): number {
    return this.#state.residentSize + this.#reader.cachedSize
  }

  /** Bytes of all segments' contents. */
  get size(): number {
    return this.#state.segments.size
  }

  /** Bytes of a segment, unless a single batch is larger. */
  get segmentSize(): number {
    return this.#state.options.segmentSize
  }

  get fsync(): FsyncPolicy {
    return this.#flusher.fsync
  }

  set fsync(policy: FsyncPolicy) {
    this.#flusher.setFsync(policy)
  }

  /** Time in ms, never behind what the log has seen. */
  now(): number {
    return this.#state.now()
  }

  /** The part that appends: its methods are on the hot path and are called directly. */
  get appender(): Appender {
    return this.#appender
  }

  /** The part that finds records: its methods are on the hot path and are called directly. */
  get reader(): Reader {
    return this.#reader
  }

  /** Base offset of a segment, by number. */
  baseOffsetOf(segmentNumber: number): number {
    return this.#state.segments.get(segmentNumber).baseOffset
  }

  /** The offset up to which the log must be committed before a record at this place may be told; 0 when it may be now. */
  gate(segmentNumber: number, position: number): number {
    const segment = this.#state.segments.byNumber[segmentNumber]!
    if (position < segment.committedPosition) return 0
    return position < segment.inFlightPosition ? segment.inFlightOffset : this.#state.endOffset
  }

  /** Offset and commit time of a record; null when it has to be loaded first. */
  locate(segmentNumber: number, position: number): Location | null {
    const segment = this.#state.segments.get(segmentNumber)
    // Only the segment that is appended to has records behind its last closed batch.
    if (!segment.sealed && position >= segment.size) return this.#appender.locateOpen(position)
    return this.#reader.locate(segmentNumber, position)
  }

  /**
   * Loads committed records from disk, or from the cache of what was loaded before, all at once; look them up by
   * {@link placeKey}. Places that compaction has emptied meanwhile are left out.
   * @throws FlinError LOG_CORRUPT naming the offsets when what lies there is not what was written, DISK_FAILED, LOG_CLOSED
   */
  load(places: Iterable<Place>, records?: LoadedRecords): Promise<LoadedRecords> {
    return this.#reader.load(places, records)
  }

  /**
   * Appends records that stay together: they lie in one batch, so a crash leaves all of them or none. They are in memory
   * only until {@link flush} has resolved: until then they must be told to nobody. Returns where they lie, in order.
   *
   * For callers on a hot path there is {@link appender}, which takes positions in buffers instead of objects.
   * @throws FlinError LOG_POISONED, LOG_CLOSED, LOG_READ_ONLY, DISK_FULL, MEMORY_FULL: the log takes no writes now;
   *   RECORD_TOO_LARGE, KEY_TOO_LARGE: it never takes these. RangeError when a number does not fit its field. Nothing has
   *   been appended then.
   */
  append(...records: NewRecord[]): AppendedRecord[] {
    if (!this.#isWritable) {
      throw new FlinError('LOG_READ_ONLY', 'the log takes no writes: it is open for reading only, or not replayed yet')
    }
    return appendRecords(this.#appender, this.#state.hasher, records)
  }

  /**
   * Reads one record, from memory or from disk, also one that is not committed yet: compare its offset with
   * {@link committedOffset} before telling it to anybody.
   * @throws FlinError as {@link load} does; RangeError when no record lies there any more: compaction has moved it
   */
  async read({ segmentNumber, position }: Place): Promise<LogRecord> {
    const isThere = this.#state.segments.byNumber[segmentNumber] !== undefined
    if (isThere && this.#reader.seek(segmentNumber, position)) {
      const { bytes, start } = this.#reader
      return recordAt(bytes, start, this.locate(segmentNumber, position)!)
    }
    const loaded = (await this.load([{ segmentNumber, position }])).get(placeKey(segmentNumber, position))
    if (loaded === undefined) throw new RangeError(`no record lies at position ${position} of segment ${segmentNumber}`)
    return recordAt(loaded.bytes, 0, loaded)
  }

  /** Reads committed records, from an offset on. */
  cursor(offset: number): LogCursor {
    return new LogCursor(this.#state, this.#reader, offset)
  }

  /** Whether {@link flush} would write anything. */
  get isPending(): boolean {
    return this.#flusher.isPending
  }

  /**
   * Commits all that had been appended when it was called: when it resolves, those records may be told, under the fsync
   * policy's meaning of that. One commit at a time is under way: what is appended meanwhile, and whoever calls meanwhile, is
   * served by the next one.
   * @throws FlinError LOG_POISONED: the log has ended; so should the process. What was not committed may or may not be found
   *   by the next start.
   */
  flush(): Promise<void> {
    return this.#flusher.flush()
  }

  /**
   * Syncs what has been committed. The log has no timer: under `everysec` the owner calls this every second. Does nothing
   * when all is durable, as it always is under `always`.
   * @throws FlinError LOG_POISONED
   */
  sync(): Promise<void> {
    return this.#flusher.sync()
  }

  /**
   * When idle: notes in the log how far it is durable, so that a later start can tell damage there from a write that a
   * crash interrupted. Does nothing when something is pending or nothing is new. Not while a flush is under way.
   * @throws FlinError LOG_POISONED
   */
  vouch(): Promise<void> {
    return this.#flusher.vouch()
  }

  /**
   * Checks, beside everything else, the segments that a start took on the word of their side files. Returns how many. Of one
   * that is damaged the side file is set aside, so that the next start reads the segment and refuses at once.
   * @param onDamage told of each segment that is not what its side file says, with LOG_CORRUPT that names the offsets, or of
   *   one that cannot be read, with DISK_FAILED
   */
  startCheck(onDamage: (error: FlinError) => void): number {
    this.#check = new BackgroundCheck(this.#state, onDamage)
    return this.#check.start()
  }

  /**
   * Rewrites all sealed segments without what is dead, the oldest first, some at a time. Not while another compaction runs. A
   * failure, a full disk say, leaves the log as it was but for what had been switched before.
   * @param durable Resolves when everything below an offset is durable.
   * @throws FlinError LOG_CORRUPT when a segment is damaged: it stays as it is; LOG_CLOSED when the log was closed meanwhile;
   *   LOG_POISONED when a switch itself failed.
   */
  compact(liveness: Liveness, durable: Durable): Promise<CompactionResult> {
    return this.#compactor.all(liveness, durable)
  }

  /**
   * As {@link compact}, but only what is most worth its cost now, one switch; null when nothing is.
   * @param isPressed space is short: little is worth much
   * @param select what chooses; for tests, which want other runs than the best
   */
  compactNext(
    liveness: Liveness,
    durable: Durable,
    isPressed = false,
    select: Select = selectRun,
  ): Promise<CompactionResult | null> {
    return this.#compactor.next(liveness, durable, isPressed, select)
  }

  get isCompacting(): boolean {
    return this.#compactor.isRunning
  }

  /** What compaction has done since the log was opened. */
  get compactionCounts(): Readonly<CompactionCounts> {
    return this.#compactor.counts
  }

  /** Bytes a second that compaction may read and write on disk; 0: no bound. Takes effect at once. */
  setCompactionRate(bytesPerSecond: number): void {
    this.#compactor.setRate(bytesPerSecond)
  }

  /**
   * By segment number: bytes of records of which the state is not made any more. Whoever applies records counts there what
   * they supersede: compaction chooses by it, but decides by {@link Liveness} alone.
   */
  get deadSizes(): number[] {
    return this.#state.segments.deadSizes
  }

  /** Everything before this place is dead. */
  noteAllDead(segmentNumber: number, position: number): void {
    this.#state.segments.noteAllDead(segmentNumber, position)
  }

  /** Bytes in segments that compaction would give back, as far as is known. */
  get deadSize(): number {
    return this.#state.segments.deadSize
  }

  /** Bytes that have been committed since the log was opened. */
  get committedSize(): number {
    return this.#state.committedSize
  }

  /** What waits for space on the disk is given up from now on. */
  beginClose(): void {
    this.#state.isEnding = true
  }

  /**
   * Commits, syncs, vouches and gives the folder up; a second call does nothing. A flush that is under way is waited for.
   * @throws FlinError LOG_POISONED when what was pending could not be written. The folder is given up in any case.
   */
  async close(): Promise<void> {
    const state = this.#state
    if (state.isClosing) return
    state.isClosing = true
    await this.#check?.stop()
    await this.#compactor.close()
    try {
      if (this.#isWritable && state.poison === null) {
        await this.#flusher.flush()
        await this.#flusher.sync()
        await this.#flusher.vouch()
      }
    } finally {
      state.closed = true
      await this.#files.close().catch(() => undefined)
      for (const segment of state.segments.inOrder) await segment.file?.close().catch(() => undefined)
      await this.#lock?.release()
    }
  }
}
