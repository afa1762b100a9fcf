import { Appender, allocate } from './appender.js'
import { BackgroundCheck } from './background-check.js'
import { Compaction, type CompactionResult, type Liveness } from './compaction.js'
import { FolderLock } from './lock.js'
import type { Disk } from './disk.js'
import { FlinError } from './errors.js'
import { Flusher } from './flusher.js'
import { checksumSeed } from './format.js'
import { KeyHasher } from './key-hash.js'
import { LogState } from './log-state.js'
import { type Manifest, readManifest, writeManifest } from './manifest.js'
import { parseSegmentName } from './names.js'
import { NodeDisk } from './node-disk.js'
import { NullDisk } from './null-disk.js'
import { checkOptions, type FsyncPolicy, type LogOptions } from './options.js'
import { type LoadedRecords, type Location, type Place, Reader } from './reader.js'
import { clearOrphans, Recovery, type Replay } from './recovery.js'
import { RestartColumns } from './restart-columns.js'
import type { Segment } from './segment.js'
import { SegmentFiles } from './segment-files.js'
import type { Damage } from './walk.js'

/** Of the cache, at most this share goes to segments held whole; the rest is for what is read cold. */
const RESIDENT_SHARE = 0.75

/**
 * The commit log: appends records in memory, commits them in groups, finds them again by place, and rebuilds itself from its
 * files. One process owns a folder.
 *
 *   const log = await Log.open('./data', options)   // takes the folder
 *   await log.replay(apply)                         // hands over every record, in order; then the log takes writes
 *   log.begin(size); log.append(...); await log.flush()
 */
export class Log {
  readonly #state: LogState
  readonly #lock: FolderLock | null
  readonly #files: SegmentFiles
  readonly #reader: Reader
  #check: BackgroundCheck | null = null
  #appender!: Appender
  #flusher!: Flusher
  /** Whether the log takes writes: a replay that failed has left nothing to commit, and nobody to do it. */
  #isWritable = false
  #damages: readonly { segment: string; damage: Damage }[] = []

  private constructor(state: LogState, lock: FolderLock | null) {
    this.#state = state
    this.#lock = lock
    this.#files = new SegmentFiles(state)
    this.#files.onSideFile = () => {
      this.#evict()
    }
    this.#reader = new Reader(state)
  }

  /**
   * Takes a folder, making it if it is missing.
   * @throws FlinError FOLDER_LOCKED, LOG_CORRUPT (the manifest), FORMAT_UNKNOWN, BAD_SETTING
   */
  static async open(folder: string, options: LogOptions): Promise<Log> {
    checkOptions(options)
    if (options.memorySizeMax > 0) return Log.openOn(new NullDisk(), options)
    const lock = options.readOnly ? null : await FolderLock.take(folder)
    try {
      return await Log.openOn(new NodeDisk(folder), options, lock)
    } catch (error) {
      await lock?.release()
      throw error
    }
  }

  /** Opens a log on a disk that somebody else watches over. */
  static async openOn(disk: Disk, options: LogOptions, lock: FolderLock | null = null): Promise<Log> {
    checkOptions(options)
    const manifest = (await readManifest(disk)) ?? (await create(disk, options))
    const hasher = new KeyHasher(manifest.hashSeed[0], manifest.hashSeed[1])
    return new Log(new LogState(disk, options, manifest, checksumSeed(manifest.logId), hasher), lock)
  }

  /**
   * Hands every record to `apply`, in order, and makes the log ready for writing under a new epoch.
   * @throws FlinError LOG_CORRUPT naming the offsets that are lost, unless damaged logs are to be served.
   */
  async replay(apply: Replay): Promise<void> {
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
    if (inOrder.length === 0) await this.#firstSegment(isReader)
    this.#noteCold()
    const active = inOrder.at(-1)!
    this.#appender = new Appender(state, active)
    this.#flusher = new Flusher(state, this.#appender, this.#files)
    this.#flusher.onSealed = () => {
      this.#evict()
    }
    if (isReader) return
    await recovery.secure(active)
    // Epochs in which nothing was written say nothing.
    const kept = epochs.filter(([, first]) => first < state.endOffset)
    await this.#files.switchManifest({ epochs: [...kept, [state.epoch, state.endOffset]] })
    this.#isWritable = true
    this.#files.prepareSpare()
  }

  async #firstSegment(isReader: boolean): Promise<void> {
    const state = this.#state
    const segment = state.segments.create(0, 0)
    segment.memory = allocate(state.options.segmentSize)
    segment.columns = state.options.memorySizeMax > 0 ? null : new RestartColumns()
    state.residentSize += segment.memory.length
    state.segments.inOrder.push(segment)
    if (!isReader) await this.#files.attach(segment, null)
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

  /** Everything below has been synced. */
  get durableOffset(): number {
    return this.#state.durableOffset
  }

  /** Bytes appended and not yet committed. */
  get undurableSize(): number {
    return this.#state.undurableSize
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

  get isDiskFull(): boolean {
    return this.#state.diskFull
  }

  /** Bytes of memory held by segments and cold stretches. */
  get cacheUsedSize(): number {
    return this.#state.residentSize + this.#reader.cachedSize
  }

  /** Bytes of all segments' contents. */
  get size(): number {
    let size = 0
    for (const segment of this.#state.segments.inOrder) size += segment.size
    return size
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
    const active = this.#state.segments.byNumber[segmentNumber]
    if (active === this.#appender.active && position >= active.size) return this.#appender.locateOpen(position)
    return this.#reader.locate(segmentNumber, position)
  }

  load(places: Iterable<Place>, records?: LoadedRecords): Promise<LoadedRecords> {
    return this.#reader.load(places, records)
  }

  /** Whether {@link flush} would write anything. */
  get isPending(): boolean {
    return this.#flusher.isPending
  }

  /**
   * Commits all that has been appended. One at a time: call it again only when the promise is settled.
   * @throws FlinError LOG_POISONED: the log has ended; so should the process.
   */
  flush(): Promise<void> {
    return this.#flusher.flush()
  }

  /** Syncs what has been committed; the beat of `everysec`. */
  sync(): Promise<void> {
    return this.#flusher.sync()
  }

  /** When idle: records in the log how far it is durable. Not while a flush is under way. */
  vouch(): Promise<void> {
    return this.#flusher.vouch()
  }

  /** Checks, beside everything else, the segments that a start took on the word of their side files. */
  startCheck(onDamage: (error: FlinError) => void): void {
    this.#check = new BackgroundCheck(this.#state, onDamage)
    this.#check.start()
  }

  /**
   * Rewrites the sealed segments without what is dead. Not while another compaction runs.
   * @throws FlinError LOG_CORRUPT when a segment is damaged: it stays as it is.
   */
  compact(liveness: Liveness, durable: () => Promise<void>): Promise<CompactionResult> {
    return new Compaction(this.#state, this.#files, liveness, durable).run()
  }

  /** Commits, syncs, vouches and gives the folder up. Not while a flush is under way. */
  async close(): Promise<void> {
    const state = this.#state
    if (state.closed) return
    await this.#check?.stop()
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

  /** Gives up the memory of the oldest sealed segments beyond the cache's share. */
  #evict(): void {
    const state = this.#state
    if (state.options.memorySizeMax > 0) return
    const budget = state.options.cacheSize * RESIDENT_SHARE
    for (const segment of state.segments.inOrder) {
      if (state.residentSize <= budget) break
      if (!segment.sealed || segment.memory === null || segment.columns !== null) continue
      const memory = segment.memory
      segment.memory = null
      state.residentSize -= memory.length
      const file = segment.file
      segment.file = null // the next cold read opens it for reading
      // All of it is synced: whatever closing says, it takes nothing back.
      file?.close().catch(() => undefined)
      this.#appender.recycle(memory)
    }
    this.#reader.trim()
    this.#noteCold()
  }

  #noteCold(): void {
    this.#state.hasCold = this.#state.segments.inOrder.some((segment) => segment.memory === null && segment.size > 0)
  }
}

async function create(disk: Disk, options: LogOptions): Promise<Manifest> {
  if (options.readOnly) throw new FlinError('LOG_CORRUPT', 'there is no log in this folder: it has no MANIFEST')
  // The manifest is the first file of a log and the last to go: segments without one are a log that has lost it.
  if ((await disk.list()).some((name) => parseSegmentName(name) !== null)) {
    throw new FlinError(
      'LOG_CORRUPT',
      'the folder holds segments, but no MANIFEST that says what they are: restore it from a copy',
    )
  }
  const seeds = options.randomBytes(8)
  const manifest: Manifest = {
    logId: options.randomBytes(16).toString('hex'),
    hashSeed: [seeds.readUInt32LE(0), seeds.readUInt32LE(4)],
    compactionHorizon: 0,
    epochs: [],
    segments: [],
  }
  await writeManifest(disk, manifest)
  return manifest
}
