import { allocate } from '../segment-memory.js'

/** Larger memory is given back after each run. */
const KEPT_SIZE_MAX = 128 << 20

/** More than this is not taken ahead. */
const GROWTH_SIZE_MAX = 16 << 20

/**
 * Memory in which one run after the other reads and puts together: kept, since fresh memory costs more than all that is done in
 * it. At most two segments, or {@link KEPT_SIZE_MAX} each, while nothing runs.
 */
export class Scratch {
  #source: Buffer = Buffer.alloc(0)
  #output: Buffer = Buffer.alloc(0)

  /** For the segment that is read; what was in it before is lost. */
  source(size: number): Buffer {
    if (this.#source.length < size) this.#source = allocate(size)
    return this.#source.subarray(0, size)
  }

  /** For the segment that is put together: `size` bytes at least, of which the first `kept` are those written so far. */
  output(size: number, kept: number): Buffer {
    if (this.#output.length < size) {
      const more = Math.min(this.#output.length, GROWTH_SIZE_MAX)
      const larger = allocate(Math.max(size, this.#output.length + more))
      this.#output.copy(larger, 0, 0, kept)
      this.#output = larger
    }
    return this.#output
  }

  /** A run has ended. */
  trim(): void {
    if (this.#source.length > KEPT_SIZE_MAX) this.#source = Buffer.alloc(0)
    if (this.#output.length > KEPT_SIZE_MAX) this.#output = Buffer.alloc(0)
  }
}
