/** 32-bit words a slot: hash high, hash low, (segment + 1) << 11 | tag, position. The third is 0 in an empty slot. */
export const SLOT_WORDS = 4
export const TAG_BITS = 11
export const TAG_MASK = (1 << TAG_BITS) - 1

const TWO_32 = 0x1_0000_0000
const CAPACITY_MIN = 8
/** A table doubles for so many levels, since small ones cost more to allocate than to fill; from there it grows by a quarter. */
const DOUBLING_LEVELS = 3
const GROWTH = 1.25
/** Load at which a table grows, to 0.64. */
const LOAD_MAX = 0.8
/** Load that a table has after shrinking, from 0.58: low enough not to grow again soon, high enough for 32 bytes an entry. */
const LOAD_SHRUNK = 0.725

/**
 * One table of a {@link HashIndex}: open addressing with linear probing, kept **sorted by the low hash word** (unsigned). The home
 * of an entry is in proportion to that word, and slack behind the last home takes what is pushed over it, so probing never wraps
 * around. Being sorted makes a miss end early, lets a walk resume at any hash, and turns growing into one sequential copy.
 *
 * The last slot always stays empty, so that every probe ends.
 */
export class HashTable {
  slots: Int32Array
  /** Count of homes; `slots` has slack behind them. */
  capacity: number
  count = 0
  /** Spreads the capacities of the tables over one growth step, so that they do not all grow at the same count. */
  readonly #phase: number
  #level = 0
  /** Counts at which to grow and below which to shrink. */
  #growAt: number
  #shrinkBelow = 0

  /** @param phase fraction of a growth step in [0, 1) by which this table is ahead of others */
  constructor(phase: number) {
    this.#phase = phase
    this.capacity = this.#capacityOf(0)
    this.slots = emptySlots(this.capacity)
    this.#growAt = Math.floor(this.capacity * LOAD_MAX)
  }

  /** First word of the first entry with this hash, -1 when there is none. */
  find(hi: number, lo: number): number {
    return this.findFrom(this.home(lo), hi, lo)
  }

  /** As {@link find}, looking from the slot at word `at` on. */
  findFrom(at: number, hi: number, lo: number): number {
    const slots = this.slots
    const unsigned = lo >>> 0
    while (slots[at + 2] !== 0) {
      const other = slots[at + 1]!
      if (other === lo) {
        if (slots[at] === hi) return at
      } else if (other >>> 0 > unsigned) {
        return -1
      }
      at += SLOT_WORDS
    }
    return -1
  }

  /** First word of the home slot of a low hash word. */
  home(lo: number): number {
    // The product is below 2^53, so this is exact; the division by a power of two costs a multiplication.
    return (((lo >>> 0) * this.capacity) / TWO_32) << 2
  }

  /** Adds an entry behind those of the same or a lower hash and returns its first word. */
  add(hi: number, lo: number, place: number, position: number): number {
    if (this.count >= this.#growAt) this.#grow()
    let end = this.#openSlot(lo)
    while (end < 0) {
      this.#grow()
      end = this.#openSlot(lo)
    }
    const slots = this.slots
    slots[end] = hi
    slots[end + 1] = lo
    slots[end + 2] = place
    slots[end + 3] = position
    this.count++
    return end
  }

  /** Removes the entry at word `at`; what was pushed on by it moves back, so that no marker stays behind. */
  removeAt(at: number): void {
    const slots = this.slots
    let end = at + SLOT_WORDS
    while (slots[end + 2] !== 0 && this.home(slots[end + 1]!) < end) end += SLOT_WORDS
    moveBack(slots, at, end)
    end -= SLOT_WORDS
    slots[end] = 0
    slots[end + 1] = 0
    slots[end + 2] = 0
    slots[end + 3] = 0
    this.count--
    if (this.count < this.#shrinkBelow && !this.#rebuild(this.#level - 1)) {
      // Equal hashes crowd the end. Not tried again before many more are gone.
      this.#shrinkBelow = this.count >>> 1
    }
  }

  clear(): void {
    this.count = 0
    this.#rebuild(0)
  }

  /** Makes room for one entry and returns the first word of the slot; -1 when the slack is used up. */
  #openSlot(lo: number): number {
    const slots = this.slots
    const unsigned = lo >>> 0
    let at = this.home(lo)
    while (slots[at + 2] !== 0 && slots[at + 1]! >>> 0 <= unsigned) at += SLOT_WORDS
    let end = at
    while (slots[end + 2] !== 0) end += SLOT_WORDS
    if (end + SLOT_WORDS >= slots.length) return -1
    moveOn(slots, at, end)
    return at
  }

  #grow(): void {
    let level = this.#level + 1
    while (!this.#rebuild(level)) level++
  }

  /** Moves all entries into a table of the capacity of `level`; false (and nothing changed) when its slack is too small for them. */
  #rebuild(level: number): boolean {
    const capacity = this.#capacityOf(level)
    const from = this.slots
    const to = emptySlots(capacity)
    const stop = to.length - SLOT_WORDS
    let left = this.count
    let next = 0
    for (let at = 0; left > 0; at += SLOT_WORDS) {
      const place = from[at + 2]!
      if (place === 0) continue
      const lo = from[at + 1]!
      const home = (((lo >>> 0) * capacity) / TWO_32) << 2
      if (next < home) next = home
      if (next >= stop) return false
      to[next] = from[at]!
      to[next + 1] = lo
      to[next + 2] = place
      to[next + 3] = from[at + 3]!
      next += SLOT_WORDS
      left--
    }
    this.slots = to
    this.capacity = capacity
    this.#level = level
    this.#growAt = Math.floor(capacity * LOAD_MAX)
    // At least a sixteenth must go before the next rebuild, also where crowding has made the table larger than its count asks.
    this.#shrinkBelow =
      level === 0 ? 0 : Math.min(Math.floor(this.#capacityOf(level - 1) * LOAD_SHRUNK), this.count - (this.count >>> 4))
    return true
  }

  #capacityOf(level: number): number {
    const steps = level + this.#phase
    const doublings = Math.min(steps, DOUBLING_LEVELS)
    return Math.ceil(CAPACITY_MIN * 2 ** doublings * GROWTH ** (steps - doublings))
  }
}

function emptySlots(capacity: number): Int32Array {
  return new Int32Array((capacity + (capacity >>> 4) + 24) * SLOT_WORDS)
}

/** Below this many words a loop is faster than the call of a native function. */
const NATIVE_MOVE_MIN = 64

/** Moves the slots in [at, end) one slot up. */
function moveOn(slots: Int32Array, at: number, end: number): void {
  if (end - at >= NATIVE_MOVE_MIN) {
    slots.copyWithin(at + SLOT_WORDS, at, end)
    return
  }
  for (let to = end + SLOT_WORDS - 1; to >= at + SLOT_WORDS; to--) slots[to] = slots[to - SLOT_WORDS]!
}

/** Moves the slots in [at + 1 slot, end) one slot down. */
function moveBack(slots: Int32Array, at: number, end: number): void {
  if (end - at >= NATIVE_MOVE_MIN) {
    slots.copyWithin(at, at + SLOT_WORDS, end)
    return
  }
  for (let to = at; to < end - SLOT_WORDS; to++) slots[to] = slots[to + SLOT_WORDS]!
}
