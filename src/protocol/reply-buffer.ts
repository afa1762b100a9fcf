import { copyBytes } from '../../segments/index.js'
import { giveBuffer, takeBuffer } from './buffer-pool.js'

/** The size of the first buffer; those that were filled grow by doubling. */
export const REPLY_BUFFER_SIZE = 16 * 1024

const EMPTY = Buffer.alloc(0)

/** Replies one behind the other in a buffer that grows, whatever protocol they are written in. The buffer is of the pool. */
export abstract class ReplyBuffer {
  /** The first `length` bytes are replies. Another buffer may take its place with every reply. */
  buffer: Buffer = EMPTY
  length = 0
  /**
   * Bytes that may be written before the buffer is taken away. What exceeds them is not kept: {@link isOverflown} then
   * tells that nothing in the buffer may be sent.
   */
  sizeMax = Infinity
  isOverflown = false

  /** Starts anew, in `buffer`; what was written before is forgotten. */
  reset(buffer: Buffer): void {
    this.buffer = buffer
    this.length = 0
  }

  /** Drops what was written after the first `length` bytes. */
  truncate(length: number): void {
    if (length < this.length) this.length = length
  }

  /** Bytes that are replies already. */
  raw(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    this.length = this.copy(this.length, bytes, start, end)
  }

  /** A reply that says what went wrong. */
  abstract error(text: string): void

  /** Copies to `to`, where there is room; returns the position behind. */
  protected copy(to: number, from: Buffer, start: number, end: number): number {
    copyBytes(from, start, end, this.buffer, to)
    return to + end - start
  }

  /** Makes room for `size` bytes. */
  protected reserve(size: number): void {
    if (this.length + size > this.buffer.length) this.#grow(size)
  }

  #grow(size: number): void {
    if (this.length + size > this.sizeMax) {
      // Whoever writes need not know: the rest goes over what is there, and is thrown away with it.
      this.isOverflown = true
      this.length = 0
      if (size <= this.buffer.length) return
    }
    const { buffer, length } = this
    const twice = Math.min(buffer.length * 2, this.sizeMax)
    const grown = takeBuffer(Math.max(REPLY_BUFFER_SIZE, twice, length + size))
    buffer.copy(grown, 0, 0, length)
    giveBuffer(buffer)
    this.buffer = grown
  }
}
