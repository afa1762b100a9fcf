import {
  placeKey,
  RECORD_FLAG,
  RecordView,
  sizeClassOf,
  type LoadedRecords,
  type Log,
  type Place,
  type ReplayedRecord,
} from '../../../segments/index.js'
import { KIND } from '../kinds.js'
import type { MemberRecords } from '../objects/member-records.js'
import type { ObjectState, ObjectType, RecordChunk } from '../objects/object-state.js'
import { addedAt } from './entry-record.js'
import { EntryTable, type EntryPosition } from './entry-table.js'
import { Consumer, Group, Pending } from './group.js'
import { decodeConsumer, decodeGroup, decodePending } from './group-records.js'
import { decodeState, type StreamFacts } from './state-record.js'
import { decodeSettings, SETTINGS_SIZE, SettingsMember } from './settings-record.js'
import { copyStream } from './stream-copy.js'
import { StreamId } from './stream-id.js'
import { StreamMember } from './stream-member.js'

/** Records that are settled at once after a replay. */
const SETTLE_COUNT = 1024
/** Bytes in memory, more or less, of a group, a consumer or a pending entry with what refers to it; and of a stream without any. */
const MEMBER_BYTES = 320
const STREAM_BYTES = 1024

/**
 * A stream: where its entries lie, in order, and what it knows besides. It changes in the methods named `apply...` only, which commands
 * and recovery share; what writes the records is in stream-writes.ts.
 */
export class Stream implements ObjectState, StreamFacts {
  readonly id: number
  readonly kind = KIND.stream
  changedEnd = 0
  readonly entries: EntryTable
  readonly lastId = new StreamId()
  readonly maxDeletedId = new StreamId()
  /** How many entries it has ever had, as far as XSETID says nothing else. */
  added = 0
  /** Entries with a lower offset are gone. */
  floor = 0
  /** Groups by their names, a character a byte. */
  readonly groups = new Map<string, Group>()
  /** What it does by itself; null: nothing. */
  settings: SettingsMember | null = null
  readonly #deadSizes: number[]
  /** Where the newest state record is. */
  #state: StreamMember | null = null
  /** Groups, consumers and pending entries by order: until the replay is settled, only where their records lie. */
  readonly #members = new Map<number, StreamMember>()
  #membersSize = 0

  /** @param deadSizes where the bytes of records are counted that are superseded or removed, by segment number */
  constructor(id: number, deadSizes: number[]) {
    this.id = id
    this.#deadSizes = deadSizes
    this.entries = new EntryTable(deadSizes)
  }

  /** Number of entries. */
  get count(): number {
    return this.entries.count
  }

  get byteSize(): number {
    return STREAM_BYTES + this.entries.byteSize + this.#members.size * MEMBER_BYTES
  }

  /** Whether entries may go by themselves. */
  get isRetaining(): boolean {
    return this.settings?.isRetaining === true
  }

  get recordsSize(): number {
    return this.entries.recordsSize + this.#membersSize + (this.#state?.recordSize ?? 0)
  }

  // ---- what changes it

  /** There is one more entry; its record lies there. @param id, added as the record says */
  applyEntry(offset: number, segment: number, position: number, size: number, id: StreamId, added: number): void {
    this.entries.append(offset, segment, position, sizeClassOf(size), id)
    this.lastId.copy(id)
    this.added = added
  }

  /** The stream goes on from another id: which may lie before what groups have been given. */
  setLastId(id: StreamId): void {
    this.lastId.copy(id)
    for (const group of this.groups.values()) {
      group.nextOffset = -1
      group.goneTo.setZero()
    }
  }

  applyEntryRemoval(at: EntryPosition): void {
    this.entries.removeAt(at)
  }

  /** All entries before a place are gone. Returns how many there were. */
  applyTrim(at: EntryPosition): number {
    return this.entries.removeBefore(at)
  }

  /** There is a new state record. */
  applyState(order: number, segment: number, position: number, size: number): void {
    if (this.#state !== null) this.#countDead(this.#state)
    this.#state = new StreamMember(KIND.streamState, order, segment, position, size)
  }

  /** There is one more group, consumer or pending entry. */
  applyMember(member: StreamMember): void {
    this.#members.set(member.order, member)
    this.#membersSize += member.recordSize
  }

  /** A member's newest record lies at another place, and is of another size. */
  applyMemberPlace(member: StreamMember, segment: number, position: number, size: number): void {
    this.#membersSize -= member.recordSize
    this.#countDead(member)
    member.setPlace(segment, position, size)
    this.#membersSize += member.recordSize
  }

  applyMemberRemoval(member: StreamMember): void {
    this.#members.delete(member.order)
    this.#membersSize -= member.recordSize
    this.#countDead(member)
  }

  #countDead({ segment, recordSize }: StreamMember): void {
    this.#deadSizes[segment]! += recordSize
  }

  // ---- recovery

  replay(record: ReplayedRecord): void {
    const { kind, flags, datum, segmentNumber, position, size } = record
    const isTombstone = (flags & RECORD_FLAG.tombstone) !== 0
    if (kind === KIND.streamState) this.applyState(datum, segmentNumber, position, size)
    else if (kind === KIND.streamEntry) this.#replayEntry(record, isTombstone)
    else {
      const member = this.#members.get(datum)
      if (isTombstone) {
        if (member !== undefined) this.applyMemberRemoval(member)
      } else if (member !== undefined) this.applyMemberPlace(member, segmentNumber, position, size)
      else this.applyMember(new StreamMember(kind, datum, segmentNumber, position, size))
    }
  }

  #replayEntry({ datum, segmentNumber, position, size }: ReplayedRecord, isTombstone: boolean): void {
    const { entries } = this
    if (!isTombstone) {
      // An entry is written once: one with a lower offset than the newest has been there before.
      if (datum > entries.newestOffset) entries.append(datum, segmentNumber, position, sizeClassOf(size), null)
    } else if (entries.seekOffset(datum, scratch)) this.applyEntryRemoval(scratch)
  }

  async settle(log: Log): Promise<void> {
    await this.#settleFacts(log)
    // Of each kind in the order of the log, so that one read of it brings many.
    const unsettled = [...this.#members.values()].sort(
      (a, b) => a.kind - b.kind || a.segment - b.segment || a.position - b.position,
    )
    for (let i = 0; i < unsettled.length; i += SETTLE_COUNT) {
      const some = unsettled.slice(i, i + SETTLE_COUNT)
      const values = await valuesOf(log, some)
      for (const [n, member] of some.entries()) this.#settleMember(member, values[n]!)
    }
  }

  /** What the newest entry and the newest state record say, whichever is newer. */
  async #settleFacts(log: Log): Promise<void> {
    const { entries } = this
    let own = -1
    if (this.#state !== null) {
      const { segment, position } = this.#state
      const value = valueOf(await log.load([placeOf(segment, position)]), segment, position)
      if (value !== null) own = decodeState(value, 0, this)
      entries.seekOffset(this.floor, scratch)
      this.applyTrim(scratch)
    }
    entries.toEnd(scratch)
    if (!entries.back(scratch) || entries.offsetAt(scratch) < own) return
    const segment = entries.segmentAt(scratch)
    const position = entries.positionAt(scratch)
    const value = valueOf(await log.load([placeOf(segment, position)]), segment, position)
    if (value === null) return
    this.lastId.read(value, 0)
    this.added = addedAt(value, 0)
  }

  /** Groups come first, then consumers, then pending entries: what names one that is gone is gone with it. */
  #settleMember(member: StreamMember, value: Buffer | null): void {
    const { kind, order, segment, position, recordSize } = member
    const settled = value === null ? null : this.#decode(kind, value, order, segment, position, recordSize)
    if (settled === null) this.applyMemberRemoval(member)
    else {
      settled.sizeClass = member.sizeClass
      this.#members.set(order, settled)
    }
  }

  #decode(
    kind: number,
    value: Buffer,
    ...place: [order: number, segment: number, position: number, size: number]
  ): StreamMember | null {
    if (kind === KIND.group) {
      const lastId = new StreamId()
      const { read, name } = decodeGroup(value, lastId)
      const group = new Group(name, ...place)
      group.lastId.copy(lastId)
      group.read = read
      this.groups.set(name, group)
      return group
    }
    if (kind === KIND.consumer) {
      const { group: order, seenMs, name } = decodeConsumer(value)
      const group = this.#members.get(order)
      if (!(group instanceof Group)) return null
      const consumer = new Consumer(group, name, seenMs, ...place)
      group.consumers.set(name, consumer)
      return consumer
    }
    if (kind === KIND.streamSettings) {
      if (value.length < SETTINGS_SIZE) return null
      this.settings = new SettingsMember(decodeSettings(value), ...place)
      return this.settings
    }
    const id = new StreamId()
    const { consumer: order, entry, timeMs, count } = decodePending(value, id)
    const consumer = this.#members.get(order)
    if (!(consumer instanceof Consumer)) return null
    const pending = new Pending(consumer, id, entry, ...place)
    pending.timeMs = timeMs
    pending.count = count
    consumer.seenMs = Math.max(consumer.seenMs, timeMs)
    consumer.pending.add(pending)
    consumer.group.pending.add(pending)
    return pending
  }

  // ---- compaction

  isLive({ kind, datum, segmentNumber, position }: ReplayedRecord): boolean {
    if (kind === KIND.streamEntry) return this.entries.isAt(datum, segmentNumber, position)
    return this.#memberOf(kind, datum)?.isAt(segmentNumber, position) ?? false
  }

  moved({ kind, datum, segmentNumber, position }: ReplayedRecord, segment: number, to: number): boolean {
    if (kind === KIND.streamEntry) return this.entries.move(datum, segmentNumber, position, segment, to)
    const member = this.#memberOf(kind, datum)
    if (member?.isAt(segmentNumber, position) !== true) return false
    member.segment = segment
    member.position = to
    return true
  }

  #memberOf(kind: number, order: number): StreamMember | undefined {
    return kind === KIND.streamState ? (this.#state ?? undefined) : this.#members.get(order)
  }

  copyTo(target: ObjectState, members: MemberRecords, command: number): void {
    if (!(target instanceof Stream)) throw new TypeError('a stream is copied to a stream')
    copyStream(this, target, members, command)
  }

  /** Whether the newest entry alone does not tell all that it knows. */
  get hasState(): boolean {
    return this.#state !== null
  }

  *recordChunks(): Generator<RecordChunk, void, undefined> {
    yield* this.entries.chunks
    const members = [...this.#members.values()]
    if (this.#state !== null) members.push(this.#state)
    yield {
      segments: Uint32Array.from(members, (it) => it.segment),
      positions: Uint32Array.from(members, (it) => it.position),
      sizeClasses: Uint8Array.from(members, (it) => it.sizeClass),
      first: 0,
      end: members.length,
    }
  }
}

const scratch: EntryPosition = { chunk: 0, slot: 0 }
const record = new RecordView()

/** A place to be loaded. Where a damaged log is served, what is lost there is left out: no such stream is told of. */
function placeOf(segmentNumber: number, position: number): Place {
  return { segmentNumber, position, mayBeLost: true }
}

/** Values of members' records, which lie in this order in the log; null: it is lost. */
async function valuesOf(log: Log, members: readonly StreamMember[]): Promise<(Buffer | null)[]> {
  const { reader } = log
  const values: (Buffer | null)[] = []
  let loaded: LoadedRecords = new Map()
  for (const [i, { segment, position }] of members.entries()) {
    if (!loaded.has(placeKey(segment, position)) && !reader.seek(segment, position)) {
      // What is read stays in the cache with all that lies near. Where that has no room, the rest is loaded at once.
      loaded = await log.load([placeOf(segment, position)])
      if (!reader.seek(segment, position)) {
        loaded = await log.load(members.slice(i).map((it) => placeOf(it.segment, it.position)))
      }
    }
    const isHere = reader.seek(segment, position)
    values.push(isHere ? record.at(reader.bytes, reader.start).value() : valueOf(loaded, segment, position))
  }
  return values
}

function valueOf(loaded: LoadedRecords, segment: number, position: number): Buffer | null {
  const found = loaded.get(placeKey(segment, position))
  return found === undefined ? null : record.at(found.bytes, 0).value()
}

export const STREAM_TYPE: ObjectType = {
  kind: KIND.stream,
  name: 'stream',
  memberKinds: [KIND.streamEntry, KIND.streamState, KIND.group, KIND.consumer, KIND.pending, KIND.streamSettings],
  create: (id, deadSizes) => new Stream(id, deadSizes),
}
