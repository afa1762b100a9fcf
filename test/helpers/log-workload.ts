import { runAt } from './compactions.js'
import { setImmediate as turn } from 'node:timers/promises'
import type { Disk } from '../../segments/disk.js'
import { FlinError } from '../../segments/errors.js'
import type { LogOptions } from '../../segments/options.js'
import type { History } from './log-history.js'
import { LogSession } from './log-session.js'
import { Random } from './random.js'

const KEYS = 12
/** All values have one size, so that a batch written after a cut often ends where a lost one did. */
const VALUE_SIZE = 90
const FAR = 4_000_000_000_000

/** A value that is told from all others of its history. */
export function valueFor(tag: string, size = VALUE_SIZE): Buffer {
  return Buffer.from(`${tag}.`.padEnd(size, '.'))
}

/**
 * A small life of a log: single writes, writes while a commit is under way, several segments filled within one commit,
 * records larger than a segment, removals, expiry times, transactions, idle times, a clean close and a second life.
 */
export class Workload {
  readonly #disk: Disk
  readonly #options: LogOptions
  readonly #rng: Random
  readonly history: History
  #serial = 0
  /** The log that is open now, or was when the process died. */
  session: LogSession | null = null

  constructor(disk: Disk, options: LogOptions, history: History, seed: number) {
    this.#disk = disk
    this.#options = options
    this.history = history
    this.#rng = new Random(seed)
  }

  async run(): Promise<void> {
    await this.#open()
    await this.#some(3)
    await this.#session.flush()
    for (let i = 0; i < 3; i++) await this.#overlapping()
    await this.#session.log.vouch()
    await this.#some(70) // two segments are filled and a third begun before anything is written
    await this.#overlapping()
    await this.#session.put('large', valueFor('large', 6000))
    await this.#session.put('large', valueFor('larger', 9000))
    await this.#session.flush()
    await this.#session.log.sync()
    await this.#some(5)
    await this.#session.close()
    await this.#open()
    await this.#some(2)
    await this.#overlapping()
    if (this.#rng.chance(0.5)) this.#session.clear()
    await this.#some(30)
    await this.#overlapping()
    await this.#session.log.vouch()
    await this.#some(1)
    await this.#session.close()
  }

  /** A life of compactions, beside writes that bury what is being copied, and of all that is left, in a second life. */
  async runCompacting(): Promise<void> {
    await this.#open()
    await this.#some(55)
    await this.#session.flush()
    await this.#compacting()
    await this.#some(15)
    await this.#session.flush()
    await this.#compacting()
    await this.#session.close()
    await this.#open()
    await this.#compacting()
    this.#session.clear()
    await this.#some(30)
    await this.#session.flush()
    await this.#compacting()
    await this.#session.close()
  }

  /** What buries some records is not committed when it begins; more comes while it is under way. */
  async #compacting(): Promise<void> {
    const session = this.#session
    // Only what has its side file is rewritten. A process that has died waits in vain, and must not wait for ever.
    const isReady = () => session.log.segments.every((it) => !it.sealed || it.columns === null)
    for (let turns = 0; turns < 200 && !isReady(); turns++) await turn()
    await this.#some(1 + this.#rng.below(4))
    const compacted = this.#rng.chance(0.5) ? session.compact() : this.#runs()
    compacted.catch(() => undefined)
    for (let i = 0; i < 3; i++) {
      for (let turns = this.#rng.below(12); turns > 0; turns--) await turn()
      await this.#some(1 + this.#rng.below(3))
    }
    try {
      await compacted
    } catch (error) {
      if (session.log.poison !== null) throw error // else the log is as it was
    }
    await session.flush()
    await session.check(session.history.endOffset)
  }

  /** Some runs anywhere: neighbours are merged, and tombstones stay where something older does. */
  async #runs(): Promise<void> {
    const rng = this.#rng
    for (let i = 0; i < 3; i++) await this.#session.compact(runAt(rng.below(100) / 100, 1 + rng.below(3)))
  }

  get #session(): LogSession {
    return this.session!
  }

  async #open(): Promise<void> {
    this.session = await LogSession.open(this.#disk, this.#options, this.history)
  }

  /** Writes while a commit is under way; these are in the next one. */
  async #overlapping(): Promise<void> {
    await this.#some(1 + this.#rng.below(3))
    const flushed = this.#session.flush()
    // Whoever fails first must not leave the other failure without a listener.
    flushed.catch(() => undefined)
    const synced = this.#options.fsync !== 'always' && this.#rng.chance(0.5) ? this.#session.log.sync() : undefined
    synced?.catch(() => undefined)
    for (let i = 0; i < 3; i++) {
      if (this.#rng.chance(0.5)) await turn()
      await this.#some(1 + this.#rng.below(14))
    }
    await flushed
    await synced
    await this.#session.flush()
  }

  async #some(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#withSpace(() => this.#one())
  }

  #one(): Promise<void> {
    const rng = this.#rng
    const session = this.#session
    const tag = `v${++this.#serial}`
    const kind = rng.below(10)
    if (kind === 0) return session.remove(this.#key())
    if (kind === 1) return session.put(this.#key(), valueFor(tag), FAR + this.#serial)
    if (kind === 2) {
      const keys = new Set([this.#key(), this.#key(), this.#key()])
      return session.write([...keys].map((key) => [key, valueFor(`${tag}-${key}`)] as const))
    }
    return session.put(this.#key(), valueFor(tag))
  }

  #key(): string {
    return `key${this.#rng.below(KEYS)}`
  }

  /** While the disk is full writes are refused, and come back by themselves. */
  async #withSpace(job: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await job()
        return
      } catch (error) {
        if (!(error instanceof FlinError) || error.code !== 'DISK_FULL') throw error
        await turn()
      }
    }
  }
}
