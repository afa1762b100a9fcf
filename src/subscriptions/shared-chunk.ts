/** The first piece of memory that a topic takes, and the largest one: each is twice the one before. */
const SIZE_MIN = 1024
const SIZE_MAX = 64 * 1024

/**
 * Memory into which the messages of a topic are written once, one behind the other, and from which all of its subscribers send. What
 * has been written is never changed: it goes when the last socket has sent it.
 */
export class SharedChunk {
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  #runStart = 0

  /** Where the messages of now are written. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Where the messages that belong together begin, see {@link beginRun}. */
  get runStart(): number {
    return this.#runStart
  }

  get end(): number {
    return this.#end
  }

  /** What is added from now on is to lie in one piece. */
  beginRun(): void {
    this.#runStart = this.#end
  }

  /** Copies a message there; returns where it begins. */
  add(from: Buffer, size: number): number {
    if (this.#end + size > this.#bytes.length) this.#moveOn(size)
    const start = this.#end
    from.copy(this.#bytes, start, 0, size)
    this.#end = start + size
    return start
  }

  #moveOn(size: number): void {
    const old = this.#bytes
    const runSize = this.#end - this.#runStart
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(SIZE_MIN, runSize + size, Math.min(SIZE_MAX, old.length * 2)))
    old.copy(this.#bytes, 0, this.#runStart, this.#end)
    this.#runStart = 0
    this.#end = runSize
  }
}
