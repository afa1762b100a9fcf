import { FlinError, type Log } from '../segments/index.js'
import type { Committer } from './commit/committer.js'
import { runLoaded } from './models/cold.js'
import type { Keyspace } from './models/keyspace.js'
import { mayRetain, retainStream } from './models/streams/retention.js'

const BEAT_MS = 100
const SYNC_BEATS = 10
const SAMPLE_SIZE = 20
/** Keys that one beat may expire, so that a great many at once do not stop the loop. */
const EXPIRED_MAX = 2000
/** Streams that one beat looks at, of those that let go of entries by themselves. */
const RETAINED_MAX = 200

/** What must be done from time to time: syncing under `everysec`, expiring keys, letting go of messages and of entries of streams, and vouching for the log when it rests. */
export class Upkeep {
  readonly #log: Log
  readonly #keyspace: Keyspace
  readonly #committer: Committer
  readonly #random: () => number
  readonly #onExpired: () => void
  #timer: NodeJS.Timeout | null = null
  #beats = 0
  #lastOffset = 0
  #running: Promise<void> = Promise.resolve()
  #isRunning = false

  /** @param onExpired called when keys may have been removed because their time had come */
  constructor(log: Log, keyspace: Keyspace, committer: Committer, random: () => number, onExpired: () => void) {
    this.#log = log
    this.#keyspace = keyspace
    this.#committer = committer
    this.#random = random
    this.#onExpired = onExpired
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#isRunning) return
      this.#isRunning = true
      // A failure has poisoned the log, and the committer ends the daemon for that.
      this.#running = this.#beat()
        .catch(() => {
          this.#committer.schedule()
        })
        .finally(() => {
          this.#isRunning = false
        })
    }, BEAT_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#running
  }

  async #beat(): Promise<void> {
    const log = this.#log
    if (log.poison !== null) return
    this.#beats++
    await this.#expire()
    await this.#retainStreams()
    if (this.#beats % SYNC_BEATS !== 0) return
    this.retain()
    if (log.fsync !== 'no') await log.sync()
    const isIdle = log.endOffset === this.#lastOffset && !log.isPending
    this.#lastOffset = log.endOffset
    if (isIdle) await this.#committer.ifIdle(() => log.vouch())
  }

  /** Lets go of messages that are too old, or too many. */
  retain(): void {
    if (this.#log.poison !== null) return
    try {
      this.#keyspace.messages.retain()
    } catch (error) {
      if (!(error instanceof FlinError)) throw error // the log takes no writes now
    }
    if (this.#log.isPending) this.#committer.schedule()
  }

  /** Lets go of what is too old, or too much, in some of the streams that have been told to: each has its turn. */
  async #retainStreams(): Promise<void> {
    const keyspace = this.#keyspace
    const until = performance.now() + BEAT_MS / 4
    for (const [object, hash] of keyspace.retained.take(RETAINED_MAX)) {
      if (performance.now() > until) break
      if (!mayRetain(object, this.#log.now())) continue
      try {
        await runLoaded(this.#log, () => {
          keyspace.now = this.#log.now()
          keyspace.gate = 0
          return retainStream(keyspace, object, hash)
        })
      } catch (error) {
        if (!(error instanceof FlinError)) throw error
        break // the log takes no writes now
      }
    }
    if (this.#log.isPending) this.#committer.schedule()
  }

  /** As Redis does it: samples at random, and goes on while more than a quarter of a sample had expired. */
  async #expire(): Promise<void> {
    const keyspace = this.#keyspace
    let total = 0
    const until = performance.now() + BEAT_MS / 2
    while (total < EXPIRED_MAX && performance.now() < until) {
      const picks = Array.from({ length: SAMPLE_SIZE }, this.#random)
      try {
        const { expired, sampled } = await runLoaded(this.#log, () => {
          keyspace.now = this.#log.now()
          keyspace.gate = 0
          return keyspace.walks.expireSample(picks)
        })
        total += expired
        if (expired * 4 <= sampled) break
      } catch (error) {
        if (!(error instanceof FlinError)) throw error
        break // the log takes no writes now; reads hide what has expired
      }
    }
    this.#onExpired()
    if (this.#log.isPending) this.#committer.schedule()
  }
}
