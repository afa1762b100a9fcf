/**
 * What a restart needs of each record of a segment, in columns, in the order of the log. Kept for the active segment
 * while it grows; a sealed segment's columns lie in its side file.
 */
export class RestartColumns {
  count = 0
  /** hash high word, hash low word, position: three words a record. */
  words: Int32Array
  /** kind in the low byte, flags in the high one. */
  kinds: Uint16Array
  datumCount = 0
  /** Which records have a datum, and it. */
  datumRecords: Uint32Array
  data: Float64Array

  constructor(capacity = 1024) {
    this.words = new Int32Array(capacity * 3)
    this.kinds = new Uint16Array(capacity)
    this.datumRecords = new Uint32Array(16)
    this.data = new Float64Array(16)
  }

  /** Forgets all records; the memory stays. */
  clear(): void {
    this.count = 0
    this.datumCount = 0
  }

  add(hi: number, lo: number, position: number, kind: number, flags: number): void {
    const i = this.count
    if (i === this.kinds.length) this.#grow()
    const at = i * 3
    this.words[at] = hi
    this.words[at + 1] = lo
    this.words[at + 2] = position
    this.kinds[i] = kind | (flags << 8)
    this.count = i + 1
  }

  /** Adds the datum of the record that was added last. */
  addDatum(datum: number): void {
    const i = this.datumCount
    if (i === this.data.length) {
      const capacity = nextCapacity(i)
      this.datumRecords = grown(this.datumRecords, new Uint32Array(capacity))
      this.data = grown(this.data, new Float64Array(capacity))
    }
    this.datumRecords[i] = this.count - 1
    this.data[i] = datum
    this.datumCount = i + 1
  }

  /** How many of the records before this one have a datum. */
  dataBefore(record: number): number {
    const { datumRecords, datumCount } = this
    if (datumCount === 0 || datumRecords[0]! >= record) return 0
    return lastAtMost(datumRecords, datumCount, record - 1) + 1
  }

  #grow(): void {
    const capacity = nextCapacity(this.kinds.length)
    this.words = grown(this.words, new Int32Array(capacity * 3))
    this.kinds = grown(this.kinds, new Uint16Array(capacity))
  }
}

/** Twice as much; what was read from a side file may have none at all. */
function nextCapacity(capacity: number): number {
  return Math.max(16, capacity * 2)
}

function grown<T extends Int32Array | Uint16Array | Uint32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old)
  return larger
}

/** Where batches start, one entry for at least every {@link SPARSE_STEP} bytes: a place or an offset finds its batch by it. */
export class SparseIndex {
  count = 0
  positions: Uint32Array
  offsets: Float64Array

  constructor(capacity = 64) {
    this.positions = new Uint32Array(capacity)
    this.offsets = new Float64Array(capacity)
  }

  /** Tells of every batch, in order; keeps those that are far enough from the last one kept, and those that must be kept. */
  add(position: number, baseOffset: number, isKept = false): void {
    const i = this.count
    if (i > 0 && !isKept && position - this.positions[i - 1]! < SPARSE_STEP) return
    if (i === this.positions.length) {
      const capacity = nextCapacity(i)
      this.positions = grown(this.positions, new Uint32Array(capacity))
      this.offsets = grown(this.offsets, new Float64Array(capacity))
    }
    this.positions[i] = position
    this.offsets[i] = baseOffset
    this.count = i + 1
  }

  /** Bytes between one entry and the next, or the end, at most: no batch is larger. */
  stepMax(end: number): number {
    let max = 0
    let next = end
    for (let i = this.count - 1; i >= 0; i--) {
      max = Math.max(max, next - this.positions[i]!)
      next = this.positions[i]!
    }
    return Math.max(max, next)
  }

  /** Number of the last entry at or before a position. */
  entryOf(position: number): number {
    return lastAtMost(this.positions, this.count, position)
  }

  /** Number of the last entry whose batch begins at or before an offset. */
  entryOfOffset(offset: number): number {
    return lastAtMost(this.offsets, this.count, offset)
  }
}

export const SPARSE_STEP = 4096

function lastAtMost(sorted: Uint32Array | Float64Array, count: number, wanted: number): number {
  let low = 0
  let high = count - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (sorted[middle]! <= wanted) low = middle
    else high = middle - 1
  }
  return low
}
