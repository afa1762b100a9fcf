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
    if (bytes.length <= budget) {
      this.#entries.set(key, { bytes, used: false })
      this.size += bytes.length
    }
    for (const [oldKey, entry] of this.#entries) {
      if (this.size <= budget) break
      this.#entries.delete(oldKey)
      if (entry.used) {
        entry.used = false
        this.#entries.set(oldKey, entry)
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
