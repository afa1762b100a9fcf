import type { Keyspace } from '../../models/keyspace.js'
import type { Consumer, Group, Pending } from '../../models/streams/group.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { integerArgument } from '../arguments.js'
import { findStream } from './find-stream.js'
import { groupArgument, groupText, replyName, sortedByName } from './group-arguments.js'
import { intervalEnd, intervalStart, replyId } from './id-text.js'

const first = new StreamId()
const last = new StreamId()
/** What is asked for beside the interval. */
const options = { max: 0, minIdleMs: 0, consumer: 0 }

export const xpending: Command = {
  name: 'xpending',
  code: 252,
  arity: -3,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Tells of the entries that a group has been given and that nobody has acknowledged.',
  run({ keyspace, reply }, args) {
    if (args.count !== 3 && (args.count < 6 || args.count > 9)) throw new ReplyError(ERR.syntax)
    if (args.count > 3) parse(args)
    const group = groupArgument(findStream(keyspace, args, 1), args)
    if (args.count === 3) replySummary(reply, group)
    else replyList(keyspace, reply, args, group)
  },
}

/** `[IDLE ms] start end count [consumer]`. @throws ReplyError */
function parse(args: Args): void {
  let at = 3
  options.minIdleMs = 0
  if (args.equalsIgnoreCase(3, 'IDLE')) {
    options.minIdleMs = integerArgument(args, 4)
    if (args.count < 8) throw new ReplyError(ERR.syntax)
    at = 5
  }
  options.max = Math.max(0, integerArgument(args, at + 2))
  intervalStart(args, at, first)
  intervalEnd(args, at + 1, last)
  options.consumer = at + 3 < args.count ? at + 3 : 0
}

function replySummary(reply: ReplyWriter, { pending, consumers }: Group): void {
  reply.array(4)
  reply.integer(pending.count)
  if (pending.first === null || pending.last === null) {
    reply.nil()
    reply.nil()
    reply.nilArray()
    return
  }
  replyId(reply, pending.first.id)
  replyId(reply, pending.last.id)
  const owners = sortedByName(consumers).filter((it) => it.pending.count > 0)
  reply.array(owners.length)
  for (const owner of owners) {
    reply.array(2)
    replyName(reply, owner.name)
    reply.bulkNumber(owner.pending.count)
  }
}

function replyList(keyspace: Keyspace, reply: ReplyWriter, args: Args, group: Group): void {
  let owner: Group | Consumer | undefined = group
  if (options.consumer > 0) owner = group.consumers.get(groupText(args, options.consumer))
  if (owner === undefined) {
    reply.emptyArray()
    return
  }
  const found: Pending[] = []
  for (const pending of owner.pending.from(first)) {
    if (found.length >= options.max || pending.id.compare(last) > 0) break
    if (options.minIdleMs === 0 || keyspace.now - pending.timeMs >= options.minIdleMs) found.push(pending)
  }
  reply.array(found.length)
  for (const { id, consumer, timeMs, count } of found) {
    reply.array(4)
    replyId(reply, id)
    replyName(reply, consumer.name)
    reply.integer(Math.max(0, keyspace.now - timeMs))
    reply.integer(count)
  }
}
