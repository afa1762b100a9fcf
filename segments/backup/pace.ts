const MS_PER_S = 1000
/** Shorter waits than this are saved up. */
const WAIT_MS_MIN = 5

/** What a pace goes by; tests have another. */
export interface PaceClock {
  /** In ms, from any beginning. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}

const REAL_CLOCK: PaceClock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** Bounds how many bytes a second are copied. What is not used up does not add up. */
export class CopyPace {
  readonly #rate: number
  readonly #clock: PaceClock
  /** Bytes that have been copied and not been waited for. */
  #debt = 0
  #since: number

  /** @param rate bytes a second; 0: no bound */
  constructor(rate: number, clock: PaceClock = REAL_CLOCK) {
    this.#rate = rate
    this.#clock = clock
    this.#since = clock.now()
  }

  /** So many bytes have been read: waits as the rate demands. */
  async moved(size: number): Promise<void> {
    if (this.#rate === 0) return
    this.#settle(size)
    const waitMs = (this.#debt * MS_PER_S) / this.#rate
    if (waitMs >= WAIT_MS_MIN) await this.#clock.sleep(waitMs)
  }

  #settle(size: number): void {
    const now = this.#clock.now()
    this.#debt = Math.max(0, this.#debt + size - ((now - this.#since) * this.#rate) / MS_PER_S)
    this.#since = now
  }
}
