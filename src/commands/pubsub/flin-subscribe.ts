import type { Messages } from '../../models/messages/messages.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { subscriberOf } from './subscribe.js'

/** Where a subscription begins. */
interface Start {
  readonly offset: number
  /** Messages of before are left out, in ms since 1970. */
  readonly ms: number
}

/**
 *   FLIN.SUBSCRIBE pattern [FROM OFFSET offset | FROM TIME ms | FROM EARLIEST]
 *
 * Replies `flin.subscribe pattern count offset`: so many patterns the client has now, and from this offset on it will be told. Each
 * message is pushed as `fmessage pattern channel offset payload`.
 */
export const flinSubscribe: Command = {
  name: 'flin.subscribe',
  code: 289,
  arity: -2,
  flags: ['pubsub', 'noscript', 'no_multi', 'subscriber'],
  group: 'flin',
  since: 'flin 0.1.0',
  summary:
    'Listens for messages of all channels that match a pattern, from an offset (FROM OFFSET), a time in ms (FROM TIME) or the first one that is held (FROM EARLIEST) on, and then for what is published. Each bears its offset; the next one to ask for is one more.',
  run(context, args) {
    const { session, server, reply, keyspace } = context
    const pattern = Buffer.from(args.buf.subarray(args.starts[1], args.ends[1]))
    const { offset, ms } = startOf(context, pattern, args)
    const subscriber = subscriberOf(session, server)
    server.subscriptions.replay(subscriber, pattern, offset, ms)
    // What is said of the end of the log must not be taken back.
    keyspace.gate = Math.min(offset, keyspace.log.endOffset)
    reply.push(4)
    reply.bulkText('flin.subscribe')
    reply.bulk(pattern, 0, pattern.length)
    reply.integer(subscriber.interests.replays.size)
    reply.integer(offset)
  },
}

function startOf({ keyspace }: Context, pattern: Buffer, args: Args): Start {
  const { log, messages } = keyspace
  if (args.count === 2) return { offset: log.endOffset, ms: 0 }
  if (!args.equalsIgnoreCase(2, 'FROM')) throw new ReplyError(ERR.syntax)
  if (args.count === 4 && args.equalsIgnoreCase(3, 'EARLIEST')) return { offset: messages.heldFrom(pattern), ms: 0 }
  if (args.count !== 5) throw new ReplyError(ERR.syntax)
  const given = args.integer(4)
  const isOffset = args.equalsIgnoreCase(3, 'OFFSET')
  if (!isOffset && !args.equalsIgnoreCase(3, 'TIME')) throw new ReplyError(ERR.syntax)
  if (!(given >= 0)) throw new ReplyError(ERR.notInteger)
  if (!isOffset) return startAt(keyspace.log, messages, pattern, Math.min(given, keyspace.now))
  const held = messages.heldFrom(pattern)
  if (given < held) {
    throw new ReplyError(`ERR offset ${given} is gone: messages of these channels are held from offset ${held} on`)
  }
  if (given > log.endOffset) {
    throw new ReplyError(`ERR offset ${given} is beyond the end of the log, which is ${log.endOffset}`)
  }
  return { offset: given, ms: 0 }
}

/** The first segment that may have something of the time, or of later. */
function startAt(log: Context['keyspace']['log'], messages: Messages, pattern: Buffer, ms: number): Start {
  const segment = log.segments.find(({ sealed, lastTimestampMs }) => !sealed || lastTimestampMs >= ms)
  return { offset: Math.max(messages.heldFrom(pattern), segment?.baseOffset ?? 0), ms }
}

export const flinUnsubscribe: Command = {
  name: 'flin.unsubscribe',
  code: 290,
  arity: -1,
  flags: ['pubsub', 'noscript', 'no_multi', 'subscriber'],
  group: 'flin',
  since: 'flin 0.1.0',
  summary: 'Listens no more to channels of these patterns of FLIN.SUBSCRIBE, or of any.',
  run({ session, server, reply }, { buf, starts, ends, count }) {
    const subscriber = subscriberOf(session, server)
    const { replays } = subscriber.interests
    const names = [...replays.values()].map(({ name }) => name)
    const wanted = count === 1 ? names : names.slice(0, 0)
    for (let i = 1; i < count; i++) wanted.push(Buffer.from(buf.subarray(starts[i], ends[i])))
    for (const name of wanted.length === 0 ? [null] : wanted) {
      if (name !== null) server.subscriptions.unsubscribe(subscriber, 'replays', name.toString('latin1'))
      reply.push(3)
      reply.bulkText('flin.unsubscribe')
      if (name === null) reply.nil()
      else reply.bulk(name, 0, name.length)
      reply.integer(replays.size)
    }
  },
}
