import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { READ_UNKNOWN, type Group } from '../../models/streams/group.js'
import {
  consumerRecordSize,
  createConsumer,
  createGroup,
  deleteConsumer,
  destroyGroup,
  groupRecordSize,
  moveGroup,
} from '../../models/streams/group-writes.js'
import type { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import { TOMBSTONE_SIZE } from '../../models/streams/stream-writes.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Command, type Context, type Subcommand } from '../command.js'
import { container } from '../container.js'
import { countArgument } from './counts.js'
import { createStream, creationSize, findStream, mayAdd } from './find-stream.js'
import { groupText, noGroup } from './group-arguments.js'
import { idArgument, intervalEnd } from './id-text.js'
import { isCharacter } from './read-request.js'

const ABOUT_KEY = { keys: { first: 2, last: 2, step: 1 }, since: '5.0.0' } as const
const NO_KEY =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.'

const id = new StreamId()

/** The stream of argument 2. @throws ReplyError when there is none */
function streamOf({ keyspace }: Context, args: Args): Stream {
  const stream = findStream(keyspace, args, 2)
  if (stream === null) throw new ReplyError(NO_KEY)
  return stream
}

/** The group of argument 3. @throws ReplyError when there is none */
function groupOf(stream: Stream, args: Args): Group {
  const group = stream.groups.get(groupText(args, 3))
  if (group === undefined) throw noGroup.inKey(args, 3, 2)
  return group
}

/** What may follow the id. */
const options = { makesStream: false, read: READ_UNKNOWN }

/** `[MKSTREAM] [ENTRIESREAD n]`, the former for CREATE only. @throws ReplyError */
function parseOptions(args: Args, isCreate: boolean): void {
  options.makesStream = false
  options.read = READ_UNKNOWN
  for (let i = 5; i < args.count; i++) {
    if (isCreate && args.equalsIgnoreCase(i, 'MKSTREAM')) options.makesStream = true
    else if (args.equalsIgnoreCase(i, 'ENTRIESREAD') && i + 1 < args.count) {
      options.read = countArgument(args, ++i)
      if (options.read < 0 && options.read !== READ_UNKNOWN) {
        throw new ReplyError('ERR value for ENTRIESREAD must be positive or -1')
      }
    } else throw wrongArguments(args)
  }
}

function wrongArguments(args: Args): ReplyError {
  const word = args.text(1).slice(0, 128)
  return new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${word}'. Try XGROUP HELP.`)
}

const create: Subcommand = {
  ...ABOUT_KEY,
  name: 'create',
  arity: -5,
  flags: ['write', 'denyoom'],
  help: [
    ...['CREATE <key> <groupname> <id|$> [option]', '    Create a new consumer group. Options are:'],
    ...['    * MKSTREAM', '      Create the empty stream if it does not exist.'],
    ...['    * ENTRIESREAD entries_read', "      Set the group's entries_read counter (internal use)."],
  ],
  run(context, args) {
    const { keyspace, reply } = context
    parseOptions(args, true)
    const found = options.makesStream ? findStream(keyspace, args, 2) : streamOf(context, args)
    if (args.count > 8) throw wrongArguments(args)
    if (!isCharacter(args, 4, '$')) idArgument(args, 4, id)
    else if (found === null) id.setZero()
    else id.copy(found.lastId)
    const name = groupText(args, 3)
    if (found?.groups.has(name) === true) throw new ReplyError('BUSYGROUP Consumer Group name already exists')
    keyspace.begin(creationSize(args, 2, RECORD_OVERHEAD) + groupRecordSize(name.length))
    const stream = found ?? createStream(keyspace, args, 2)
    createGroup(keyspace, stream, name, id, options.read)
    keyspace.changedUnseen(stream)
    reply.ok()
  },
}

const setId: Subcommand = {
  ...ABOUT_KEY,
  name: 'setid',
  arity: -5,
  flags: ['write'],
  help: [
    ...['SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]'],
    ...['    Set the current group ID and entries_read counter.'],
  ],
  run(context, args) {
    const { keyspace, reply } = context
    parseOptions(args, false)
    const stream = streamOf(context, args)
    const group = groupOf(stream, args)
    if (args.count !== 5 && args.count !== 7) throw wrongArguments(args)
    if (isCharacter(args, 4, '$')) id.copy(stream.lastId)
    // As in Redis - and + are taken here, where they are of little use.
    else if (isCharacter(args, 4, '-') || isCharacter(args, 4, '+')) intervalEnd(args, 4, id)
    else idArgument(args, 4, id)
    keyspace.begin(groupRecordSize(group.name.length))
    moveGroup(keyspace, stream, group, id, options.read)
    keyspace.changedUnseen(stream)
    reply.ok()
  },
}

const destroy: Subcommand = {
  ...ABOUT_KEY,
  name: 'destroy',
  arity: 4,
  flags: ['write'],
  help: ['DESTROY <key> <groupname>', '    Remove the specified group.'],
  run(context, args) {
    const { keyspace, reply } = context
    const { buf, starts, ends } = args
    const stream = streamOf(context, args)
    const group = stream.groups.get(groupText(args, 3))
    reply.integer(group === undefined ? 0 : 1)
    if (group === undefined) return
    keyspace.beginRemoving(TOMBSTONE_SIZE)
    destroyGroup(keyspace, stream, group)
    keyspace.changedUnseen(stream)
    // Whoever waits for the group's entries is told that it is gone.
    keyspace.onReady(buf, starts[2]!, ends[2]!)
  },
}

const newConsumer: Subcommand = {
  ...ABOUT_KEY,
  name: 'createconsumer',
  arity: 5,
  flags: ['write', 'denyoom'],
  since: '6.2.0',
  help: ['CREATECONSUMER <key> <groupname> <consumer>', '    Create a new consumer in the specified group.'],
  run(context, args) {
    const { keyspace, reply } = context
    const stream = streamOf(context, args)
    const group = groupOf(stream, args)
    const name = groupText(args, 4)
    const isNew = !group.consumers.has(name)
    reply.integer(isNew ? 1 : 0)
    if (!isNew) return
    keyspace.begin(consumerRecordSize(name.length))
    createConsumer(keyspace, stream, group, name)
    keyspace.changedUnseen(stream)
  },
}

const delConsumer: Subcommand = {
  ...ABOUT_KEY,
  name: 'delconsumer',
  arity: 5,
  flags: ['write'],
  help: ['DELCONSUMER <key> <groupname> <consumer>', '    Remove the specified consumer.'],
  run(context, args) {
    const { keyspace, reply } = context
    const stream = streamOf(context, args)
    const consumer = groupOf(stream, args).consumers.get(groupText(args, 4))
    reply.integer(consumer?.pending.count ?? 0)
    if (consumer === undefined) return
    keyspace.beginRemoving(TOMBSTONE_SIZE)
    deleteConsumer(keyspace, stream, consumer)
    keyspace.changedUnseen(stream)
  },
}

export const xgroup: Command = container({
  name: 'xgroup',
  code: 249,
  group: 'stream',
  since: '5.0.0',
  summary: 'Makes, moves and removes consumer groups and their consumers.',
  differs: 'Counts have 53 bits.',
  valuesSize: (foresight, args) => mayAdd(foresight, args, 2, groupRecordSize(0)),
  subcommands: [create, newConsumer, delConsumer, destroy, setId],
})
