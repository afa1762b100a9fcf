import type { Log } from '../../../segments/index.js'
import { checkLoaded } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import { READ_UNKNOWN, type Consumer, type Group, type Pending } from '../../models/streams/group.js'
import { firstIdOf, lagOf } from '../../models/streams/progress.js'
import type { Stream } from '../../models/streams/stream.js'
import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ERR, ReplyError, type Command, type Context, type Subcommand } from '../command.js'
import { integerArgument } from '../arguments.js'
import { container } from '../container.js'
import { replyEntries, replyEntry } from './entry-reply.js'
import { findStream } from './find-stream.js'
import { groupText, noGroup, replyName, sortedByName } from './group-arguments.js'
import { replyId } from './id-text.js'
import { rehearsal, secondArgument } from './rehearse.js'

const COUNT = 10
const SYNTAX = (word: string): string =>
  `ERR unknown subcommand or wrong number of arguments for '${word.slice(0, 128)}'. Try XINFO HELP.`
const ABOUT_KEY = { flags: ['readonly'], keys: { first: 2, last: 2, step: 1 }, since: '5.0.0' } as const

function streamOf({ keyspace }: Context, args: Args): Stream {
  const stream = findStream(keyspace, args, 2)
  if (stream === null) throw new ReplyError(ERR.noSuchKey)
  return stream
}

const consumers: Subcommand = {
  ...ABOUT_KEY,
  name: 'consumers',
  arity: 4,
  help: ['CONSUMERS <key> <groupname>', '    Show consumers of <groupname>.'],
  run(context, args) {
    const { keyspace, reply } = context
    const group = streamOf(context, args).groups.get(groupText(args, 3))
    if (group === undefined) throw noGroup.inKey(args, 3, 2)
    reply.array(group.consumers.size)
    for (const { name, pending, seenMs } of sortedByName(group.consumers)) {
      reply.map(3)
      reply.bulkText('name')
      replyName(reply, name)
      reply.bulkText('pending')
      reply.integer(pending.count)
      reply.bulkText('idle')
      reply.integer(Math.max(0, keyspace.now - seenMs))
    }
  },
}

const groups: Subcommand = {
  ...ABOUT_KEY,
  name: 'groups',
  arity: 3,
  help: ['GROUPS <key>', '    Show the stream consumer groups.'],
  run(context, args) {
    const { reply, keyspace } = context
    const stream = streamOf(context, args)
    reply.array(stream.groups.size)
    for (const group of sortedByName(stream.groups)) {
      reply.map(6)
      reply.bulkText('name')
      replyName(reply, group.name)
      reply.bulkText('consumers')
      reply.integer(group.consumers.size)
      reply.bulkText('pending')
      reply.integer(group.pending.count)
      replyProgress(keyspace.log, reply, stream, group)
    }
  },
}

function replyProgress(log: Log, reply: ReplyWriter, stream: Stream, group: Group): void {
  reply.bulkText('last-delivered-id')
  replyId(reply, group.lastId)
  reply.bulkText('entries-read')
  replyCount(reply, group.read === READ_UNKNOWN ? null : group.read)
  reply.bulkText('lag')
  replyCount(reply, lagOf(log, stream, group))
}

function replyCount(reply: ReplyWriter, count: number | null): void {
  if (count === null) reply.nil()
  else reply.integer(count)
}

const stream: Subcommand = {
  ...ABOUT_KEY,
  name: 'stream',
  arity: -3,
  help: ['STREAM <key> [FULL [COUNT <count>]', '    Show information about the stream.'],
  run(context, args) {
    const found = streamOf(context, args)
    if (args.count === 3) {
      replySummary(context, found)
      return
    }
    const isRight =
      (args.count === 4 || args.count === 6) &&
      args.equalsIgnoreCase(3, 'FULL') &&
      (args.count === 4 || args.equalsIgnoreCase(4, 'COUNT'))
    if (!isRight) throw new ReplyError(SYNTAX(args.text(1)))
    const count = args.count === 4 ? COUNT : integerArgument(args, 5)
    const max = count < 0 ? COUNT : count
    replyFull(context, found, max === 0 ? Infinity : max)
  },
}

/** @param size how many fields there are in all: 7 are of these */
function replyFacts({ keyspace, reply }: Context, found: Stream, size: number): void {
  const { length } = found.entries.chunks
  reply.map(size)
  reply.bulkText('length')
  reply.integer(found.count)
  reply.bulkText('radix-tree-keys')
  reply.integer(length)
  reply.bulkText('radix-tree-nodes')
  reply.integer(length + 1)
  reply.bulkText('last-generated-id')
  replyId(reply, found.lastId)
  reply.bulkText('max-deleted-entry-id')
  replyId(reply, found.maxDeletedId)
  reply.bulkText('entries-added')
  reply.integer(found.added)
  reply.bulkText('recorded-first-entry-id')
  replyId(reply, firstIdOf(keyspace.log, found))
}

function replySummary(context: Context, found: Stream): void {
  const { keyspace, reply } = context
  const { entries } = found
  replyFacts(context, found, 10)
  reply.bulkText('groups')
  reply.integer(found.groups.size)
  reply.bulkText('first-entry')
  entries.toFirst(at)
  if (found.count === 0) reply.nil()
  else replyEntry(keyspace.log, reply, entries, at)
  reply.bulkText('last-entry')
  entries.toEnd(at)
  if (entries.back(at)) replyEntry(keyspace.log, reply, entries, at)
  else reply.nil()
}

/** @param max so many entries, and so many pending ones, at most */
function replyFull(context: Context, found: Stream, max: number): void {
  const { keyspace, reply } = context
  const { entries } = found
  const count = Math.min(max, found.count)
  entries.toFirst(at)
  checkLoaded(keyspace.log, entries, at, count)
  replyFacts(context, found, 9)
  reply.bulkText('entries')
  replyEntries(keyspace.log, reply, entries, at, count)
  reply.bulkText('groups')
  reply.array(found.groups.size)
  for (const group of sortedByName(found.groups)) replyGroup(context, found, group, max)
}

function replyGroup({ keyspace, reply }: Context, found: Stream, group: Group, max: number): void {
  const { pending } = group
  reply.map(7)
  reply.bulkText('name')
  replyName(reply, group.name)
  replyProgress(keyspace.log, reply, found, group)
  reply.bulkText('pel-count')
  reply.integer(pending.count)
  // The name that Redis has for it where it lists them.
  reply.bulkText('pending')
  replyPending(reply, pending, Math.min(max, pending.count), true)
  reply.bulkText('consumers')
  reply.array(group.consumers.size)
  for (const consumer of sortedByName(group.consumers)) replyConsumer(reply, consumer, max)
}

function replyConsumer(reply: ReplyWriter, { name, seenMs, pending }: Consumer, max: number): void {
  reply.map(4)
  reply.bulkText('name')
  replyName(reply, name)
  reply.bulkText('seen-time')
  reply.integer(seenMs)
  reply.bulkText('pel-count')
  reply.integer(pending.count)
  reply.bulkText('pending')
  replyPending(reply, pending, Math.min(max, pending.count), false)
}

function replyPending(reply: ReplyWriter, list: Iterable<Pending>, count: number, hasConsumer: boolean): void {
  reply.array(count)
  let left = count
  for (const { id, consumer, timeMs, count: deliveries } of list) {
    if (left-- === 0) return
    reply.array(hasConsumer ? 4 : 3)
    replyId(reply, id)
    if (hasConsumer) replyName(reply, consumer.name)
    reply.integer(timeMs)
    reply.integer(deliveries)
  }
}

const at: EntryPosition = { chunk: 0, slot: 0 }

export const xinfo: Command = container({
  name: 'xinfo',
  code: 248,
  group: 'stream',
  since: '5.0.0',
  summary: 'What is known of streams, groups and consumers.',
  differs: 'radix-tree-keys and -nodes count what Flin keeps in the place of a tree.',
  subcommands: [consumers, groups, stream],
  rehearse: rehearsal(secondArgument, (context, args) => {
    if (args.equalsIgnoreCase(1, 'STREAM')) stream.run(context, args)
    else if (args.equalsIgnoreCase(1, 'GROUPS')) groups.run(context, args)
  }),
})
