import { CLASS_SIZES, RECORD_FLAG, sizeClassOf, type ReplayedRecord } from '../../../segments/index.js'
import { KIND } from '../kinds.js'
import type { MemberRecords } from '../objects/member-records.js'
import type { ObjectState, ObjectType, RecordChunk } from '../objects/object-state.js'
import { ItemSequence } from './item-sequence.js'
import { itemRecord } from './list-values.js'

/** Bytes that a list takes beside its items. */
const STATE_OVERHEAD = 120

/**
 * A list: the places of its items' records in their order, which each of them bears. What is pushed to the right has its own offset for order,
 * what is pushed to the left that, negative; what is inserted has one in between. So no record speaks of another, nor of an index.
 */
export class ListState implements ObjectState {
  readonly id: number
  readonly kind = KIND.list
  changedEnd = 0
  /** To look up items; it is changed by the methods below only. */
  readonly items = new ItemSequence()
  recordsSize = 0
  /** Size class of the largest record that an item has had since the list was empty. */
  #largestClass = 0
  readonly #deadSizes: number[]

  /** @param deadSizes bytes that have died, by segment */
  constructor(id: number, deadSizes: number[]) {
    this.id = id
    this.#deadSizes = deadSizes
  }

  get count(): number {
    return this.items.count
  }

  get byteSize(): number {
    return STATE_OVERHEAD + this.items.byteSize
  }

  /** Bytes that the record of an item takes at most, to a few hundredths. */
  get itemSizeMax(): number {
    return CLASS_SIZES[this.#largestClass]!
  }

  /** An item whose order is above all others. `size`: of its record. */
  pushRight(order: number, segment: number, position: number, size: number): void {
    this.items.pushRight(order, segment, position, this.#added(size))
  }

  /** An item whose order is below all others. */
  pushLeft(order: number, segment: number, position: number, size: number): void {
    this.items.pushLeft(order, segment, position, this.#added(size))
  }

  /** An item whose order may be any that no other has. */
  insert(order: number, segment: number, position: number, size: number): void {
    this.items.insert(order, segment, position, this.#added(size))
  }

  /** The item that {@link items} stand on has a newer record. */
  replace(segment: number, position: number, size: number): void {
    this.#buried()
    this.items.setPlace(segment, position, this.#added(size))
  }

  /** The item that {@link items} stand on is gone. */
  remove(): void {
    this.#buried()
    this.items.remove()
    if (this.items.count === 0) this.#largestClass = 0
  }

  #added(size: number): number {
    const sizeClass = sizeClassOf(size)
    this.recordsSize += CLASS_SIZES[sizeClass]!
    if (sizeClass > this.#largestClass) this.#largestClass = sizeClass
    return sizeClass
  }

  /** The record of the item that the items stand on is dead. */
  #buried(): void {
    const { items } = this
    const size = CLASS_SIZES[items.sizeClass]!
    this.recordsSize -= size
    this.#deadSizes[items.segment]! += size
  }

  replay({ flags, datum, segmentNumber, position, size }: ReplayedRecord): void {
    const { items } = this
    // Most are pushed: they are at an end, and nowhere yet.
    const isThere = datum <= items.lastOrder && datum >= items.firstOrder && items.find(datum)
    if ((flags & RECORD_FLAG.tombstone) === 0) {
      if (isThere) this.replace(segmentNumber, position, size)
      else this.insert(datum, segmentNumber, position, size)
    } else if (isThere) this.remove()
  }

  copyTo(target: ObjectState, members: MemberRecords, command: number): void {
    if (!(target instanceof ListState)) throw new TypeError('a list is copied to a list')
    const { log } = members
    const { items } = this
    for (let more = items.seek(0); more; more = items.next()) {
      const { bytes, valueStart, valueEnd } = itemRecord(log, items)
      const order = members.appendLast(target, KIND.listItem, command, bytes, valueStart, valueEnd)
      const { segmentNumber, position, recordSize } = log.appender
      target.pushRight(order, segmentNumber, position, recordSize)
    }
  }

  settle(): Promise<void> {
    return Promise.resolve()
  }

  isLive({ datum, segmentNumber, position }: ReplayedRecord): boolean {
    const { items } = this
    return items.find(datum) && items.segment === segmentNumber && items.position === position
  }

  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    if (!this.isLive(record)) return false
    this.items.setPlace(segmentNumber, position, this.items.sizeClass)
    return true
  }

  recordChunks(): Iterable<RecordChunk> {
    return this.items.chunks
  }
}

export const LIST: ObjectType = {
  kind: KIND.list,
  name: 'list',
  memberKinds: [KIND.listItem],
  create: (id, deadSizes) => new ListState(id, deadSizes),
}
