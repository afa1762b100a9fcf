import type { HashIndex, Log } from '../../segments/index.js'

/** Keys at a time: more accesses than that no core has under way to memory at once. */
export const KEY_BATCH_SIZE = 16

/**
 * Some keys, of one command or of requests that came together, that are about to be looked up: hashed, and their index entries
 * and records asked of memory all at once. A look-up is two dependent accesses to memory that mostly is in no cache. One look-up
 * after the other waits for each of them, since a processor looks ahead some hundred instructions only; in loops as short as
 * these it sees the accesses of the keys to come while the first is still under way.
 */
export class KeyBatch {
  readonly #index: HashIndex
  readonly #log: Log
  /** Hashes of the keys taken last. */
  readonly his = new Int32Array(KEY_BATCH_SIZE)
  readonly los = new Int32Array(KEY_BATCH_SIZE)
  /** Where their records lie, as far as the index knows. */
  readonly #segments = new Int32Array(KEY_BATCH_SIZE)
  readonly #positions = new Uint32Array(KEY_BATCH_SIZE)
  /** What was read on the way: nobody wants it, and so it must be kept, or nothing would be read. */
  #sum = 0

  constructor(index: HashIndex, log: Log) {
    this.#index = index
    this.#log = log
  }

  /**
   * Takes the keys from the `first` argument on, every `step`th, up to {@link KEY_BATCH_SIZE} of them or to the last of `count`
   * arguments. The hash of the nth is then at n of {@link his} and {@link los}.
   */
  take(buf: Buffer, starts: Int32Array, ends: Int32Array, count: number, first: number, step: number): void {
    const { hasher, reader } = this.#log
    let taken = 0
    for (let i = first; i < count && taken < KEY_BATCH_SIZE; i += step) {
      hasher.hash(buf, starts[i]!, ends[i]!)
      this.his[taken] = hasher.hi
      this.los[taken] = hasher.lo
      taken++
    }
    this.#index.touch(this.his, this.los, taken, this.#segments, this.#positions)
    this.#sum = (this.#sum + reader.touch(this.#segments, this.#positions, taken)) | 0
  }
}
