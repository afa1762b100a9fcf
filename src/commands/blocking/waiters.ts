/**
 * Who waits for which keys, in the order in which they came, and which keys may have something for them, in the order in which
 * they got it. Names of keys are their bytes as latin1. Holds one place for each waiter and key.
 */
export class Waiters<W> {
  /** A set keeps the order, and gives up any place at once. */
  readonly #queues = new Map<string, Set<W>>()
  readonly #ready = new Set<string>()
  /** Whether some key may have something: one look at it is all that a request pays when nobody waits. */
  isReady = false

  /** Number of keys that somebody waits for. */
  get keyCount(): number {
    return this.#queues.size
  }

  /** Puts it behind all who wait for these keys. */
  add(waiter: W, keys: Iterable<string>): void {
    for (const key of keys) {
      const queue = this.#queues.get(key)
      if (queue === undefined) this.#queues.set(key, new Set([waiter]))
      else queue.add(waiter)
    }
  }

  /** Gives up its places; those that it does not have are no error. */
  remove(waiter: W, keys: Iterable<string>): void {
    for (const key of keys) {
      const queue = this.#queues.get(key)
      if (queue?.delete(waiter) === true && queue.size === 0) this.#queues.delete(key)
    }
  }

  /** Those who wait for a key, the first first. Whoever is removed while they are walked through is not met any more. */
  of(key: string): Iterable<W> {
    return this.#queues.get(key) ?? []
  }

  /** The key has got something, or has lost what it was. Nothing is noted where nobody waits for it, nor twice. */
  note(key: Buffer, start: number, end: number): void {
    if (this.#queues.size > 0) this.noteName(key.toString('latin1', start, end))
  }

  /** As {@link note}. */
  noteName(key: string): void {
    if (!this.#queues.has(key)) return
    this.#ready.add(key)
    this.isReady = true
  }

  /** Something has happened to every key. */
  noteAll(): void {
    for (const key of this.#queues.keys()) this.noteName(key)
  }

  /** The key that was noted first; from now on it can be noted again. Undefined: there is none. */
  take(): string | undefined {
    const [key] = this.#ready
    if (key !== undefined) this.#ready.delete(key)
    this.isReady = this.#ready.size > 0
    return key
  }
}
