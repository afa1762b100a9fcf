import type { Place } from '../../../segments/index.js'
import { ColdRead } from '../../models/cold.js'
import { collectCold, seekId } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import type { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ReplyError, type Command, type Context } from '../command.js'
import { replyEntries } from './entry-reply.js'
import { findStream } from './find-stream.js'
import { idArgument } from './id-text.js'
import { forEachKeyOfRead, isCharacter, parseRead, type ReadRequest } from './read-request.js'
import { rehearsal } from './rehearse.js'

export const xread: Command = {
  name: 'xread',
  code: 247,
  arity: -4,
  flags: ['readonly', 'blocking', 'movablekeys'],
  findKeys: forEachKeyOfRead,
  group: 'stream',
  since: '5.0.0',
  summary: 'Returns the entries of streams behind given ids.',
  run(context, args) {
    const request = parseRead(args, false)
    const ids = idsOf(context, args, request)
    if (!readStreams(context, args, request, ids)) context.reply.nilArray()
  },
  rehearse: rehearsal(forEachKeyOfRead, (context, args) => {
    const request = parseRead(args, false)
    readStreams(context, args, request, idsOf(context, args, request))
  }),
}

/** The ids behind which is read: those of the arguments, or the last one where `$` is given. @throws ReplyError */
export function idsOf({ keyspace }: Context, args: Args, { firstKey, keyCount }: ReadRequest): StreamId[] {
  const ids: StreamId[] = []
  for (let i = firstKey; i < firstKey + keyCount; i++) {
    const stream = findStream(keyspace, args, i)
    const id = new StreamId()
    if (isCharacter(args, i + keyCount, '$')) {
      if (stream !== null) id.copy(stream.lastId)
    } else if (isCharacter(args, i + keyCount, '>')) {
      throw new ReplyError(
        'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
      )
    } else idArgument(args, i + keyCount, id)
    ids.push(id)
  }
  return ids
}

/** Some entries of one stream. */
interface Part {
  readonly key: number
  readonly stream: Stream
  readonly from: EntryPosition
  readonly count: number
}

/**
 * Replies with what streams have behind ids; false, and no reply, when that is nothing.
 * @throws ColdRead, FlinError WRONG_TYPE
 */
export function readStreams(
  { keyspace, reply }: Context,
  args: Args,
  { firstKey, max }: ReadRequest,
  ids: readonly StreamId[],
): boolean {
  const { log } = keyspace
  const parts: Part[] = []
  const places: Place[] = []
  ids.forEach((id, i) => {
    const stream = findStream(keyspace, args, firstKey + i)
    // What lies behind the last id is not looked for in the log.
    if (stream === null || stream.count === 0 || id.compare(stream.lastId) >= 0) return
    const { entries } = stream
    const from: EntryPosition = { chunk: 0, slot: 0 }
    seekId(log, entries, next.copy(id).increment() ? next : id, from)
    if (entries.isEnd(from)) return
    entries.toEnd(end)
    const count = entries.distance(from, end, max === 0 ? Infinity : max)
    collectCold(log, entries, from, count, places)
    parts.push({ key: firstKey + i, stream, from, count })
  })
  if (places.length > 0) throw new ColdRead(places)
  if (parts.length === 0) return false
  replyStreams(
    reply,
    args,
    parts.length,
    parts.map(({ key }) => key),
    (i) => {
      const { stream, from, count } = parts[i]!
      replyEntries(log, reply, stream.entries, from, count)
    },
  )
  return true
}

/** Replies with keys, each with what `write` writes of it. */
export function replyStreams(
  reply: ReplyWriter,
  { buf, starts, ends }: Args,
  count: number,
  keys: readonly number[],
  write: (i: number) => void,
): void {
  if (reply.protocol === 3) reply.map(count)
  else reply.array(count)
  for (let i = 0; i < count; i++) {
    if (reply.protocol !== 3) reply.array(2)
    reply.bulk(buf, starts[keys[i]!]!, ends[keys[i]!]!)
    write(i)
  }
}

const next = new StreamId()
const end: EntryPosition = { chunk: 0, slot: 0 }
