/** What is known of one of many things that were weighed. */
export interface Weighed<T> {
  readonly item: T
  /** Its weight, or up to `errorMax` less than that. */
  readonly weight: number
}

/**
 * The heaviest of any number of things, in bounded memory. Exact for as long as there are no more different things than
 * `capacity`. When there are twice as many, the weight of the middle one is taken off all, and what has none left is forgotten, as
 * Misra and Gries do with the lightest one ("A High-Performance Algorithm for Identifying Frequent Items in Data Streams", Anderson
 * and others, 2017). What has been taken off in all is the error, which is at most the total by `capacity`.
 */
export class HeavyHitters<T> {
  readonly #capacity: number
  readonly #byId = new Map<number, { item: T; weight: number }>()
  #errorMax = 0
  total = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Every weight is too small by no more than this, and nothing heavier than this is missing. 0: all is exact. */
  get errorMax(): number {
    return this.#errorMax
  }

  /** Number of things that are remembered: of all, while it is exact. */
  get count(): number {
    return this.#byId.size
  }

  /**
   * Adds weight to a thing.
   * @param id tells it from others
   * @returns what is kept of it; undefined when it is new: then {@link addNew} takes it
   */
  add(id: number, weight: number): T | undefined {
    const known = this.#byId.get(id)
    if (known === undefined) return undefined
    this.total += weight
    known.weight += weight
    return known.item
  }

  /** Begins to weigh a thing. */
  addNew(id: number, weight: number, item: T): void {
    this.total += weight
    this.#byId.set(id, { item, weight })
    if (this.#byId.size >= this.#capacity * 2) this.#forget()
  }

  #forget(): void {
    const weights = Float64Array.from(this.#byId.values(), ({ weight }) => weight).sort()
    const middle = weights[weights.length >>> 1]!
    this.#errorMax += middle
    for (const [id, known] of this.#byId) {
      known.weight -= middle
      if (known.weight <= 0) this.#byId.delete(id)
    }
  }

  /** The heaviest, at most `count`, the heaviest first. */
  top(count: number): Weighed<T>[] {
    return [...this.#byId]
      .sort(([aId, a], [bId, b]) => b.weight - a.weight || aId - bId)
      .slice(0, count)
      .map(([, { item, weight }]) => ({ item, weight }))
  }
}
