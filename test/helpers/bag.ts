import assert from 'node:assert/strict'
import { CLASS_SIZES, RECORD_FLAG, RecordView, sizeClassOf, type ReplayedRecord } from '../../segments/index.js'
import { KIND } from '../../src/models/kinds.js'
import type { MemberRecords } from '../../src/models/objects/member-records.js'
import type { ObjectState, ObjectType, RecordChunk } from '../../src/models/objects/object-state.js'

interface Member {
  segment: number
  position: number
  readonly sizeClass: number
}

/** The simplest object there can be: members by their order, each of which can be written anew. */
export class Bag implements ObjectState {
  readonly kind = KIND.list
  readonly id: number
  changedEnd = 0
  readonly members = new Map<number, Member>()
  readonly #deadSizes: number[]

  constructor(id: number, deadSizes: number[]) {
    this.id = id
    this.#deadSizes = deadSizes
  }

  get count(): number {
    return this.members.size
  }

  get byteSize(): number {
    return this.count * 100
  }

  get recordsSize(): number {
    return [...this.members.values()].reduce((sum, { sizeClass }) => sum + CLASS_SIZES[sizeClass]!, 0)
  }

  /** A member has a new record, or is gone: `record` null. */
  set(order: number, record: Member | null): void {
    const old = this.members.get(order)
    if (old !== undefined) this.#deadSizes[old.segment]! += CLASS_SIZES[old.sizeClass]!
    if (record === null) this.members.delete(order)
    else this.members.set(order, record)
  }

  replay({ flags, datum, segmentNumber: segment, position, size }: ReplayedRecord): void {
    const isGone = (flags & RECORD_FLAG.tombstone) !== 0
    this.set(datum, isGone ? null : { segment, position, sizeClass: sizeClassOf(size) })
  }

  async settle(): Promise<void> {
    await Promise.resolve()
  }

  isLive({ datum, segmentNumber, position }: ReplayedRecord): boolean {
    const found = this.members.get(datum)
    return found?.segment === segmentNumber && found.position === position
  }

  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    if (!this.isLive(record)) return false
    Object.assign(this.members.get(record.datum)!, { segment: segmentNumber, position })
    return true
  }

  copyTo(target: ObjectState, members: MemberRecords, command: number): void {
    const { reader } = members.log
    // By their orders: in which order a replay meets them depends on what compaction has left.
    for (const [, { segment, position }] of [...this.members].sort(([a], [b]) => a - b)) {
      reader.seek(segment, position)
      const value = Buffer.from(new RecordView().at(reader.bytes, reader.start).value())
      addTo(bagOf(target), members, command, NaN, value)
    }
  }

  *recordChunks(): Iterable<RecordChunk> {
    const all = [...this.members.values()]
    yield {
      segments: Uint32Array.from(all, ({ segment }) => segment),
      positions: Uint32Array.from(all, ({ position }) => position),
      sizeClasses: Uint8Array.from(all, ({ sizeClass }) => sizeClass),
      first: 0,
      end: all.length,
    }
  }
}

export function bagOf(object: ObjectState | null): Bag {
  assert.ok(object instanceof Bag)
  return object
}

export const BAG: ObjectType = {
  kind: KIND.list,
  name: 'bag',
  memberKinds: [KIND.listItem],
  create: (id, deadSizes) => new Bag(id, deadSizes),
}

/** Writes a member of the bag; `order` NaN: a new one. Returns its order. */
export function addTo(bag: Bag, members: MemberRecords, command: number, order: number, value: Buffer): number {
  const { appender } = members.log
  const written = Number.isNaN(order)
    ? members.appendLast(bag, KIND.listItem, command, value, 0, value.length)
    : members.append(bag, KIND.listItem, command, order, value, 0, value.length)
  const { segmentNumber: segment, position, recordSize } = appender
  bag.set(written, { segment, position, sizeClass: sizeClassOf(recordSize) })
  return written
}

/** Takes a member out of the bag. */
export function takeFrom(bag: Bag, members: MemberRecords, command: number, order: number): void {
  members.tombstone(bag, KIND.listItem, command, order)
  bag.set(order, null)
}
