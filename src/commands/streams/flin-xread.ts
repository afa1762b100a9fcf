import { checkLoaded, readEntry } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import { seekTime } from '../../models/streams/entry-time.js'
import type { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import { integerArgument } from '../arguments.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { replyIdAndFields } from './entry-reply.js'
import { awaitedStream, findStream } from './find-stream.js'
import { countArgument } from './counts.js'
import { timeoutArgument } from './read-request.js'
import { rehearsal } from './rehearse.js'
import { waitForStreams } from './wait-for-streams.js'

/** What is asked for. */
interface Request {
  /** Entries from this offset on, or from this time on in ms since 1970. */
  readonly from: 'offset' | 'time'
  readonly start: number
  /** So many at most. */
  readonly max: number
  /** How long to wait for entries, in ms, 0: for ever; -1: not at all. */
  readonly timeoutMs: number
  /** Argument that is the key. */
  readonly key: number
}

/**
 *   FLIN.XREAD [COUNT n] [BLOCK ms] FROM OFFSET offset | TIME ms | EARLIEST key
 *
 * Replies with entries as `offset id [name value ...]`, or with nil.
 */
export const flinXread: Command = {
  name: 'flin.xread',
  code: 257,
  arity: -4,
  flags: ['readonly', 'blocking', 'movablekeys'],
  findKeys: visitKey,
  group: 'flin',
  since: 'flin 0.1.0',
  summary:
    'FLIN.XREAD [COUNT n] [BLOCK ms] FROM OFFSET offset | TIME ms | EARLIEST key returns the entries of a stream that lie in the log from an offset on, or were written at a time or later, each with its offset; the next one to ask for is one more.',
  run(context, args) {
    const request = parse(args)
    const stream = findStream(context.keyspace, args, request.key)
    if (stream !== null && read(context, stream, request)) return
    const { key, timeoutMs } = request
    waitForStreams(context, args, flinXread, { firstKey: key, keyCount: 1, timeoutMs }, (context, args, i) => {
      const stream = awaitedStream(context.keyspace, args, i)
      return stream !== null && read(context, stream, request)
    })
  },
  rehearse: rehearsal(visitKey, (context, args) => {
    const request = parse(args)
    const stream = findStream(context.keyspace, args, request.key)
    if (stream !== null) read(context, stream, request)
  }),
}

/** The last argument. */
function visitKey(args: Args, visit: (i: number) => void): void {
  visit(args.count - 1)
}

/** @throws ReplyError */
function parse(args: Args): Request {
  const key = args.count - 1
  let max = Infinity
  let timeoutMs = -1
  let i = 1
  for (; i + 1 < key && !args.equalsIgnoreCase(i, 'FROM'); i += 2) {
    if (args.equalsIgnoreCase(i, 'COUNT')) max = countOf(integerArgument(args, i + 1))
    else if (args.equalsIgnoreCase(i, 'BLOCK')) timeoutMs = timeoutArgument(args, i + 1)
    else throw new ReplyError(ERR.syntax)
  }
  if (i + 1 >= key || !args.equalsIgnoreCase(i, 'FROM')) throw new ReplyError(ERR.syntax)
  const isEarliest = args.equalsIgnoreCase(i + 1, 'EARLIEST')
  const isTime = args.equalsIgnoreCase(i + 1, 'TIME')
  if (!isEarliest && !isTime && !args.equalsIgnoreCase(i + 1, 'OFFSET')) throw new ReplyError(ERR.syntax)
  if (i + (isEarliest ? 2 : 3) !== key) throw new ReplyError(ERR.syntax)
  const start = isEarliest ? 0 : countArgument(args, i + 2)
  if (start < 0) throw new ReplyError(ERR.notInteger)
  return { from: isTime ? 'time' : 'offset', start, max, timeoutMs, key }
}

/** As in XREAD 0, or less, is no bound. */
function countOf(given: number): number {
  return given > 0 ? given : Infinity
}

/** Replies with entries; false, and no reply, when there are none. @throws ColdRead */
function read({ keyspace, reply }: Context, { entries }: Stream, { from, start, max }: Request): boolean {
  const { log } = keyspace
  const at: EntryPosition = { chunk: 0, slot: 0 }
  if (from === 'time') seekTime(log, entries, start, at)
  else entries.seekOffset(start, at)
  entries.toEnd(end)
  const count = entries.distance(at, end, max)
  if (count === 0) return false
  checkLoaded(log, entries, at, count)
  reply.array(count)
  for (let left = count; left > 0; left--) {
    const { bytes, valueStart } = readEntry(log, entries, at)
    reply.array(3)
    reply.integer(entries.offsetAt(at))
    replyIdAndFields(reply, bytes, valueStart, id.read(bytes, valueStart))
    entries.advance(at, 1)
  }
  return true
}

const id = new StreamId()
const end: EntryPosition = { chunk: 0, slot: 0 }
