const SAMPLES = 16

/** The rate of a count that grows, over the last samples: what INFO calls instantaneous. */
export class Meter {
  readonly #rates: number[] = []
  #count = 0
  #atMs: number

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  sample(nowMs: number, count: number): void {
    const tookMs = nowMs - this.#atMs
    if (tookMs <= 0) return
    // A count that was reset is a beginning, not a fall.
    this.#rates.push((Math.max(0, count - this.#count) * 1000) / tookMs)
    if (this.#rates.length > SAMPLES) this.#rates.shift()
    this.#count = count
    this.#atMs = nowMs
  }

  /** Per second. */
  get rate(): number {
    return this.#rates.length === 0 ? 0 : this.#rates.reduce((sum, rate) => sum + rate, 0) / this.#rates.length
  }
}
