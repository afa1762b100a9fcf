import type { Log, Place } from '../../../segments/index.js'
import { ColdRead } from '../../models/cold.js'
import type { Keyspace } from '../../models/keyspace.js'
import { collectCold, readEntry, readId, seekId } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import type { Consumer, Group, Pending } from '../../models/streams/group.js'
import {
  addPending,
  consumerRecordSize,
  groupRecordSize,
  PENDING_RECORD_SIZE,
  renewPending,
  saveGroup,
} from '../../models/streams/group-writes.js'
import { advanceGroup, firstIdOf } from '../../models/streams/progress.js'
import type { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Command, type Context, type Foresight } from '../command.js'
import { foreseenCount } from './counts.js'
import { seekDelivered } from './delivered.js'
import { replyEntry, replyEntryAt } from './entry-reply.js'
import { awaitedStream, findStream, mayAdd } from './find-stream.js'
import { groupText, noGroup } from './group-arguments.js'
import { idArgument, replyId } from './id-text.js'
import { forEachKeyOfGroupRead, isCharacter, parseRead, type ReadRequest } from './read-request.js'
import { consumerOf } from './xclaim.js'
import { replyStreams } from './xread.js'
import { rehearsal } from './rehearse.js'
import { oneOf, waitForStreams } from './wait-for-streams.js'

export const xreadgroup: Command = {
  name: 'xreadgroup',
  code: 250,
  arity: -7,
  flags: ['write', 'blocking', 'movablekeys'],
  findKeys: forEachKeyOfGroupRead,
  group: 'stream',
  since: '5.0.0',
  summary: "Gives a group's next entries to a consumer, or tells what it was given and has not acknowledged.",
  run(context, args) {
    const request = parseRead(args, true)
    const ids = idsOf(context, args, request)
    if (readGroup(context, args, request, ids)) return
    waitForStreams(context, args, xreadgroup, request, (context, args, i) => {
      const stream = awaitedStream(context.keyspace, args, i)
      if (stream === null) throw new ReplyError('UNBLOCKED the stream key no longer exists')
      if (!stream.groups.has(groupText(args, request.group))) {
        throw new ReplyError('NOGROUP the consumer group this client was blocked on no longer exists')
      }
      return readGroup(context, args, oneOf(request, i), [ids[i - request.firstKey]!])
    })
  },
  rehearse: rehearsal(forEachKeyOfGroupRead, (context, args) => {
    const request = parseRead(args, true)
    plan(context.keyspace, args, request, idsOf(context, args, request))
  }),
  valuesSize: sizeFor,
}

/** The ids behind which each stream's history is read; the highest one for what is new. @throws ReplyError */
export function idsOf({ keyspace }: Context, args: Args, { firstKey, keyCount, group }: ReadRequest): StreamId[] {
  const ids: StreamId[] = []
  for (let i = firstKey; i < firstKey + keyCount; i++) {
    const stream = findStream(keyspace, args, i)
    if (stream?.groups.has(groupText(args, group)) !== true) throw noGroup.toRead(args, i, group)
    const id = new StreamId()
    if (isCharacter(args, i + keyCount, '$')) {
      throw new ReplyError(
        'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
      )
    }
    if (isCharacter(args, i + keyCount, '>')) id.setMax()
    else idArgument(args, i + keyCount, id)
    ids.push(id)
  }
  return ids
}

/** What one stream has for the consumer. */
interface Part {
  readonly key: number
  readonly stream: Stream
  readonly group: Group
  /** Behind this one its history is read; null: what is new. */
  readonly after: StreamId | null
  /** Of what is new: where it begins, and how much of it is given. */
  readonly from: EntryPosition
  readonly count: number
}

/**
 * Replies with what streams have for a consumer; false, no reply and nothing written, when that is nothing.
 * @throws ColdRead, ReplyError NOGROUP, FlinError WRONG_TYPE
 */
export function readGroup(context: Context, args: Args, request: ReadRequest, ids: readonly StreamId[]): boolean {
  const { keyspace, reply } = context
  const { parts, size } = plan(keyspace, args, request, ids)
  if (parts.length === 0) return false
  keyspace.begin(size)
  replyStreams(
    reply,
    args,
    parts.length,
    parts.map(({ key }) => key),
    (i) => {
      const { key, stream, group, after, from, count } = parts[i]!
      findStream(keyspace, args, key)
      const consumer = consumerOf(keyspace, stream, group, groupText(args, request.consumer))
      if (after === null) deliver(context, stream, consumer, from, count, request.noAck)
      else replyHistory(context, stream, consumer, after, request.max)
      keyspace.changedUnseen(stream)
    },
  )
  return true
}

/** Finds out what will be given, and sees to it that all of it is in memory. */
function plan(
  keyspace: Keyspace,
  args: Args,
  { firstKey, group: groupAt, consumer: consumerAt, max, noAck }: ReadRequest,
  ids: readonly StreamId[],
): { readonly parts: readonly Part[]; readonly size: number } {
  const { log } = keyspace
  const parts: Part[] = []
  const places: Place[] = []
  /** Where what earlier parts give ends: a key may be named twice. */
  const ends = new Map<Group, number>()
  let newCount = 0
  let size = 0
  ids.forEach((id, i) => {
    const key = firstKey + i
    const stream = findStream(keyspace, args, key)
    const group = stream?.groups.get(groupText(args, groupAt))
    if (stream === null || group === undefined) throw noGroup.toRead(args, key, groupAt)
    const { entries } = stream
    const from: EntryPosition = { chunk: 0, slot: 0 }
    let count = 0
    if (id.isMax) {
      seekNew(log, stream, group, ends.get(group) ?? group.nextOffset, from)
      if (entries.isEnd(from)) return
      entries.toEnd(at)
      count = entries.distance(from, at, max === 0 ? Infinity : max)
      collectCold(log, entries, from, count, places)
      // How far the group has got may have to be told by the first entry.
      firstIdOf(log, stream)
      newCount += count
      at.chunk = from.chunk
      at.slot = from.slot
      entries.advance(at, count - 1)
      ends.set(group, entries.offsetAt(at) + 1)
      size += noAck ? 0 : count * PENDING_RECORD_SIZE
    } else {
      const history = historyOf(group.consumers.get(groupText(args, consumerAt)), id, max)
      for (const pending of history) {
        if (seekDelivered(log, stream, pending.id, pending, at)) collectCold(log, entries, at, 1, places)
      }
      size += (history.length + newCount) * PENDING_RECORD_SIZE
    }
    size += groupRecordSize(group.name.length) + consumerRecordSize(args.size(consumerAt))
    parts.push({ key, stream, group, after: id.isMax ? null : id, from, count })
  })
  if (places.length > 0) throw new ColdRead(places)
  return { parts, size }
}

/** Points at the first entry that a group has not been given. @param offset it is not lower than this; -1: not known */
function seekNew(log: Log, { entries, lastId }: Stream, group: Group, offset: number, to: EntryPosition): void {
  if (group.lastId.compare(lastId) >= 0) entries.toEnd(to)
  else if (offset >= 0) entries.seekOffset(offset, to)
  else {
    next.copy(group.lastId).increment()
    seekId(log, entries, next, to)
  }
}

/** Gives `count` entries to a consumer. */
function deliver(
  { keyspace, reply }: Context,
  stream: Stream,
  consumer: Consumer,
  from: EntryPosition,
  count: number,
  noAck: boolean,
): void {
  const { log } = keyspace
  const { group } = consumer
  const { entries } = stream
  const place: EntryPosition = { chunk: from.chunk, slot: from.slot }
  let offset = -1
  reply.array(count)
  for (let left = count; left > 0; left--) {
    offset = entries.offsetAt(place)
    const { bytes, valueStart } = readEntry(log, entries, place)
    next.read(bytes, valueStart)
    if (next.compare(group.lastId) > 0) advanceGroup(log, stream, group, next)
    replyEntryAt(reply, bytes, valueStart, next)
    entries.advance(place, 1)
  }
  // Not in one go with the reply: copies in turn between other buffers cost a view of each every time.
  if (!noAck) give(keyspace, stream, consumer, from, count)
  group.nextOffset = offset + 1
  saveGroup(keyspace, stream, group)
}

/** `count` entries are the consumer's now, whoever may have had them before a group was set back. */
function give(keyspace: Keyspace, stream: Stream, consumer: Consumer, from: EntryPosition, count: number): void {
  const { log, now } = keyspace
  const { entries } = stream
  const place: EntryPosition = { chunk: from.chunk, slot: from.slot }
  for (let left = count; left > 0; left--) {
    readId(log, entries, place, next)
    const pending = consumer.group.pending.find(next)
    if (pending === null) addPending(keyspace, stream, consumer, next, entries.offsetAt(place), now, 1)
    else renewPending(keyspace, stream, pending, consumer, now, 1)
    entries.advance(place, 1)
  }
}

/** What a consumer was given behind an id and has not acknowledged. @param max so many at most; 0: all */
function historyOf(consumer: Consumer | undefined, after: StreamId, max: number): Pending[] {
  const found: Pending[] = []
  if (consumer === undefined) return found
  next.copy(after).increment()
  for (const pending of consumer.pending.from(next)) {
    if (max > 0 && found.length === max) break
    found.push(pending)
  }
  return found
}

function replyHistory(
  { keyspace, reply }: Context,
  stream: Stream,
  consumer: Consumer,
  after: StreamId,
  max: number,
): void {
  const history = historyOf(consumer, after, max)
  reply.array(history.length)
  for (const pending of history) {
    if (seekDelivered(keyspace.log, stream, pending.id, pending, at)) {
      replyEntry(keyspace.log, reply, stream.entries, at)
      renewPending(keyspace, stream, pending, consumer, keyspace.now, pending.count + 1)
    } else {
      reply.array(2)
      replyId(reply, pending.id)
      reply.nilArray()
    }
  }
}

/**
 * A record for each entry that a stream has, or for each that is pending, is not twice as much as these take; and of no stream more are
 * given than COUNT says, as often as it is named.
 */
function sizeFor(foresight: Foresight, args: Args): number {
  const count = foreseenCount(args, 1) * args.count || Infinity
  let size = 0
  forEachKeyOfGroupRead(args, (i) => {
    const written = Math.min(2 * foresight.sizeOf(args, i), count * PENDING_RECORD_SIZE)
    const records = written + groupRecordSize(0) + consumerRecordSize(0) + args.buf.length
    size += mayAdd(foresight, args, i, records)
  })
  return size
}

const next = new StreamId()
const at: EntryPosition = { chunk: 0, slot: 0 }
