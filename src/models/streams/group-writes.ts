import type { Keyspace } from '../keyspace.js'
import { KIND } from '../kinds.js'
import { MEMBER_OVERHEAD } from '../objects/member-records.js'
import { Consumer, Group, Pending, READ_UNKNOWN } from './group.js'
import {
  CONSUMER_SIZE,
  encodeConsumer,
  encoded,
  encodeGroup,
  encodePending,
  GROUP_SIZE,
  PENDING_SIZE,
  writePending,
} from './group-records.js'
import type { Stream } from './stream.js'
import type { StreamId } from './stream-id.js'
import type { StreamMember } from './stream-member.js'

/*
 * What is written of groups, consumers and pending entries: each function appends one record and applies it at once. The log has been
 * promised its size, and whoever calls tells the keyspace in the end that the stream has changed.
 */

/** Bytes that the records take. */
export const PENDING_RECORD_SIZE = MEMBER_OVERHEAD + PENDING_SIZE

export function groupRecordSize(nameSize: number): number {
  return MEMBER_OVERHEAD + GROUP_SIZE + nameSize
}

export function consumerRecordSize(nameSize: number): number {
  return MEMBER_OVERHEAD + CONSUMER_SIZE + nameSize
}

type Placed = [order: number, segment: number, position: number, size: number]

/** Appends what has been encoded, as a new member. */
function append({ members, log, command }: Keyspace, stream: Stream, kind: number): Placed {
  const { appender } = log
  const order = members.appendLast(stream, kind, command, encoded.bytes, 0, encoded.size)
  return [order, appender.segmentNumber, appender.position, appender.recordSize]
}

/** Appends what has been encoded, as what follows on a member. */
function save({ members, log, command }: Keyspace, stream: Stream, member: StreamMember): void {
  const { appender } = log
  members.append(stream, member.kind, command, member.order, encoded.bytes, 0, encoded.size)
  stream.applyMemberPlace(member, appender.segmentNumber, appender.position, appender.recordSize)
}

function bury({ members, command }: Keyspace, stream: Stream, member: StreamMember): void {
  members.tombstone(stream, member.kind, command, member.order)
  stream.applyMemberRemoval(member)
}

/** What names it is dead, or dies. */
function forget(stream: Stream, pending: Pending): void {
  pending.isPending = false
  stream.applyMemberRemoval(pending)
}

/** Makes a group whose name is free. */
export function createGroup(keyspace: Keyspace, stream: Stream, name: string, lastId: StreamId, read: number): Group {
  encodeGroup(lastId, read, name)
  const group = new Group(name, ...append(keyspace, stream, KIND.group))
  group.lastId.copy(lastId)
  group.read = read
  stream.applyMember(group)
  stream.groups.set(name, group)
  return group
}

/** Writes how far a group has got, after that has changed. */
export function saveGroup(keyspace: Keyspace, stream: Stream, group: Group): void {
  encodeGroup(group.lastId, group.read, group.name)
  save(keyspace, stream, group)
}

/** Sets how far a group has got. */
export function moveGroup(
  keyspace: Keyspace,
  stream: Stream,
  group: Group,
  lastId: StreamId,
  read = READ_UNKNOWN,
): void {
  group.lastId.copy(lastId)
  group.read = read
  group.nextOffset = -1
  saveGroup(keyspace, stream, group)
}

/** Removes a group with all that it has, by one record: what names it is dead. */
export function destroyGroup(keyspace: Keyspace, stream: Stream, group: Group): void {
  for (const pending of group.pending) forget(stream, pending)
  for (const consumer of group.consumers.values()) stream.applyMemberRemoval(consumer)
  stream.groups.delete(group.name)
  bury(keyspace, stream, group)
}

/** Makes a consumer whose name is free in the group. */
export function createConsumer(keyspace: Keyspace, stream: Stream, group: Group, name: string): Consumer {
  encodeConsumer(group, keyspace.now, name)
  const consumer = new Consumer(group, name, keyspace.now, ...append(keyspace, stream, KIND.consumer))
  stream.applyMember(consumer)
  group.consumers.set(name, consumer)
  return consumer
}

/** Removes a consumer with its pending entries, by one record. */
export function deleteConsumer(keyspace: Keyspace, stream: Stream, consumer: Consumer): void {
  const { group } = consumer
  for (const pending of consumer.pending) {
    forget(stream, pending)
    group.pending.remove(pending)
  }
  group.consumers.delete(consumer.name)
  bury(keyspace, stream, consumer)
}

/** An entry that is not pending has been delivered. */
export function addPending(
  keyspace: Keyspace,
  stream: Stream,
  consumer: Consumer,
  id: StreamId,
  entry: number,
  timeMs: number,
  count: number,
): void {
  const { members, log, command } = keyspace
  const { appender, endOffset } = log
  members.reserve(stream, KIND.pending, command, endOffset, PENDING_SIZE)
  writePending(appender.memory, appender.valueStart, consumer, id, entry, timeMs, count)
  const { segmentNumber, position, recordSize } = appender
  const pending = new Pending(consumer, id.clone(), entry, endOffset, segmentNumber, position, recordSize)
  pending.timeMs = timeMs
  pending.count = count
  stream.applyMember(pending)
  consumer.pending.add(pending)
  consumer.group.pending.add(pending)
  if (id.compare(consumer.group.goneTo) < 0) consumer.group.goneTo.copy(id)
}

/** A pending entry has been delivered again. */
export function renewPending(
  keyspace: Keyspace,
  stream: Stream,
  pending: Pending,
  consumer: Consumer,
  timeMs: number,
  count: number,
): void {
  if (pending.consumer !== consumer) {
    pending.consumer.pending.remove(pending)
    pending.consumer = consumer
    consumer.pending.add(pending)
  }
  pending.timeMs = timeMs
  pending.count = count
  encodePending(consumer, pending.id, pending.entry, timeMs, count)
  save(keyspace, stream, pending)
}

/** An entry is no longer pending. */
export function removePending(keyspace: Keyspace, stream: Stream, pending: Pending): void {
  pending.consumer.pending.remove(pending)
  pending.consumer.group.pending.remove(pending)
  pending.isPending = false
  bury(keyspace, stream, pending)
}
