import { HashTable, SLOT_WORDS, TAG_BITS, TAG_MASK } from './hash-table.js'

const TWO_32 = 0x1_0000_0000
const TABLE_BITS = 7
const TABLE_BITS_MAX = 16
/** Slots that one call of {@link HashIndex.scan} looks at beyond those of the entries it was asked for, give or take a table. */
const SCAN_SLOTS_MAX = 4096
/** Fraction of the golden ratio: its multiples spread evenly over [0, 1). */
const GOLDEN = 0.6180339887498949
/** In tables of at most so many slots {@link HashIndex.seekRandom} counts entries instead of trying slots. */
const RANDOM_WALK_SLOTS_MAX = 128
const RANDOM_TRIES_MAX = 64

export type EntryVisitor = (hi: number, lo: number, segment: number, position: number, tag: number) => void

/**
 * Key -> place of its newest record (Bitcask's idea), off the heap. Many small tables are chosen by the hash's high bits, each
 * growing alone, so that growth never stops the loop for long; an entry takes 16 bytes, at most 32 with its share of empty slots
 * (from 100,000 entries on; an empty index takes about half a megabyte).
 *
 * Keys are not here: the caller compares them in the log. Hence different keys may have the same hash and are separate entries.
 * Look-ups leave the index **standing** on an entry, which the getters, `update` and `remove` act on; after `remove`, `clear` and
 * a look-up that found nothing it stands nowhere, and they must not be used. No call allocates unless a table grows or shrinks.
 *
 * Hash words are signed 32-bit integers (see `KeyHasher`), a segment is a number below 2^20 - 1 (its ordinal in memory), a
 * position a byte in it below 2^32, a tag 11 bits that mean nothing to the index. They are not checked here.
 */
export class HashIndex {
  readonly #tables: HashTable[] = []
  /** 32 - table bits: what is left of the high word after the shift is the number of the table. */
  readonly #shift: number
  #count = 0
  /** Where the index stands, and the hash sought last. */
  #table: HashTable
  #at = 0
  #hi = 0
  #lo = 0

  /** @param options.tableBits the index has 2^tableBits tables; 0 to 16, 10 by default; @throws {RangeError} outside of that */
  constructor(options: { tableBits?: number } = {}) {
    const bits = options.tableBits ?? TABLE_BITS
    if (!Number.isInteger(bits) || bits < 0 || bits > TABLE_BITS_MAX) {
      throw new RangeError(`tableBits must be 0 to ${TABLE_BITS_MAX}, not ${bits}`)
    }
    this.#shift = 32 - bits
    for (let i = 0; i < 1 << bits; i++) this.#tables.push(new HashTable((i * GOLDEN) % 1))
    this.#table = this.#tables[0]!
  }

  /** Count of entries. */
  get count(): number {
    return this.#count
  }

  /** Bytes of all slots, used or not. */
  get byteSize(): number {
    let size = 0
    for (const table of this.#tables) size += table.slots.byteLength
    return size
  }

  get hi(): number {
    return this.#table.slots[this.#at]!
  }

  get lo(): number {
    return this.#table.slots[this.#at + 1]!
  }

  get segment(): number {
    return (this.#table.slots[this.#at + 2]! >>> TAG_BITS) - 1
  }

  get tag(): number {
    return this.#table.slots[this.#at + 2]! & TAG_MASK
  }

  /** Byte in the segment. */
  get position(): number {
    return this.#table.slots[this.#at + 3]! >>> 0
  }

  /** Stands on the first entry with this hash; false when there is none. */
  seek(hi: number, lo: number): boolean {
    const table = this.#tableOf(hi)
    this.#table = table
    this.#hi = hi
    this.#lo = lo
    const at = table.find(hi, lo)
    this.#at = at
    return at >= 0
  }

  /**
   * Looks up several hashes, so that their entries are in the caches when they are sought one by one, and notes where the first
   * entry of each points: segment -1 where there is none. Stands where it stood.
   */
  touch(his: Int32Array, los: Int32Array, count: number, segments: Int32Array, positions: Uint32Array): void {
    for (let i = 0; i < count; i++) {
      const table = this.#tableOf(his[i]!)
      const at = table.find(his[i]!, los[i]!)
      segments[i] = at < 0 ? -1 : (table.slots[at + 2]! >>> TAG_BITS) - 1
      positions[i] = at < 0 ? 0 : table.slots[at + 3]!
    }
  }

  /** Stands on the next entry with the hash of the one it stands on; false when there is none. */
  seekNext(): boolean {
    if (this.#at < 0) return false
    this.#at = this.#table.findFrom(this.#at + SLOT_WORDS, this.#hi, this.#lo)
    return this.#at >= 0
  }

  /** Overwrites the entry that the index stands on. */
  update(segment: number, position: number, tag: number): void {
    const { slots } = this.#table
    slots[this.#at + 2] = ((segment + 1) << TAG_BITS) | tag
    slots[this.#at + 3] = position
  }

  /** Removes the entry that the index stands on. */
  remove(): void {
    this.#table.removeAt(this.#at)
    this.#count--
    this.#at = -1
  }

  /** Adds an entry and stands on it. Whether the key is there already is for the caller to know. */
  insert(hi: number, lo: number, segment: number, position: number, tag: number): void {
    const table = this.#tableOf(hi)
    this.#table = table
    this.#hi = hi
    this.#lo = lo
    this.#at = table.add(hi, lo, ((segment + 1) << TAG_BITS) | tag, position)
    this.#count++
  }

  /**
   * Follows a record that compaction has moved and stands on its entry, if one with this hash still points to the old place;
   * false, and nothing changed, if the entry has gone on to a newer record or is gone. The tag stays.
   */
  replacePlace(
    hi: number,
    lo: number,
    oldSegment: number,
    oldPosition: number,
    newSegment: number,
    newPosition: number,
  ): boolean {
    for (let found = this.seek(hi, lo); found; found = this.seekNext()) {
      if (this.segment === oldSegment && this.position === oldPosition) {
        this.update(newSegment, newPosition, this.tag)
        return true
      }
    }
    return false
  }

  /** Removes all entries and gives their memory back. */
  clear(): void {
    for (const table of this.#tables) table.clear()
    this.#count = 0
    this.#at = -1
  }

  /**
   * Visits entries in the order of their hashes, from a cursor on, and returns the next cursor; 0 starts and 0 means done.
   *
   * A cursor is a place among the hashes, not in a table: an entry that is there from the first call to the last is visited
   * exactly once, whatever is added, removed, grown or shrunk **between** calls. Those with the same hash come in the same call.
   * `visit` must not change the index; it may look things up.
   *
   * @param cursor 0 or what the last call returned; any other number is harmless
   * @param count how many entries are wanted, roughly: more where hashes are equal, fewer (none, too) where tables are nearly empty,
   *   since a call looks at some thousand empty slots at most
   */
  scan(cursor: number, count: number, visit: EntryVisitor): number {
    const tables = this.#tables
    if (!(cursor >= 0) || cursor >= tables.length * TWO_32) return 0
    let number = Math.floor(cursor / TWO_32)
    let from = cursor - number * TWO_32
    let wanted = count >= 1 ? count : 1
    let budget = SCAN_SLOTS_MAX + 2 * wanted
    for (;;) {
      const table = tables[number]!
      const { slots } = table
      budget--
      if (table.count > 0) {
        let last = -1
        for (let at = table.home(from); at < slots.length; at += SLOT_WORDS) {
          budget--
          const word = slots[at + 2]!
          if (word === 0) continue
          const lo = slots[at + 1]!
          const unsigned = lo >>> 0
          if (unsigned < from) continue
          // What the cursor names is visited even if a crowd in front of it has used the budget up: every call gets on.
          if ((wanted <= 0 || budget <= 0) && unsigned !== last && unsigned !== from) return number * TWO_32 + unsigned
          last = unsigned
          wanted--
          visit(slots[at]!, lo, (word >>> TAG_BITS) - 1, slots[at + 3]! >>> 0, word & TAG_MASK)
        }
      }
      number++
      if (number === tables.length) return 0
      if (wanted <= 0 || budget <= 0) return number * TWO_32
      from = 0
    }
  }

  /** An entry stays in one of so many tables for as long as it is there. */
  get tableCount(): number {
    return this.#tables.length
  }

  /**
   * Counts the entries of a table by the segment that they point to, where `counts` has a number that is not negative. An entry
   * is counted once or, if it comes, goes or points elsewhere meanwhile, perhaps, when one table is gone through after the other.
   *
   * @returns how many slots have been looked at, some nanoseconds each
   */
  countPlaces(table: number, counts: Int32Array): number {
    const { slots } = this.#tables[table]!
    for (let at = 2; at < slots.length; at += SLOT_WORDS) {
      const word = slots[at]!
      if (word === 0) continue
      const segment = (word >>> TAG_BITS) - 1
      if (segment < counts.length && counts[segment]! >= 0) counts[segment]!++
    }
    return slots.length / SLOT_WORDS
  }

  /**
   * Stands on an entry chosen at random, all being as likely as the two numbers in [0, 1) make them; false when there is none.
   * Costs some microseconds: it adds up the counts of the tables.
   */
  seekRandom(random1: number, random2: number): boolean {
    if (this.#count === 0) return false
    let rank = Math.min(Math.floor(random1 * this.#count), this.#count - 1)
    let number = 0
    while (rank >= this.#tables[number]!.count) rank -= this.#tables[number++]!.count
    const table = this.#tables[number]!
    this.#table = table
    this.#at = randomEntry(table, rank, random2)
    this.#hi = this.hi
    this.#lo = this.lo
    return true
  }

  #tableOf(hi: number): HashTable {
    // A shift by 32 would be one by 0.
    return this.#tables[this.#shift === 32 ? 0 : hi >>> this.#shift]!
  }
}

/** First word of an entry of a table that is not empty. */
function randomEntry(table: HashTable, rank: number, random: number): number {
  const { slots } = table
  const total = slots.length / SLOT_WORDS
  if (total > RANDOM_WALK_SLOTS_MAX) {
    // Trying slots until one is taken favours none; most are taken. The slots tried follow from the one random number.
    let state = (random * TWO_32) >>> 0
    for (let i = 0; i < RANDOM_TRIES_MAX; i++) {
      const at = Math.floor((state / TWO_32) * total) * SLOT_WORDS
      if (slots[at + 2] !== 0) return at
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    }
  }
  let at = 0
  for (let left = rank; ; at += SLOT_WORDS) {
    if (slots[at + 2] !== 0 && left-- === 0) return at
  }
}
