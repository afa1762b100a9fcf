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

  /** Where the messages of now are written. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Copies a message there; returns where it begins. */
  add(from: Buffer, size: number): number {
    if (this.#end + size > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(SIZE_MIN, size, Math.min(SIZE_MAX, this.#bytes.length * 2)))
      this.#end = 0
    }
    const start = this.#end
    from.copy(this.#bytes, start, 0, size)
    this.#end = start + size
    return start
  }
}
