import type { Timer } from '../../src/commands/blocking/timeouts.js'

/** A timer whose time passes when the test says so. */
export class ManualTimer implements Timer {
  #nowMs = 1000
  #bells: { readonly atMs: number; readonly job: () => void }[] = []
  /** For how long each bell was set, in ms. */
  readonly set: number[] = []

  readonly now = (): number => this.#nowMs

  readonly after = (ms: number, job: () => void): (() => void) => {
    const bell = { atMs: this.#nowMs + ms, job }
    this.#bells.push(bell)
    this.set.push(ms)
    return () => {
      this.#bells = this.#bells.filter((it) => it !== bell)
    }
  }

  /** Bells that are set. */
  get bellCount(): number {
    return this.#bells.length
  }

  /** Lets so many ms pass; bells ring at their time. */
  pass(ms: number): void {
    const end = this.#nowMs + ms
    for (;;) {
      const [next] = this.#bells.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#bells = this.#bells.filter((it) => it !== next)
      this.#nowMs = next.atMs
      next.job()
    }
    this.#nowMs = end
  }
}
