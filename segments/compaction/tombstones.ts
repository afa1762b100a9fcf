import type { Segment } from '../segment.js'

/**
 * Which tombstones can go: those for which no older version is left of what they bury. A tombstone names the first offset
 * that it may bury. Every segment from there on has to have been rewritten since the tombstone was written; those of the
 * run are being rewritten now.
 */
export class TombstoneRule {
  readonly #ends: number[] = []
  /** From here on to the run, everything dead below this offset is gone. */
  readonly #cleanOffsets: number[] = []
  readonly #runBase: number

  /** @param before the segments in front of the run, in order */
  constructor(before: readonly Segment[], runBase: number) {
    this.#runBase = runBase
    let clean = Infinity
    for (let i = before.length - 1; i >= 0; i--) {
      clean = Math.min(clean, before[i]!.cleanOffset)
      this.#ends[i] = before[i]!.endOffset
      this.#cleanOffsets[i] = clean
    }
  }

  /** @param first the first offset that the tombstone at `offset`, in the run, may bury */
  mayGo(first: number, offset: number): boolean {
    if (first >= this.#runBase) return true
    // The first segment that reaches beyond `first`.
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle]! <= first) low = middle + 1
      else high = middle
    }
    return low === this.#ends.length || this.#cleanOffsets[low]! > offset
  }
}
