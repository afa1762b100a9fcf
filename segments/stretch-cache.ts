/**
 * Verified stretches of cold segments within a budget of bytes that may change. Second chance: a stretch that was used since
 * the hand last passed it stays.
 */
export class StretchCache {
  readonly #entries = new Map<number, Entry>()
  readonly #budget: () => number
  /** Bytes held. */
  size = 0

  constructor(budget: () => number) {
    this.#budget = budget
  }

  get(key: number): Buffer | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.used = true
    return entry.bytes
  }

  /** Keeps a stretch if the budget allows; one larger than the whole budget is not kept. */
  put(key: number, bytes: Buffer): void {
    const budget = this.#budget()
    this.delete(key)
    if (bytes.length > budget) {
      this.#shrink(budget)
      return
    }
    // Room is made first: while all others are in use, the newest would be the one to go.
    this.#shrink(budget - bytes.length)
    this.#entries.set(key, { bytes, used: false })
    this.size += bytes.length
  }

  /** Gives up what the budget, as it is now, does not allow. */
  trim(): void {
    this.#shrink(this.#budget())
  }

  #shrink(size: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.size <= size) break
      this.#entries.delete(key)
      if (entry.used) {
        entry.used = false
        this.#entries.set(key, entry)
      } else this.size -= entry.bytes.length
    }
  }

  delete(key: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.size -= entry.bytes.length
  }
}

interface Entry {
  readonly bytes: Buffer
  used: boolean
}
