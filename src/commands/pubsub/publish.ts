import { checkKeySize } from '../../../segments/index.js'
import { MESSAGE_COMMAND, messageSize } from '../../models/messages/messages.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command, Context } from '../command.js'

const FLAGS = ['pubsub', 'loading', 'stale', 'fast', 'appends'] as const
const DIFFERS =
  'The message is in the log before anybody is told: see `FLIN.SUBSCRIBE`. A channel whose messages are kept has at most 65535 bytes.'

export const publish: Command = {
  name: 'publish',
  code: MESSAGE_COMMAND.publish,
  arity: 3,
  flags: FLAGS,
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Publishes a message to a channel. Answers how many get it.',
  differs: DIFFERS,
  run(context, args) {
    run(context, args, false)
  },
  precondition: checkChannel,
}

export const spublish: Command = {
  name: 'spublish',
  code: MESSAGE_COMMAND.spublish,
  arity: 3,
  flags: FLAGS,
  group: 'pubsub',
  since: '7.0.0',
  toldKeys: { first: 1, last: 1, step: 1 },
  summary: 'Publishes a message to a channel of SSUBSCRIBE. Answers how many get it.',
  differs: DIFFERS,
  run(context, args) {
    run(context, args, true)
  },
  precondition: checkChannel,
}

/** @throws FlinError KEY_TOO_LARGE when no record can hold the channel, and one has to */
function checkChannel({ keyspace }: Context, { buf, starts, ends }: Args): void {
  const [start, end] = [starts[1]!, ends[1]!]
  if (keyspace.messages.rules.ageOf(buf, start, end) > 0) checkKeySize(end - start)
}

function run({ keyspace, server, session, reply }: Context, { buf, starts, ends }: Args, isShard: boolean): void {
  const { log, messages } = keyspace
  const { subscriptions } = server
  const start = starts[1]!
  const end = ends[1]!
  const from = starts[2]!
  const to = ends[2]!
  const ageMs = messages.rules.ageOf(buf, start, end)
  let offset = -1
  if (ageMs > 0) {
    keyspace.begin(messageSize(end - start, to - from))
    offset = messages.append(keyspace.command, ageMs, buf, start, end, buf, from, to)
    subscriptions.appended(offset)
  }
  // A message may tell of what its client has just written: it must not be known before that.
  keyspace.gate = log.endOffset
  const own = session.subscriber
  if (own !== null) {
    own.isPublishing = true
    own.isReplying = session.queue !== null || session.replyMode !== 'on'
  }
  const count = subscriptions.publish(isShard, buf, start, end, buf, from, to, offset)
  if (own !== null) own.isPublishing = own.isReplying = false
  reply.integer(count)
}
