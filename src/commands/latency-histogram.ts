/*
 * Redis counts times in an HDR histogram of two digits, from 1 ns to 1 s; this is the same one. Values below 256 ns have a bucket
 * each; of every power of two above that, 128 buckets of equal width: none is wider than a 128th of its values.
 */

/** Buckets of one width; the first ones have twice as many. */
const HALF_COUNT = 128
const VALUE_MAX = 1_000_000_000
const BUCKET_COUNT = bucketOf(VALUE_MAX) + 1

/** How often which times were measured; bounded, whatever they are: some 24 KB. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKET_COUNT)
  #total = 0

  /** Notes that `count` calls took `ns` each. Longer than 1 s counts as that. */
  add(ns: number, count: number): void {
    this.#counts[bucketOf(Math.min(VALUE_MAX, Math.max(0, Math.round(ns))))]! += count
    this.#total += count
  }

  /** The time in ns that so many per cent of the calls took at most: the end of its bucket. 0 where there were none. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.floor((percent / 100) * this.#total + 0.5))
    let seen = 0
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      seen += this.#counts[bucket]!
      if (seen >= wanted) return lastOf(bucket)
    }
    return 0
  }
}

/** By how many bits the buckets of a value are wider than 1. */
function shiftOf(ns: number): number {
  return Math.max(0, 24 - Math.clz32(ns))
}

function bucketOf(ns: number): number {
  const shift = shiftOf(ns)
  return shift * HALF_COUNT + (ns >>> shift)
}

/** The largest value of a bucket. */
function lastOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / HALF_COUNT) - 1)
  return (bucket - shift * HALF_COUNT + 1) * 2 ** shift - 1
}
