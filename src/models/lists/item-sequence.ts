import { CHUNK_CAPACITY, ItemChunk } from './item-chunk.js'

/** Chunks that lie side by side are made one when both together fill no more than this. */
const MERGED_COUNT_MAX = CHUNK_CAPACITY >>> 1
/** Bytes that the sequence takes beside its chunks. */
const SEQUENCE_OVERHEAD = 200

/**
 * The items of a list in ascending order, each with the place of its record: an array of chunks. Both ends take constant time, an
 * index or an order is found by halving. What is looked for last is where the sequence *stands*: {@link order}, {@link segment} ... tell
 * of that item until the sequence changes.
 */
export class ItemSequence {
  count = 0
  readonly #chunks: ItemChunk[] = []
  /**
   * So many chunks, from the left, know their start. Starts count from an origin that moves with the first chunk, so that what happens at
   * the ends changes none of the others; what happens in between leaves those to the right to be counted again when somebody asks.
   */
  #counted = 0
  /** Where the sequence stands. */
  #at = 0
  #chunk: ItemChunk = NO_CHUNK
  #slot = 0

  /** Bytes of memory. */
  get byteSize(): number {
    let size = SEQUENCE_OVERHEAD
    for (const chunk of this.#chunks) size += chunk.byteSize
    return size
  }

  get order(): number {
    return this.#chunk.orders[this.#slot]!
  }

  get segment(): number {
    return this.#chunk.segments[this.#slot]!
  }

  get position(): number {
    return this.#chunk.positions[this.#slot]!
  }

  get sizeClass(): number {
    return this.#chunk.sizeClasses[this.#slot]!
  }

  /** Index of the item that the sequence stands on. */
  get index(): number {
    this.#countStarts()
    return this.#chunk.start - this.#chunks[0]!.start + this.#slot - this.#chunk.first
  }

  /** The lowest order; Infinity when there is no item. */
  get firstOrder(): number {
    const chunk = this.#chunks[0]
    return chunk === undefined ? Infinity : chunk.orders[chunk.first]!
  }

  /** The highest order; -Infinity when there is no item. */
  get lastOrder(): number {
    const chunk = this.#chunks[this.#chunks.length - 1]
    return chunk === undefined ? -Infinity : lastOrderOf(chunk)
  }

  // ---- looking for an item

  /** Stands on the item with this index; false when there is none. */
  seek(index: number): boolean {
    if (index < 0 || index >= this.count) return false
    const chunks = this.#chunks
    const first = chunks[0]!
    if (index < first.count) return this.#stand(0, first.first + index)
    const last = chunks[chunks.length - 1]!
    const fromEnd = this.count - index
    if (fromEnd <= last.count) return this.#stand(chunks.length - 1, last.end - fromEnd)
    this.#countStarts()
    const wanted = first.start + index
    let low = 0
    let high = chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (chunks[middle]!.start <= wanted) low = middle
      else high = middle - 1
    }
    const chunk = chunks[low]!
    return this.#stand(low, chunk.first + wanted - chunk.start)
  }

  /** Stands on the item with this order; false when there is none. */
  find(order: number): boolean {
    if (this.count === 0) return false
    const at = this.#chunkOf(order)
    const chunk = this.#chunks[at]!
    const slot = chunk.slotOf(order)
    return slot < chunk.end && chunk.orders[slot] === order && this.#stand(at, slot)
  }

  /** Goes one to the right; false, and stays, at the end. */
  next(): boolean {
    if (this.#slot + 1 < this.#chunk.end) {
      this.#slot++
      return true
    }
    const at = this.#at + 1
    return at < this.#chunks.length && this.#stand(at, this.#chunks[at]!.first)
  }

  /** Goes one to the left; false, and stays, at the beginning. */
  previous(): boolean {
    if (this.#slot > this.#chunk.first) {
      this.#slot--
      return true
    }
    const at = this.#at - 1
    return at >= 0 && this.#stand(at, this.#chunks[at]!.end - 1)
  }

  #stand(at: number, slot: number): true {
    this.#at = at
    this.#chunk = this.#chunks[at]!
    this.#slot = slot
    return true
  }

  /** The first chunk that does not end below this order; the last one where all do. */
  #chunkOf(order: number): number {
    const chunks = this.#chunks
    let low = 0
    let high = chunks.length - 1
    // What dies or moves is mostly at one of the ends.
    if (high > 0 && chunks[high]!.orders[chunks[high]!.first]! <= order) return high
    if (high > 0 && lastOrderOf(chunks[0]!) >= order) return 0
    while (low < high) {
      const middle = (low + high) >>> 1
      if (lastOrderOf(chunks[middle]!) < order) low = middle + 1
      else high = middle
    }
    return low
  }

  #countStarts(): void {
    const chunks = this.#chunks
    for (let at = this.#counted; at < chunks.length; at++) {
      const before = chunks[at - 1]
      chunks[at]!.start = before === undefined ? 0 : before.start + before.count
    }
    this.#counted = chunks.length
  }

  // ---- changing it

  /** Adds an item behind all others; its order must be above all of theirs. */
  pushRight(order: number, segment: number, position: number, sizeClass: number): void {
    const chunks = this.#chunks
    let chunk = chunks[chunks.length - 1]
    if (chunk?.makeRoomRight() !== true) chunk = this.#addRight(chunk)
    chunk.set(chunk.end++, order, segment, position, sizeClass)
    this.count++
  }

  #addRight(last: ItemChunk | undefined): ItemChunk {
    const chunk = new ItemChunk(last === undefined ? undefined : CHUNK_CAPACITY)
    if (this.#counted === this.#chunks.length) {
      if (last !== undefined) chunk.start = last.start + last.count
      this.#counted++
    }
    this.#chunks.push(chunk)
    return chunk
  }

  /** Adds an item in front of all others; its order must be below all of theirs. */
  pushLeft(order: number, segment: number, position: number, sizeClass: number): void {
    let chunk = this.#chunks[0]
    if (chunk?.makeRoomLeft() !== true) chunk = this.#addLeft(chunk)
    chunk.set(--chunk.first, order, segment, position, sizeClass)
    chunk.start--
    this.count++
  }

  #addLeft(first: ItemChunk | undefined): ItemChunk {
    const chunk = first === undefined ? new ItemChunk() : new ItemChunk(CHUNK_CAPACITY, CHUNK_CAPACITY)
    if (first === undefined) chunk.makeRoomLeft()
    else chunk.start = first.start
    this.#chunks.unshift(chunk)
    this.#counted++
    return chunk
  }

  /** Takes the first item away. There must be one. */
  popLeft(): void {
    const chunk = this.#chunks[0]!
    chunk.first++
    chunk.start++
    this.count--
    if (chunk.count === 0) {
      this.#chunks.shift()
      this.#counted = Math.max(this.#counted - 1, Math.min(1, this.#chunks.length))
    } else chunk.shrink()
  }

  /** Takes the last item away. There must be one. */
  popRight(): void {
    const chunks = this.#chunks
    const chunk = chunks[chunks.length - 1]!
    chunk.end--
    this.count--
    if (chunk.count === 0) {
      chunks.pop()
      this.#counted = Math.min(this.#counted, chunks.length)
    } else chunk.shrink()
  }

  /** Adds an item where its order puts it; no other must have that order. */
  insert(order: number, segment: number, position: number, sizeClass: number): void {
    const chunks = this.#chunks
    if (order > this.lastOrder) {
      this.pushRight(order, segment, position, sizeClass)
      return
    }
    if (order < this.firstOrder) {
      this.pushLeft(order, segment, position, sizeClass)
      return
    }
    let at = this.#chunkOf(order)
    this.#counted = Math.min(this.#counted, at + 1)
    if (chunks[at]!.isFull) {
      chunks.splice(at + 1, 0, chunks[at]!.split())
      if (lastOrderOf(chunks[at]!) < order) at++
    }
    const chunk = chunks[at]!
    chunk.insert(chunk.slotOf(order), order, segment, position, sizeClass)
    this.count++
  }

  /** The item that the sequence stands on has its record here. */
  setPlace(segment: number, position: number, sizeClass: number): void {
    this.#chunk.setPlace(this.#slot, segment, position, sizeClass)
  }

  /** Takes the item away that the sequence stands on; it stands nowhere then. */
  remove(): void {
    const at = this.#at
    const chunks = this.#chunks
    if (at === 0 && this.#slot === this.#chunk.first) this.popLeft()
    else if (at === chunks.length - 1 && this.#slot === this.#chunk.end - 1) this.popRight()
    else {
      this.#chunk.remove(this.#slot)
      this.count--
      if (this.#chunk.count === 0) {
        chunks.splice(at, 1)
        this.#counted = Math.min(this.#counted, Math.max(at, 1))
      } else {
        this.#counted = Math.min(this.#counted, at + 1)
        this.#merge(at)
      }
    }
    this.#chunk = NO_CHUNK
  }

  /** Makes a chunk one with its right or its left neighbour where they are small enough. */
  #merge(at: number): void {
    const chunks = this.#chunks
    const canMerge = (i: number): boolean =>
      i >= 0 && i + 1 < chunks.length && chunks[i]!.count + chunks[i + 1]!.count <= MERGED_COUNT_MAX
    const left = canMerge(at) ? at : at - 1
    if (!canMerge(left)) return
    const right = chunks[left + 1]!
    chunks[left]!.append(right, right.first, right.end)
    chunks.splice(left + 1, 1)
    this.#counted = Math.min(this.#counted, left + 1)
  }

  // ---- all of it

  /** The items in columns, in order. */
  get chunks(): Iterable<ItemChunk> {
    return this.#chunks
  }
}

const NO_CHUNK = new ItemChunk()

function lastOrderOf(chunk: ItemChunk): number {
  return chunk.orders[chunk.end - 1]!
}
