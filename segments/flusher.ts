import type { Appender } from './appender.js'
import { GrowingDigest } from './digest.js'
import type { LogState } from './log-state.js'
import type { FsyncPolicy } from './options.js'
import type { Segment } from './segment.js'
import { isNoSpace, type SegmentFiles } from './segment-files.js'

/**
 * When so many bytes are not durable under a policy that does not wait for that, the disk is asked for them ahead of time: a segment
 * has to be durable before the next one takes its first byte, and all writers wait for what is left to do then.
 */
const SYNC_AHEAD_SIZE = 8 * 1024 * 1024

/**
 * Writes closed batches from memory to the segment's file, one write at a time, and moves the committed and the durable
 * offset on. The only place that does either.
 */
export class Flusher {
  readonly #state: LogState
  readonly #appender: Appender
  readonly #files: SegmentFiles
  /** The segment whose bytes are written next; behind the active one while that was rolled. */
  #writing: Segment
  #fsync: FsyncPolicy
  #openedAs: FsyncPolicy
  #flushing: Promise<void> | null = null
  #syncing: Promise<void> | null = null
  /** How much of the segment that is written the newest sync was asked for. */
  #askedPosition = 0
  #vouchedOffset: number
  /** Called when a segment has been sealed; its side file is under way. */
  onSealed: (segment: Segment) => void = () => undefined

  constructor(state: LogState, appender: Appender, files: SegmentFiles) {
    this.#state = state
    this.#appender = appender
    this.#files = files
    this.#writing = appender.active
    this.#fsync = state.options.fsync
    this.#openedAs = state.options.fsync
    this.#vouchedOffset = state.durableOffset
  }

  get fsync(): FsyncPolicy {
    return this.#fsync
  }

  /** Takes effect with the next flush. */
  setFsync(policy: FsyncPolicy): void {
    this.#fsync = policy
  }

  /** Whether there is anything that the next {@link flush} would write. */
  get isPending(): boolean {
    return this.#appender.hasOpenBatch || this.#state.committedOffset < this.#state.endOffset
  }

  /**
   * Commits all that has been appended when it is called. Who comes while a commit is under way gets the next one.
   * @throws FlinError LOG_POISONED
   */
  flush(): Promise<void> {
    if (this.#flushing !== null) return this.#flushing.then(this.#flushNext)
    const flushing = this.#flush()
    this.#flushing = flushing
    flushing.then(this.#flushed, this.#flushed)
    return flushing
  }

  readonly #flushNext = (): Promise<void> => this.flush()

  readonly #flushed = (): void => {
    this.#flushing = null
  }

  async #flush(): Promise<void> {
    const state = this.#state
    if (state.poison !== null) throw state.poison
    this.#appender.closeBatch()
    const last = this.#appender.active
    const lastSize = last.size
    const lastOffset = last.endOffset
    state.flushingOffset = lastOffset
    try {
      if (this.#fsync !== this.#openedAs) await this.#reopen()
      for (;;) {
        const segment = this.#writing
        const isLast = segment === last
        await this.#write(segment, isLast ? lastSize : segment.size, isLast ? lastOffset : segment.endOffset)
        if (isLast) return
        await this.#seal(segment)
      }
    } catch (error) {
      throw state.poisonWith(error, 'writing the log')
    }
  }

  async #write(segment: Segment, to: number, toOffset: number): Promise<void> {
    const from = segment.committedPosition
    if (to === from) return
    const state = this.#state
    segment.inFlightPosition = to
    segment.inFlightOffset = toOffset
    const writing = this.#writeWithSpace(segment, from, to)
    // Beside the write. In memory only, there is no side file that would tell the digest.
    if (segment.columns !== null) (segment.growingDigest ??= new GrowingDigest()).add(segment.memory!, from, to)
    await writing
    // A concurrent failure (a side file, a spare) must not be followed by an acknowledgement.
    if (state.poison !== null) throw state.poison
    segment.committedPosition = to
    state.undurableSize -= to - from
    state.committedSize += to - from
    state.committedOffset = toOffset
    if (this.#openedAs === 'always') state.durableOffset = toOffset
    else if (to - this.#askedPosition >= SYNC_AHEAD_SIZE && this.#syncing === null) {
      // What fails poisons the log: the next commit tells.
      void this.sync().catch(() => undefined)
    }
  }

  /**
   * Without O_DSYNC a write that finds no space has failed as a whole before it reached the kernel's cache, so it is done
   * again once there is some. With it, the failure may be that of the sync, which is never tried again.
   */
  async #writeWithSpace(segment: Segment, from: number, to: number): Promise<void> {
    for (;;) {
      try {
        await segment.file!.write(segment.memory!, from, to - from, from)
        break
      } catch (error) {
        if (this.#openedAs === 'always' || !isNoSpace(error)) throw error
        await this.#files.waitForSpace()
      }
    }
    this.#files.goOn()
    this.#files.keepPace()
  }

  /** A sealed segment is durable under every policy before the next one takes its first byte. */
  async #seal(segment: Segment): Promise<void> {
    const state = this.#state
    const { inOrder } = state.segments
    const next = inOrder[inOrder.indexOf(segment) + 1]!
    if (this.#syncing !== null) await this.#syncing
    await segment.file!.sync()
    state.durableOffset = segment.endOffset
    await this.#files.attach(next, segment)
    this.#openedAs = this.#state.options.fsync
    this.#writing = next
    this.#askedPosition = 0
    if (this.#fsync !== this.#openedAs) await this.#reopen()
    await this.#files.beginSideFile(segment)
    this.#files.prepareSpare()
    this.onSealed(segment)
  }

  /** O_DSYNC changes only by opening anew. */
  async #reopen(): Promise<void> {
    const segment = this.#writing
    if (this.#syncing !== null) await this.#syncing
    await segment.file!.sync()
    this.#state.durableOffset = this.#state.committedOffset
    const file = await this.#state.disk.open(segment.name, { write: true, dsync: this.#fsync === 'always' })
    const old = segment.file!
    segment.file = file
    // A sync that began meanwhile still uses the old one.
    if (this.#syncing !== null) await this.#syncing
    await old.close()
    this.#openedAs = this.#fsync
  }

  /** Syncs what has been committed: the beat of `everysec`. Does nothing when all is durable. */
  sync(): Promise<void> {
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = null
    })
    return this.#syncing
  }

  async #sync(): Promise<void> {
    const state = this.#state
    const target = state.committedOffset
    if (state.poison !== null || target <= state.durableOffset) return
    this.#askedPosition = this.#writing.committedPosition
    try {
      await this.#writing.file!.sync()
    } catch (error) {
      throw state.poisonWith(error, 'syncing the log')
    }
    state.durableOffset = Math.max(state.durableOffset, target)
  }

  /**
   * Writes, when nothing is pending, a batch without records that tells a later recovery how far the log was durable, so
   * that damage below can be told from a torn write.
   */
  async vouch(): Promise<void> {
    const state = this.#state
    if (this.isPending || state.durableOffset === this.#vouchedOffset) return
    this.#vouchedOffset = state.durableOffset
    this.#appender.appendVouch()
    await this.flush()
  }
}
