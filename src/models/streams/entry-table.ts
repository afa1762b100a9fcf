import { CLASS_SIZES } from '../../../segments/index.js'
import type { RecordChunk } from '../objects/object-state.js'
import type { StreamId } from './stream-id.js'

const CHUNK_CAPACITY_MIN = 8
const CHUNK_CAPACITY_MAX = 512
/** Larger distances between offsets do not fit into a chunk's words. */
const DELTA_MAX = 0xffff_ffff
/** Delta, segment and position, and the size class. */
const ENTRY_BYTES = 13
/** What a chunk takes beside its entries, more or less. */
const CHUNK_BYTES = 700

/** Some entries of a stream, in order, in columns; those from `first` to `end` (exclusive) are there. */
class EntryChunk implements RecordChunk {
  /** Offset that the deltas count from: no entry of an earlier chunk has one as high, none of this chunk a lower one. */
  readonly base: number
  deltas!: Uint32Array
  segments!: Uint32Array
  positions!: Uint32Array
  sizeClasses!: Uint8Array
  first = 0
  end = 0
  /** No entry of an earlier chunk has an id as high, none of this chunk a lower one; null: nobody has asked since the start. */
  id: StreamId | null

  constructor(base: number, id: StreamId | null) {
    this.base = base
    this.id = id
    this.#allocate(CHUNK_CAPACITY_MIN)
  }

  get count(): number {
    return this.end - this.first
  }

  get capacity(): number {
    return this.sizeClasses.length
  }

  #allocate(capacity: number): void {
    const bytes = new ArrayBuffer(capacity * ENTRY_BYTES)
    this.deltas = new Uint32Array(bytes, 0, capacity)
    this.segments = new Uint32Array(bytes, capacity * 4, capacity)
    this.positions = new Uint32Array(bytes, capacity * 8, capacity)
    this.sizeClasses = new Uint8Array(bytes, capacity * 12, capacity)
  }

  /** Makes room for one more entry; false when the chunk is full. */
  makeRoom(): boolean {
    if (this.end < this.capacity) return true
    if (this.capacity === CHUNK_CAPACITY_MAX) return false
    const { deltas, segments, positions, sizeClasses } = this
    this.#allocate(this.capacity * 8)
    this.deltas.set(deltas)
    this.segments.set(segments)
    this.positions.set(positions)
    this.sizeClasses.set(sizeClasses)
    return true
  }

  offsetAt(slot: number): number {
    return this.base + this.deltas[slot]!
  }

  /** Slot of the first entry whose offset is not lower. */
  slotOf(offset: number): number {
    const { deltas } = this
    const delta = offset - this.base
    let low = this.first
    let high = this.end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (deltas[middle]! < delta) low = middle + 1
      else high = middle
    }
    return low
  }

  removeSlot(slot: number): void {
    if (slot === this.first) {
      this.first++
      return
    }
    this.deltas.copyWithin(slot, slot + 1, this.end)
    this.segments.copyWithin(slot, slot + 1, this.end)
    this.positions.copyWithin(slot, slot + 1, this.end)
    this.sizeClasses.copyWithin(slot, slot + 1, this.end)
    this.end--
  }
}

/** A place among the entries of a stream; valid until one is removed. */
export interface EntryPosition {
  chunk: number
  slot: number
}

/**
 * Where the records of a stream's entries lie, in order: 13 bytes an entry and about one for its share of a chunk. Ids are not here,
 * but of one in five hundred: they are read in the log.
 */
export class EntryTable {
  readonly chunks: EntryChunk[] = []
  readonly #deadSizes: number[]
  count = 0
  /** Bytes that the entries' records take in the log. */
  recordsSize = 0
  /** No entry has had a record of a higher size class. */
  sizeClassMax = 0
  /** The highest offset that an entry has ever had, -1: there was none. */
  newestOffset = -1

  /** @param deadSizes where the bytes of records are counted that are removed, by segment number */
  constructor(deadSizes: number[]) {
    this.#deadSizes = deadSizes
  }

  get byteSize(): number {
    let size = 0
    for (const chunk of this.chunks) size += CHUNK_BYTES + chunk.capacity * ENTRY_BYTES
    return size
  }

  /** Adds an entry behind all others. @param id as far as it is known */
  append(offset: number, segment: number, position: number, sizeClass: number, id: StreamId | null): void {
    let chunk = this.chunks.at(-1)
    if (chunk === undefined || offset - chunk.base > DELTA_MAX || !chunk.makeRoom()) {
      chunk = new EntryChunk(offset, id === null ? null : id.clone())
      this.chunks.push(chunk)
    }
    const slot = chunk.end++
    chunk.deltas[slot] = offset - chunk.base
    chunk.segments[slot] = segment
    chunk.positions[slot] = position
    chunk.sizeClasses[slot] = sizeClass
    if (sizeClass > this.sizeClassMax) this.sizeClassMax = sizeClass
    this.newestOffset = offset
    this.count++
    this.recordsSize += CLASS_SIZES[sizeClass]!
  }

  /** Points at the first entry; at the end where there is none. */
  toFirst(at: EntryPosition): void {
    at.chunk = 0
    at.slot = this.chunks.length > 0 ? this.chunks[0]!.first : 0
  }

  toEnd(at: EntryPosition): void {
    at.chunk = this.chunks.length
    at.slot = 0
  }

  isEnd(at: EntryPosition): boolean {
    return at.chunk >= this.chunks.length
  }

  /** Moves on by so many entries, to the end where there are no more. */
  advance(at: EntryPosition, count: number): void {
    let left = count
    while (at.chunk < this.chunks.length) {
      const chunk = this.chunks[at.chunk]!
      if (at.slot + left < chunk.end) {
        at.slot += left
        return
      }
      left -= chunk.end - at.slot
      at.chunk++
      at.slot = at.chunk < this.chunks.length ? this.chunks[at.chunk]!.first : 0
    }
  }

  /** Moves back by one; false at the first entry. */
  back(at: EntryPosition): boolean {
    if (at.chunk < this.chunks.length && at.slot > this.chunks[at.chunk]!.first) {
      at.slot--
      return true
    }
    if (at.chunk === 0) return false
    at.chunk--
    at.slot = this.chunks[at.chunk]!.end - 1
    return true
  }

  /** How many entries there are from one place to another, which is not before it; counts no further than `max`. */
  distance(from: EntryPosition, to: EntryPosition, max: number): number {
    const { chunks } = this
    let distance = 0
    for (let i = from.chunk; i <= to.chunk && i < chunks.length && distance < max; i++) {
      const start = i === from.chunk ? from.slot : chunks[i]!.first
      distance += (i === to.chunk ? to.slot : chunks[i]!.end) - start
    }
    return Math.min(max, distance)
  }

  /** Points at the first entry whose offset is not lower; says whether it is the one with that offset. */
  seekOffset(offset: number, at: EntryPosition): boolean {
    let low = 0
    let high = this.chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.chunks[middle]!.base <= offset) low = middle + 1
      else high = middle
    }
    if (low === 0) {
      this.toFirst(at)
      return false
    }
    at.chunk = low - 1
    const chunk = this.chunks[at.chunk]!
    at.slot = chunk.slotOf(offset)
    if (at.slot < chunk.end) return chunk.offsetAt(at.slot) === offset
    at.chunk++
    at.slot = at.chunk < this.chunks.length ? this.chunks[at.chunk]!.first : 0
    return false
  }

  offsetAt({ chunk, slot }: EntryPosition): number {
    return this.chunks[chunk]!.offsetAt(slot)
  }

  segmentAt({ chunk, slot }: EntryPosition): number {
    return this.chunks[chunk]!.segments[slot]!
  }

  positionAt({ chunk, slot }: EntryPosition): number {
    return this.chunks[chunk]!.positions[slot]!
  }

  /** Whether the entry with this offset is there, and its record lies at this place. */
  isAt(offset: number, segment: number, position: number): boolean {
    if (!this.seekOffset(offset, scratch)) return false
    return this.segmentAt(scratch) === segment && this.positionAt(scratch) === position
  }

  /** Follows the record of an entry, if it lies where it is said to. */
  move(offset: number, from: number, fromPosition: number, segment: number, position: number): boolean {
    if (!this.isAt(offset, from, fromPosition)) return false
    const chunk = this.chunks[scratch.chunk]!
    chunk.segments[scratch.slot] = segment
    chunk.positions[scratch.slot] = position
    return true
  }

  /** Removes one entry. */
  removeAt(at: EntryPosition): void {
    const chunk = this.chunks[at.chunk]!
    this.#countDead(chunk, at.slot)
    chunk.removeSlot(at.slot)
    if (chunk.count === 0) this.chunks.splice(at.chunk, 1)
  }

  /** Removes all entries before a place. Returns how many. */
  removeBefore(at: EntryPosition): number {
    const before = this.count
    for (let i = 0; i < at.chunk; i++) {
      const chunk = this.chunks[i]!
      for (let slot = chunk.first; slot < chunk.end; slot++) this.#countDead(chunk, slot)
    }
    this.chunks.splice(0, at.chunk)
    const chunk = this.chunks[0]
    if (chunk !== undefined) while (chunk.first < at.slot) this.#countDead(chunk, chunk.first++)
    return before - this.count
  }

  #countDead(chunk: EntryChunk, slot: number): void {
    const size = CLASS_SIZES[chunk.sizeClasses[slot]!]!
    this.#deadSizes[chunk.segments[slot]!]! += size
    this.recordsSize -= size
    this.count--
  }
}

const scratch: EntryPosition = { chunk: 0, slot: 0 }
