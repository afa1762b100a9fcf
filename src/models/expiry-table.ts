import { CLASS_SIZES, HashIndex } from '../../segments/index.js'

const CHUNK_ROWS = 1 << 11
/** expireAt (f64, two words), expiry record's segment and position, value's segment and position, hash high and low. */
const WORDS = 8

/**
 * When keys expire: a row for each key that does, off the heap, in chunks so that growing never copies much. A row is
 * found by the key's hash and the place of the value that it is bound to. Rows have no gaps, so that a row picked at random is
 * always one in use: otherwise the last of many keys would hardly ever be found. An entry's tag is the size class of the expiry's
 * record.
 */
export class ExpiryTable {
  readonly #deadSizes: number[]
  #index = new HashIndex({ tableBits: 6 })
  #chunks: { words: Int32Array; times: Float64Array }[] = []
  #rows = 0
  /** The row found last. */
  expireAt = 0
  recordSegment = 0
  recordPosition = 0
  valueSegment = 0
  valuePosition = 0

  /** @param deadSizes where the bytes of records are counted that are superseded or removed, by segment number */
  constructor(deadSizes: number[] = []) {
    this.#deadSizes = deadSizes
  }

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

  /** Whether the time of the value at a place, which has a row, has come. */
  hasExpired(hi: number, lo: number, valueSegment: number, valuePosition: number, now: number): boolean {
    this.find(hi, lo, valueSegment, valuePosition)
    return this.expireAt <= now
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
    sizeClass = 0,
  ): void {
    let row: number
    if (this.find(hi, lo, valueSegment, valuePosition)) {
      this.#countDead()
      row = this.#index.position
      this.#index.update(0, row, sizeClass)
    } else {
      row = this.#rows++
      if (row >= this.#chunks.length * CHUNK_ROWS) this.#addChunk()
      this.#index.insert(hi, lo, 0, row, sizeClass)
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

  /** Counts the record of the row found last. */
  #countDead(): void {
    this.#deadSizes[this.recordSegment]! += CLASS_SIZES[this.#index.tag]!
  }

  remove(hi: number, lo: number, valueSegment: number, valuePosition: number): void {
    if (!this.find(hi, lo, valueSegment, valuePosition)) return
    this.#countDead()
    const row = this.#index.position
    this.#index.remove()
    const last = --this.#rows
    if (last !== row) this.#moveRow(last, row)
    // One chunk is kept in hand, so that a count about a chunk's end does not make and drop it again and again.
    if ((this.#chunks.length - 1) * CHUNK_ROWS > last + CHUNK_ROWS) this.#chunks.pop()
  }

  #moveRow(from: number, to: number): void {
    const source = this.#chunks[Math.floor(from / CHUNK_ROWS)]!.words
    const start = (from % CHUNK_ROWS) * WORDS
    const index = this.#index
    const hi = source[start + 6]!
    const lo = source[start + 7]!
    for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
      if (index.position !== from) continue
      index.update(0, to, index.tag)
      break
    }
    const target = this.#chunks[Math.floor(to / CHUNK_ROWS)]!.words
    target.set(source.subarray(start, start + WORDS), (to % CHUNK_ROWS) * WORDS)
  }

  /** Follows a value that compaction has moved. */
  moveValue(hi: number, lo: number, oldSegment: number, oldPosition: number, segment: number, position: number): void {
    if (!this.find(hi, lo, oldSegment, oldPosition)) return
    const { words, at } = this.#rowOf(this.#index.position)
    words[at + 4] = segment
    words[at + 5] = position
  }

  /** Follows the record of the expiry found last, which compaction has moved. */
  moveRecord(segment: number, position: number): void {
    const { words, at } = this.#rowOf(this.#index.position)
    words[at + 2] = segment
    words[at + 3] = position
  }

  #rowOf(row: number): { words: Int32Array; at: number } {
    return { words: this.#chunks[Math.floor(row / CHUNK_ROWS)]!.words, at: (row % CHUNK_ROWS) * WORDS }
  }

  clear(): void {
    this.#index = new HashIndex({ tableBits: 6 })
    this.#chunks = []
    this.#rows = 0
  }

  /** Points at a row by number; false when there is none. */
  seekRow(row: number): boolean {
    if (row >= this.#rows) return false
    this.#read(row)
    return true
  }

  /** The range to sample from. */
  get rows(): number {
    return this.#rows
  }

  /**
   * Counts the rows of a chunk by the segment that the expiry's record lies in, where `counts` has a number that is not negative.
   * To be gone through from the last chunk down to the first: rows that move go down, so none is missed.
   */
  countRecords(chunk: number, counts: Int32Array): void {
    const words = this.#chunks[chunk]?.words
    const count = Math.min(CHUNK_ROWS, this.#rows - chunk * CHUNK_ROWS)
    for (let row = 0; words !== undefined && row < count; row++) {
      const segment = words[row * WORDS + 2]!
      if (segment < counts.length && counts[segment]! >= 0) counts[segment]!++
    }
  }

  get chunkCount(): number {
    return this.#chunks.length
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
