import type { RecordChunk } from '../objects/object-state.js'

const CAPACITY_MIN = 4
/** Bytes of an item. */
const ITEM_SIZE = 8 + 4 + 4 + 1
/** Items that a chunk holds: few enough that room in its middle is made at once, so many that chunks cost nothing beside their items. */
export const CHUNK_CAPACITY = 1024
/** From this share of its room on a chunk grows instead of moving its items to the middle. */
const FILLED = 0.75
/** Bytes that a chunk takes beside its items: the object, four typed arrays and their buffers. */
const CHUNK_OVERHEAD = 800

/**
 * A stretch of a list in typed arrays of 17 bytes an item, in ascending order. The items lie in the slots from `first` to `end`
 * (exclusive) with room on either side, so that both ends are pushed to and popped from without moving the others.
 */
export class ItemChunk implements RecordChunk {
  orders: Float64Array
  segments: Uint32Array
  positions: Uint32Array
  sizeClasses: Uint8Array
  first: number
  end: number
  /** Index of its first item, counted from an origin of the list's own; see ItemSequence. */
  start = 0

  /** @param first where the first item will lie: 0 where it is to grow to the right, `capacity` to the left */
  constructor(capacity = CAPACITY_MIN, first = 0) {
    this.orders = new Float64Array(capacity)
    this.segments = new Uint32Array(capacity)
    this.positions = new Uint32Array(capacity)
    this.sizeClasses = new Uint8Array(capacity)
    this.first = first
    this.end = first
  }

  get count(): number {
    return this.end - this.first
  }

  get capacity(): number {
    return this.orders.length
  }

  get byteSize(): number {
    return CHUNK_OVERHEAD + this.capacity * ITEM_SIZE
  }

  set(slot: number, order: number, segment: number, position: number, sizeClass: number): void {
    this.orders[slot] = order
    this.setPlace(slot, segment, position, sizeClass)
  }

  setPlace(slot: number, segment: number, position: number, sizeClass: number): void {
    this.segments[slot] = segment
    this.positions[slot] = position
    this.sizeClasses[slot] = sizeClass
  }

  /** The slot of the first item whose order is not below the given one; {@link end} when there is none. */
  slotOf(order: number): number {
    const { orders } = this
    let low = this.first
    let high = this.end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (orders[middle]! < order) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Sees to a free slot at {@link end}; false when the chunk is full. */
  makeRoomRight(): boolean {
    if (this.end < this.capacity) return true
    if (this.#centre()) return true
    if (this.capacity === CHUNK_CAPACITY) return false
    this.#resize(this.capacity * 2, 0)
    return true
  }

  /** Sees to a free slot below {@link first}; false when the chunk is full. */
  makeRoomLeft(): boolean {
    if (this.first > 0) return true
    if (this.#centre()) return true
    if (this.capacity === CHUNK_CAPACITY) return false
    const capacity = this.capacity * 2
    this.#resize(capacity, capacity - this.count)
    return true
  }

  /** Moves the items to the middle, so that there is room on either side, unless too little of it is left. */
  #centre(): boolean {
    const { count, capacity } = this
    if (count >= capacity * FILLED) return false
    this.#moveTo((capacity - count) >>> 1)
    return true
  }

  #moveTo(first: number): void {
    this.#shift(this.first, this.end, first - this.first)
    this.end = first + this.count
    this.first = first
  }

  /** Moves the items in some slots by a distance. */
  #shift(from: number, to: number, distance: number): void {
    const at = from + distance
    this.orders.copyWithin(at, from, to)
    this.segments.copyWithin(at, from, to)
    this.positions.copyWithin(at, from, to)
    this.sizeClasses.copyWithin(at, from, to)
  }

  #resize(capacity: number, first: number): void {
    const { orders, segments, positions, sizeClasses, first: from, end: to } = this
    this.orders = new Float64Array(capacity)
    this.segments = new Uint32Array(capacity)
    this.positions = new Uint32Array(capacity)
    this.sizeClasses = new Uint8Array(capacity)
    this.first = first
    this.end = first
    this.#take(orders, segments, positions, sizeClasses, from, to)
  }

  /** Copies items behind its own. */
  #take(
    orders: Float64Array,
    segments: Uint32Array,
    positions: Uint32Array,
    sizeClasses: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { end } = this
    this.orders.set(orders.subarray(from, to), end)
    this.segments.set(segments.subarray(from, to), end)
    this.positions.set(positions.subarray(from, to), end)
    this.sizeClasses.set(sizeClasses.subarray(from, to), end)
    this.end = end + to - from
  }

  /** Puts an item in front of the one in a slot; the chunk must not be full. Moves those on the side that has fewer, if it has room. */
  insert(slot: number, order: number, segment: number, position: number, sizeClass: number): void {
    const before = slot - this.first
    const movesLeft = before * 2 < this.count ? this.makeRoomLeft() : !this.makeRoomRight()
    if (movesLeft) {
      this.makeRoomLeft()
      const at = this.first + before
      this.#shift(this.first, at, -1)
      this.first--
      this.set(at - 1, order, segment, position, sizeClass)
    } else {
      this.makeRoomRight()
      const at = this.first + before
      this.#shift(at, this.end, 1)
      this.end++
      this.set(at, order, segment, position, sizeClass)
    }
  }

  /** Whether no item fits any more. */
  get isFull(): boolean {
    return this.count === CHUNK_CAPACITY
  }

  remove(slot: number): void {
    if ((slot - this.first) * 2 < this.count) {
      this.#shift(this.first, slot, 1)
      this.first++
    } else {
      this.#shift(slot + 1, this.end, -1)
      this.end--
    }
    this.shrink()
  }

  /** Gives memory back once three quarters of it are free. */
  shrink(): void {
    const { count, capacity } = this
    if (capacity > CAPACITY_MIN && count <= capacity >>> 2) this.#resize(capacity >>> 1, count >>> 1)
  }

  /** Takes the right half of the items out and returns it as a chunk of its own. */
  split(): ItemChunk {
    const right = new ItemChunk(CHUNK_CAPACITY)
    const middle = this.first + (this.count >>> 1)
    right.append(this, middle, this.end)
    this.end = middle
    return right
  }

  /** Adds the items in some slots of another chunk to the right of its own; there must be room for them. */
  append(other: ItemChunk, from: number, to: number): void {
    const count = to - from
    const needed = this.count + count
    let { capacity } = this
    while (capacity < needed) capacity *= 2
    if (capacity > this.capacity) this.#resize(capacity, 0)
    else if (this.end + count > capacity) this.#moveTo(0)
    this.#take(other.orders, other.segments, other.positions, other.sizeClasses, from, to)
  }
}
