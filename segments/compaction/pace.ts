import { setTimeout as delay } from 'node:timers/promises'
import { FlinError } from '../errors.js'
import { Turns } from './turns.js'

/** How fast a rewrite may go, and whether it is to end. */
export interface Pace {
  /** So many bytes have been read from, or will be written to, the disk: waits as the rate demands. */
  moved: (size: number) => Promise<void>
  /** So many bytes have been worked through: lets others have their turn where this runs on their thread. */
  worked: (size: number) => Promise<void>
}

/** Bytes that are worked through on the loop's own thread until it is asked whether others should have their turn. */
const LOOK_SIZE = 32 * 1024

/** Bytes that have been moved and not been waited for. */
class Debt {
  #size = 0
  #since = performance.now()

  add(size: number): void {
    this.#size += size
  }

  /** How long to wait, in ms, at a rate in bytes a second; 0: there is no bound, or it is not worth it. */
  waitMs(rate: number): number {
    const now = performance.now()
    this.#size = rate === 0 ? 0 : Math.max(0, this.#size - ((now - this.#since) * rate) / MS_PER_S)
    this.#since = now
    const waitMs = rate === 0 ? 0 : (this.#size * MS_PER_S) / rate
    return waitMs < WAIT_MS_MIN ? 0 : Math.min(waitMs, WAIT_MS_MAX)
  }
}

/** Pace on the loop's own thread: gives way again and again. */
export class LoopPace implements Pace {
  readonly #isStopped: () => boolean
  readonly #rate: () => number
  readonly #turns = new Turns()
  readonly #debt = new Debt()
  #worked = 0

  /** @param rate bytes a second that may be moved now; 0: no bound */
  constructor(isStopped: () => boolean, rate: () => number) {
    this.#isStopped = isStopped
    this.#rate = rate
  }

  async moved(size: number): Promise<void> {
    this.#debt.add(size)
    for (;;) {
      if (this.#isStopped()) throw stopped()
      const waitMs = this.#debt.waitMs(this.#rate())
      if (waitMs === 0) return
      await delay(waitMs)
    }
  }

  async worked(size: number): Promise<void> {
    this.#worked += size
    if (this.#worked < LOOK_SIZE) return
    this.#worked = 0
    if (!this.#turns.isOver) return
    await this.#turns.give()
    if (this.#isStopped()) throw stopped()
  }
}

/** What ends a compaction that is no longer wanted. */
export function stopped(): FlinError {
  return new FlinError('LOG_CLOSED', 'the log was closed while it was being compacted')
}

/** Numbers that both threads see: `rate` in KiB a second (0: no bound), `stop` 1 to end. */
export const CONTROL = { rate: 0, stop: 1, count: 2 } as const

const MS_PER_S = 1000
const KIB = 1024
/** Shorter waits than this are saved up. */
const WAIT_MS_MIN = 2
/** A changed rate, and the order to stop, are seen after at most so long. */
const WAIT_MS_MAX = 100

/** Pace of a thread of its own: sleeps, as the rate demands that the other side may change at any time. */
export class ThreadPace implements Pace {
  readonly #control: Int32Array
  readonly #debt = new Debt()

  /** @param control shared with who started the thread, see {@link CONTROL} */
  constructor(control: Int32Array) {
    this.#control = control
  }

  moved(size: number): Promise<void> {
    this.#debt.add(size)
    return this.#settle()
  }

  worked(): Promise<void> {
    if (Atomics.load(this.#control, CONTROL.stop) === 1) return Promise.reject(stopped())
    return DONE
  }

  #settle(): Promise<void> {
    for (;;) {
      if (Atomics.load(this.#control, CONTROL.stop) === 1) return Promise.reject(stopped())
      const rate = Atomics.load(this.#control, CONTROL.rate) * KIB
      const waitMs = this.#debt.waitMs(rate)
      if (waitMs === 0) return DONE
      Atomics.wait(this.#control, CONTROL.stop, 0, waitMs)
    }
  }
}

const DONE = Promise.resolve()
