import { RecordView, sameBytes, type Log, type Place } from '../../../segments/index.js'
import { ColdRead } from '../cold.js'
import type { ItemSequence } from './item-sequence.js'

/** So many items that lie on disk only are loaded at once at least, by a search that meets one. */
const COLD_COUNT_MIN = 256

const view = new RecordView()

/**
 * The record of the item on which the items stand, where it lies; the view is the same one each time.
 * @throws ColdRead when it has to be loaded first
 */
export function itemRecord(log: Log, items: ItemSequence): RecordView {
  const { segment, position } = items
  const { reader } = log
  if (!reader.seek(segment, position)) throw new ColdRead([{ segmentNumber: segment, position }])
  return view.at(reader.bytes, reader.start)
}

/**
 * Sees to it that the items with the indexes from `first` to `end` (exclusive), which must be there, are in memory.
 * @throws ColdRead naming all of them that are not
 */
export function checkLoaded(log: Log, items: ItemSequence, first: number, end: number): void {
  if (!log.hasCold || first >= end) return
  const cold = coldPlaces(log, items, first, end)
  if (cold.length > 0) throw new ColdRead(cold)
}

/** Places of those items with the indexes from `first` to `end` (exclusive) that have to be loaded to be read. */
export function coldPlaces(log: Log, items: ItemSequence, first: number, end: number): Place[] {
  const { reader } = log
  const cold: Place[] = []
  items.seek(first)
  for (let index = first; index < end; index++, items.next()) {
    const { segment, position } = items
    if (!reader.seek(segment, position)) cold.push({ segmentNumber: segment, position })
  }
  return cold
}

/**
 * Compares the values of a list's items with one value, one after the other, from either end. The items stand on the one that was
 * compared last.
 */
export class ItemSearch {
  readonly #log: Log
  readonly #items: ItemSequence
  readonly #value: Buffer
  readonly #start: number
  readonly #size: number
  readonly #isBackward: boolean
  /** Items that have been compared. */
  #count = 0

  constructor(log: Log, items: ItemSequence, value: Buffer, start: number, end: number, isBackward: boolean) {
    this.#log = log
    this.#items = items
    this.#value = value
    this.#start = start
    this.#size = end - start
    this.#isBackward = isBackward
  }

  /** Index of the item compared last. */
  get index(): number {
    return this.#isBackward ? this.#items.count - this.#count : this.#count - 1
  }

  /**
   * Goes on to the next item that has the value; false when there is none.
   * @param countMax items to compare in all
   * @throws ColdRead when items have to be loaded first: this one and as many of those behind it as have been compared
   */
  next(countMax = Infinity): boolean {
    const items = this.#items
    const { reader } = this.#log
    const limit = Math.min(countMax, items.count)
    while (this.#count < limit) {
      if (this.#count === 0) items.seek(this.#isBackward ? items.count - 1 : 0)
      else this.#step()
      if (!reader.seek(items.segment, items.position)) throw new ColdRead(this.#coldAhead(limit))
      this.#count++
      view.at(reader.bytes, reader.start)
      const { valueStart } = view
      const size = view.valueEnd - valueStart
      if (size === this.#size && sameBytes(view.bytes, valueStart, this.#value, this.#start, size)) return true
    }
    return false
  }

  #step(): void {
    if (this.#isBackward) this.#items.previous()
    else this.#items.next()
  }

  #coldAhead(limit: number): Place[] {
    const count = Math.min(limit - this.#count, Math.max(COLD_COUNT_MIN, this.#count))
    const first = this.#isBackward ? this.#items.count - this.#count - count : this.#count
    return coldPlaces(this.#log, this.#items, first, first + count)
  }
}
