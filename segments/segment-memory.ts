import type { LogOptions } from './options.js'

/** Memory of so many segments is kept in any case, unless the log is in memory only. */
const KEPT_MIN = 2
/** Of the cache, at most this share goes to segments held whole; the rest is for what is read cold. */
const RESIDENT_SHARE = 0.75

/** Memory for a segment: aligned, so that its words can be read and written as such. */
export function allocate(size: number): Buffer {
  return Buffer.allocUnsafeSlow(Math.ceil(size / 8) * 8)
}

/**
 * Memory of segments that are gone, or have left the cache, for the next ones: it is mapped already, which is most of what fresh
 * memory costs.
 */
export class SegmentMemory {
  readonly #options: LogOptions
  readonly #free: Buffer[] = []

  constructor(options: LogOptions) {
    this.#options = options
  }

  /** Bytes that segments held whole may take, free memory included where there is much of it. */
  get budget(): number {
    const { memorySizeMax, cacheSize } = this.#options
    return memorySizeMax > 0 ? memorySizeMax : cacheSize * RESIDENT_SHARE
  }

  /** Memory of `size` bytes with anything in it. */
  take(size: number): Buffer {
    return (size === this.#options.segmentSize ? this.#free.pop() : undefined) ?? allocate(size)
  }

  /**
   * Takes memory that nobody reads any more. It is kept within the budget of which segments take `residentSize` bytes, so that
   * it is no more than they took before.
   */
  give(memory: Buffer, residentSize: number): void {
    const { segmentSize, memorySizeMax } = this.#options
    if (memory.length !== segmentSize) return
    const count = this.#free.length + 1
    const isWithin = residentSize + count * segmentSize <= this.budget
    if (isWithin || (memorySizeMax === 0 && count <= KEPT_MIN)) this.#free.push(memory)
  }
}
