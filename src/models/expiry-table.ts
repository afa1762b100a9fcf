import { HashIndex } from '../../segments/index.js'

const CHUNK_ROWS = 1 << 11
/** expireAt (f64, two words), expiry record's segment and position, value's segment and position, hash high and low. */
const WORDS = 8

/**
 * When keys expire: a row for each key that does, off the heap, in chunks so that growing never copies much. A row is
 * found by the key's hash and the place of the value that it is bound to.
 */
export class ExpiryTable {
  #index = new HashIndex({ tableBits: 6 })
  #chunks: { words: Int32Array; times: Float64Array }[] = []
  #free: number[] = []
  #rows = 0
  /** The row found last. */
  expireAt = 0
  recordSegment = 0
  recordPosition = 0
  valueSegment = 0
  valuePosition = 0

  get count(): number {
    return this.#index.count
  }

  get byteSize(): number {
    return this.#index.byteSize + this.#chunks.length * CHUNK_ROWS * WORDS * 4
  }

  /** Finds the row of the value at a place. */
  find(hi: number, lo: number, valueSegment: number, valuePosition: number): boolean {
    const index = this.#index
    for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
      this.#read(index.position)
      if (this.valueSegment === valueSegment && this.valuePosition === valuePosition) return true
    }
    return false
  }

  /** Sets or replaces the row of the value at a place. */
  set(
    hi: number,
    lo: number,
    valueSegment: number,
    valuePosition: number,
    expireAt: number,
    recordSegment: number,
    recordPosition: number,
  ): void {
    let row: number
    if (this.find(hi, lo, valueSegment, valuePosition)) row = this.#index.position
    else {
      row = this.#free.pop() ?? this.#rows++
      if (row >= this.#chunks.length * CHUNK_ROWS) this.#addChunk()
      this.#index.insert(hi, lo, 0, row, 0)
    }
    const { words, times } = this.#chunks[Math.floor(row / CHUNK_ROWS)]!
    const at = (row % CHUNK_ROWS) * WORDS
    times[at / 2] = expireAt
    words[at + 2] = recordSegment
    words[at + 3] = recordPosition
    words[at + 4] = valueSegment
    words[at + 5] = valuePosition
    words[at + 6] = hi
    words[at + 7] = lo
  }

  remove(hi: number, lo: number, valueSegment: number, valuePosition: number): void {
    if (!this.find(hi, lo, valueSegment, valuePosition)) return
    const row = this.#index.position
    this.#chunks[Math.floor(row / CHUNK_ROWS)]!.times[((row % CHUNK_ROWS) * WORDS) / 2] = 0
    this.#free.push(row)
    this.#index.remove()
  }

  /** Follows a value that compaction has moved. */
  moveValue(hi: number, lo: number, oldSegment: number, oldPosition: number, segment: number, position: number): void {
    if (!this.find(hi, lo, oldSegment, oldPosition)) return
    const { expireAt, recordSegment, recordPosition } = this
    this.remove(hi, lo, oldSegment, oldPosition)
    this.set(hi, lo, segment, position, expireAt, recordSegment, recordPosition)
  }

  clear(): void {
    this.#index = new HashIndex({ tableBits: 6 })
    this.#chunks = []
    this.#free = []
    this.#rows = 0
  }

  /** Points at the row with a number below {@link rows}; false when it is empty. */
  seekRow(row: number): boolean {
    this.#read(row)
    return this.expireAt !== 0
  }

  /** Rows in use or free: the range to sample from. */
  get rows(): number {
    return this.#rows
  }

  #read(row: number): void {
    const { words, times } = this.#chunks[Math.floor(row / CHUNK_ROWS)]!
    const at = (row % CHUNK_ROWS) * WORDS
    this.expireAt = times[at / 2]!
    this.recordSegment = words[at + 2]!
    this.recordPosition = words[at + 3]! >>> 0
    this.valueSegment = words[at + 4]!
    this.valuePosition = words[at + 5]! >>> 0
  }

  #addChunk(): void {
    const words = new Int32Array(CHUNK_ROWS * WORDS)
    this.#chunks.push({ words, times: new Float64Array(words.buffer) })
  }
}
