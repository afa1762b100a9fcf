const TWO_21 = 0x20_0000

/**
 * Keys that were deleted, or lost their expiry, by records that may not be committed yet: a reply that says that something
 * is absent has to wait for those. Two generations, so that old ones go without a walk; at most what is uncommitted.
 */
export class RecentRemovals {
  #young = new Map<number, number>()
  #old = new Map<number, number>()
  #youngMax = 0
  #oldMax = 0

  get isEmpty(): boolean {
    return this.#young.size === 0 && this.#old.size === 0
  }

  /** Notes that the key with this hash is gone once the log is committed up to `gate`. */
  add(hi: number, lo: number, gate: number): void {
    this.#young.set(fold(hi, lo), gate)
    this.#youngMax = gate
  }

  /** What the absence of the key waits for; 0 when it is old. A foreign key with the same hash waits in vain, no harm done. */
  gate(hi: number, lo: number): number {
    const key = fold(hi, lo)
    return this.#young.get(key) ?? this.#old.get(key) ?? 0
  }

  /** Forgets what has been committed. */
  committed(offset: number): void {
    if (this.isEmpty) return
    if (this.#oldMax > offset) return
    this.#old = this.#young
    this.#oldMax = this.#youngMax
    this.#young = new Map()
    if (this.#oldMax <= offset) this.#old = new Map()
  }
}

/** 53 bits of the hash. */
function fold(hi: number, lo: number): number {
  return (hi >>> 11) * TWO_21 * 2048 + (lo >>> 0)
}
