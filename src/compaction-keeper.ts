import type { Logger } from 'pino'
import { FlinError, type CompactionResult, type Liveness, type Log } from '../segments/index.js'
import type { CompactionView } from './commands/server-view.js'
import type { Committer } from './commit/committer.js'
import { compactionRate } from './compaction-rate.js'
import { historyText } from './history-text.js'
import type { Idleness } from './idleness.js'
import { Meter } from './meter.js'

const BEAT_MS = 100
/** Beats between two looks at whether something is worth compacting ... */
const LOOK_BEATS = 5
/** ... unless so many bytes have been written since the last: then at the next beat. */
const LOOK_SIZE = 8 * 1024 * 1024
/** Beats without another try after a failure. */
const FAILED_BEATS = 100
/** A log in memory is short of space from this share of its bound on. */
const PRESSED_SHARE = 0.7

/** What the keeper is made of. */
export interface KeeperParts {
  readonly log: Log
  readonly liveness: Liveness
  readonly committer: Committer
  readonly logger: Logger
  /** Bytes a second that compaction may read and write; 0: no bound. */
  readonly rate: number
  /** Whether it compacts by itself. */
  readonly isOn: boolean
  readonly idleness: Idleness
  /** Bound of a log in memory; 0: it is on disk. */
  readonly memorySizeMax: number
  /** Called when a segment is full, before it is looked whether there is something to compact. */
  readonly onSealed: () => void
  /** Told when a segment turns out to be damaged, or the log has ended. */
  readonly onFailure: (error: FlinError) => void
}

/**
 * Compacts in the background: looks from time to time whether something is worth it, sets the rate by what the daemon's own
 * work leaves, and does what COMPACT asks for.
 */
export class CompactionKeeper implements CompactionView {
  readonly #parts: KeeperParts
  /** Bytes a second that compaction may read and write; 0: no bound. Changes take effect within a beat. */
  rate: number
  #isOn: boolean
  #allowedRate = 0
  #timer: NodeJS.Timeout | null = null
  #beats = 0
  #nextLook = 0
  /** What had been written when something was last looked for; Infinity: that is no reason to look. */
  #lookedSize = 0
  readonly #writes = new Meter(performance.now())
  #isAllWanted = false
  #isWorking = false
  #isStopped = false
  #stopWaiting: (error: FlinError) => void = () => undefined

  constructor(parts: KeeperParts) {
    this.#parts = parts
    this.rate = parts.rate
    this.#isOn = parts.isOn
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** Off, nothing begins but what COMPACT NOW asks for; the run under way goes to its end. */
  set isOn(isOn: boolean) {
    this.#isOn = isOn
    this.#nextLook = 0
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#beat()
    }, BEAT_MS)
    this.#timer.unref()
    // A log in memory may be full long before the next look.
    this.#parts.log.onSealed = () => {
      // Behind the command that has filled the segment: what is let go of may have to be written.
      setImmediate(() => {
        if (this.#isStopped) return
        this.#parts.onSealed()
        void this.#work()
      })
    }
  }

  /** Begins nothing more. What is under way ends with the log. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#isStopped = true
    this.#stopWaiting(new FlinError('LOG_CLOSED', 'the daemon ends'))
  }

  now(): 'started' | 'scheduled' | 'nothing' {
    if (!this.#parts.log.segments.some(({ sealed }) => sealed)) return 'nothing'
    const begins = !this.#isWorking
    this.#isAllWanted = true
    this.#nextLook = 0
    void this.#work()
    return begins ? 'started' : 'scheduled'
  }

  facts(): Record<string, string | number> {
    const { log } = this.#parts
    const counts = log.compactionCounts
    const written = log.committedSize
    return {
      compaction_in_progress: this.#isWorking ? 1 : 0,
      compaction_scheduled: this.#isAllWanted ? 1 : 0,
      compaction_enabled: this.#isOn ? 1 : 0,
      compaction_history: historyText(log.history),
      compaction_rate_max: this.rate,
      compaction_rate_now: this.#allowedRate,
      compaction_runs: counts.runs,
      compaction_segments_rewritten: counts.segmentsRewritten,
      compaction_segments_dropped: counts.segmentsDropped,
      compaction_read_bytes: counts.sizeRead,
      compaction_written_bytes: counts.sizeWritten,
      compaction_records_dropped: counts.recordsDropped,
      compaction_records_moved: counts.recordsMoved,
      compaction_horizon: log.manifest.compactionHorizon,
      compaction_last_status: counts.lastError === null ? 'ok' : 'err',
      compaction_last_error: counts.lastError ?? '',
      log_size: log.size,
      log_dead_size: Math.round(log.deadSize),
      log_written_bytes: written,
      write_amplification: (written === 0 ? 1 : (written + counts.sizeWritten) / written).toFixed(2),
    }
  }

  #beat(): void {
    this.#beats++
    this.#setRate()
    if (this.#beats >= this.#nextLook || this.#parts.log.committedSize - this.#lookedSize > LOOK_SIZE) void this.#work()
  }

  #setRate(): void {
    const { log, idleness } = this.#parts
    this.#writes.sample(performance.now(), log.committedSize)
    this.#allowedRate = compactionRate({
      rateMax: this.rate,
      idleShare: idleness.share(),
      deadShare: log.deadSize / Math.max(1, log.size),
      writeRate: this.#writes.rate,
      isPressed: this.#isPressed,
    })
    log.setCompactionRate(this.#allowedRate)
  }

  /** Compacts for as long as it is worth it. */
  async #work(): Promise<void> {
    if (this.#isWorking || this.#isStopped || this.#parts.log.poison !== null) return
    this.#isWorking = true
    try {
      while (this.#isWanted) {
        const result = await this.#one()
        if (result === null) break
        this.#parts.logger.debug(result, 'compacted')
      }
      this.#nextLook = this.#beats + LOOK_BEATS
      this.#lookedSize = this.#parts.log.committedSize
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isWorking = false
    }
  }

  get #isWanted(): boolean {
    return !this.#isStopped && (this.#isOn || this.#isAllWanted)
  }

  #one(): Promise<CompactionResult | null> {
    const { log, liveness } = this.#parts
    if (!this.#isAllWanted) return log.compactNext(liveness, this.#durable, this.#isPressed)
    this.#isAllWanted = false
    return log.compact(liveness, this.#durable)
  }

  get #isPressed(): boolean {
    const { log, memorySizeMax } = this.#parts
    return memorySizeMax > 0 ? log.cacheUsedSize > memorySizeMax * PRESSED_SHARE : log.isShortOfSpace
  }

  #failed(error: unknown): void {
    const { log, logger, onFailure } = this.#parts
    this.#nextLook = this.#beats + FAILED_BEATS
    this.#lookedSize = Infinity
    if (this.#isStopped) return
    if (log.poison !== null) onFailure(log.poison)
    else {
      logger.warn({ err: error }, 'compaction failed; the log is as it was')
      if (error instanceof FlinError && error.code === 'LOG_CORRUPT') onFailure(error)
    }
  }

  readonly #durable = async (offset: number): Promise<void> => {
    const { log } = this.#parts
    while (log.durableOffset < offset) {
      if (log.poison !== null) throw log.poison
      if (log.committedOffset < offset) await this.#commit()
      else await log.sync()
    }
  }

  /** Waits for the next commit; in vain when the log has ended, until {@link stop}. */
  #commit(): Promise<void> {
    const { committer } = this.#parts
    return new Promise((resolve, reject) => {
      this.#stopWaiting = reject
      if (this.#isStopped) reject(new FlinError('LOG_CLOSED', 'the daemon ends'))
      committer.wait({
        committed: () => {
          resolve()
        },
      })
      committer.schedule()
    })
  }
}
