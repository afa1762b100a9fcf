import { checkLoaded, seekId } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { integerArgument } from '../arguments.js'
import { replyEntries, replyEntry } from './entry-reply.js'
import { findStream } from './find-stream.js'
import { intervalEnd, intervalStart } from './id-text.js'
import { firstArgument, rehearsal } from './rehearse.js'

const first = new StreamId()
const last = new StreamId()
const from: EntryPosition = { chunk: 0, slot: 0 }
const to: EntryPosition = { chunk: 0, slot: 0 }

export const xrange: Command = {
  name: 'xrange',
  code: 242,
  arity: -4,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Returns the entries of a stream whose ids lie in an interval.',
  run: forwards,
  rehearse: rehearsal(firstArgument, forwards),
}

export const xrevrange: Command = {
  ...xrange,
  name: 'xrevrange',
  code: 243,
  summary: 'Returns the entries of a stream whose ids lie in an interval, the newest first.',
  run: backwards,
  rehearse: rehearsal(firstArgument, backwards),
}

function forwards(context: Context, args: Args): void {
  intervalStart(args, 2, first)
  intervalEnd(args, 3, last)
  range(context, args, false)
}

function backwards(context: Context, args: Args): void {
  intervalStart(args, 3, first)
  intervalEnd(args, 2, last)
  range(context, args, true)
}

function range({ keyspace, reply }: Context, args: Args, isReverse: boolean): void {
  const max = countOption(args)
  const stream = findStream(keyspace, args, 1)
  if (stream === null) {
    reply.emptyArray()
    return
  }
  if (max === 0) {
    reply.nilArray()
    return
  }
  const { log } = keyspace
  const { entries } = stream
  if (first.compare(last) > 0) {
    reply.emptyArray()
    return
  }
  seekId(log, entries, first, from)
  if (last.increment()) seekId(log, entries, last, to)
  else entries.toEnd(to)
  const all = entries.distance(from, to, isReverse ? Infinity : max)
  const count = Math.min(all, max)
  if (isReverse) entries.advance(from, all - count)
  checkLoaded(log, entries, from, count)
  if (!isReverse) {
    replyEntries(log, reply, entries, from, count)
    return
  }
  reply.array(count)
  for (let left = count; left > 0; left--) {
    entries.back(to)
    replyEntry(log, reply, entries, to)
  }
}

/** `[COUNT n]`: how many entries at most; a negative number is none. */
function countOption(args: Args): number {
  let max = Infinity
  for (let i = 4; i < args.count; i += 2) {
    if (!args.equalsIgnoreCase(i, 'COUNT') || i + 1 >= args.count) throw new ReplyError(ERR.syntax)
    max = Math.max(0, integerArgument(args, i + 1))
  }
  return max
}
