import { RecordView } from '../../../segments/index.js'
import { KIND } from '../kinds.js'
import type { MemberRecords } from '../objects/member-records.js'
import { addedAt } from './entry-record.js'
import type { EntryPosition } from './entry-table.js'
import { Consumer, Group, Pending } from './group.js'
import { encodeConsumer, encoded, encodeGroup, encodePending } from './group-records.js'
import { encodeState, STATE_SIZE } from './state-record.js'
import { addSettings } from './settings-writes.js'
import type { Stream } from './stream.js'
import { StreamId } from './stream-id.js'

/** Gives a new stream what another one has: entries with their ids, groups with what they have delivered. All of it is in memory. */
export function copyStream(from: Stream, to: Stream, members: MemberRecords, command: number): void {
  copyEntries(from, to, members, command)
  to.lastId.copy(from.lastId)
  to.maxDeletedId.copy(from.maxDeletedId)
  to.added = from.added
  const { appender } = members.log
  if (from.hasState) {
    members.append(to, KIND.streamState, command, 0, encodeState(to, members.log.endOffset), 0, STATE_SIZE)
    to.applyState(0, appender.segmentNumber, appender.position, appender.recordSize)
  }
  if (from.settings !== null) addSettings(members, command, to, from.settings.values)
  for (const group of from.groups.values()) copyGroup(group, from, to, members, command)
}

function copyEntries(from: Stream, to: Stream, members: MemberRecords, command: number): void {
  const { log } = members
  const { reader, appender } = log
  const at: EntryPosition = { chunk: 0, slot: 0 }
  const record = new RecordView()
  const id = new StreamId()
  from.entries.toFirst(at)
  for (let left = from.count; left > 0; left--) {
    reader.seek(from.entries.segmentAt(at), from.entries.positionAt(at))
    const { bytes, valueStart, valueEnd } = record.at(reader.bytes, reader.start)
    id.read(bytes, valueStart)
    const added = addedAt(bytes, valueStart)
    const offset = members.appendLast(to, KIND.streamEntry, command, bytes, valueStart, valueEnd)
    to.applyEntry(offset, appender.segmentNumber, appender.position, appender.recordSize, id, added)
    from.entries.advance(at, 1)
  }
}

function copyGroup(group: Group, from: Stream, to: Stream, members: MemberRecords, command: number): void {
  const { appender } = members.log
  const append = (kind: number): [order: number, segment: number, position: number, size: number] => {
    const order = members.appendLast(to, kind, command, encoded.bytes, 0, encoded.size)
    return [order, appender.segmentNumber, appender.position, appender.recordSize]
  }
  encodeGroup(group.lastId, group.read, group.name)
  const copy = new Group(group.name, ...append(KIND.group))
  copy.lastId.copy(group.lastId)
  copy.read = group.read
  to.applyMember(copy)
  to.groups.set(copy.name, copy)
  for (const consumer of group.consumers.values()) {
    encodeConsumer(copy, consumer.seenMs, consumer.name)
    const owner = new Consumer(copy, consumer.name, consumer.seenMs, ...append(KIND.consumer))
    to.applyMember(owner)
    copy.consumers.set(owner.name, owner)
    for (const pending of consumer.pending) copyPending(pending)
  }

  function copyPending({ id, entry, timeMs, count, consumer }: Pending): void {
    const owner = copy.consumers.get(consumer.name)!
    const newEntry = entryOfCopy(from, to, entry)
    encodePending(owner, id, newEntry, timeMs, count)
    const pending = new Pending(owner, id.clone(), newEntry, ...append(KIND.pending))
    pending.timeMs = timeMs
    pending.count = count
    to.applyMember(pending)
    owner.pending.add(pending)
    copy.pending.add(pending)
  }
}

/** Offset of the copy of an entry; 0 when that is gone. */
function entryOfCopy(from: Stream, to: Stream, offset: number): number {
  const at: EntryPosition = { chunk: 0, slot: 0 }
  if (!from.entries.seekOffset(offset, at)) return 0
  const first: EntryPosition = { chunk: 0, slot: 0 }
  from.entries.toFirst(first)
  const rank = from.entries.distance(first, at, Infinity)
  to.entries.toFirst(at)
  to.entries.advance(at, rank)
  return to.entries.offsetAt(at)
}
