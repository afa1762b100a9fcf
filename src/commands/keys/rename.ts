import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { checkLoaded, copiedSize } from '../../models/objects/object-copy.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context, type Foresight } from '../command.js'

/** The string that moves from one key to another. */
interface Value {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly expireAt: number
}

function exists({ keyspace }: Context, { buf, starts, ends }: Args, i: number): boolean {
  return keyspace.find(buf, starts[i]!, ends[i]!)
}

/** The string of the key found last. It stays as it is whatever is written meanwhile. */
function foundValue({ keyspace }: Context): Value {
  const { bytes, valueStart, valueEnd } = keyspace.record
  return { bytes, start: valueStart, end: valueEnd, expireAt: keyspace.expireAt }
}

/** Gives key 2 what key 1 has, which was found last, and takes it from that. */
function move(context: Context, args: Args): void {
  const { keyspace } = context
  const { buf, starts, ends } = args
  const value = keyspace.isString ? foundValue(context) : null
  beginFor(context, args, value === null ? 0 : value.end - value.start)
  if (value === null) {
    exists(context, args, 2)
    exists(context, args, 1)
    keyspace.moveObject(buf, starts[1]!, ends[1]!, starts[2]!, ends[2]!)
    return
  }
  putValue(context, args, value)
  exists(context, args, 1)
  keyspace.remove(buf, starts[1]!, ends[1]!)
}

/** Gives key 2 a copy of what key 1 has, which was found last. */
function copyFound(context: Context, args: Args): void {
  const { keyspace } = context
  if (keyspace.isString) {
    const value = foundValue(context)
    beginFor(context, args, value.end - value.start)
    putValue(context, args, value)
    return
  }
  const { buf, starts, ends } = args
  const source = keyspace.foundObject!
  const { expireAt } = keyspace
  checkLoaded(keyspace.log, source)
  beginFor(context, args, copiedSize(source))
  if (exists(context, args, 2)) keyspace.remove(buf, starts[2]!, ends[2]!)
  keyspace.copyObject(source, buf, starts[2]!, ends[2]!, expireAt)
}

function beginFor({ keyspace }: Context, args: Args, size: number): void {
  keyspace.begin((args.size(1) + args.size(2)) * 3 + size + RECORD_OVERHEAD * 5)
}

/** All look-ups must have succeeded before. */
function putValue({ keyspace }: Context, { buf, starts, ends }: Args, value: Value): void {
  keyspace.find(buf, starts[2]!, ends[2]!)
  keyspace.put(buf, starts[2]!, ends[2]!, value.bytes, value.start, value.end, value.expireAt)
}

/** What {@link move} and {@link copyFound} may write. */
function putSize(foresight: Foresight, args: Args): number {
  foresight.mayTake(args, 1, 2)
  return foresight.sizeOf(args, 1)
}

function isSameKey({ buf, starts, ends }: Args): boolean {
  return buf.compare(buf, starts[2], ends[2], starts[1], ends[1]) === 0
}

export const rename: Command = {
  name: 'rename',
  code: 68,
  arity: 3,
  flags: ['write'],
  keys: { first: 1, last: 2, step: 1 },
  group: 'generic',
  since: '1.0.0',
  summary: 'Gives a key another name, in one commit; what had that name goes.',
  run(context, args) {
    if (!exists(context, args, 1)) throw new ReplyError(ERR.noSuchKey)
    if (!isSameKey(args)) {
      exists(context, args, 2)
      exists(context, args, 1)
      move(context, args)
    }
    context.reply.ok()
  },
  valuesSize: putSize,
  passesOn: true,
}

export const renamenx: Command = {
  ...rename,
  name: 'renamenx',
  code: 69,
  flags: ['write', 'fast'],
  summary: 'Gives a key another name unless there is a key of that name; returns whether it did.',
  run(context, args) {
    if (!exists(context, args, 1)) throw new ReplyError(ERR.noSuchKey)
    const isFree = !exists(context, args, 2)
    if (isFree) {
      exists(context, args, 1)
      move(context, args)
    }
    context.reply.integer(isFree ? 1 : 0)
  },
}

export const copy: Command = {
  name: 'copy',
  code: 70,
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 2, step: 1 },
  group: 'generic',
  since: '6.2.0',
  summary: 'Copies value and expiry of a key to another one, which must be free unless REPLACE is given.',
  run(context, args) {
    const { reply } = context
    let replaces = false
    for (let i = 3; i < args.count; i++) {
      if (args.equalsIgnoreCase(i, 'REPLACE')) replaces = true
      else if (args.equalsIgnoreCase(i, 'DB') && i + 1 < args.count) {
        const db = args.integer(++i)
        if (Number.isNaN(db)) throw new ReplyError(ERR.notInteger)
        if (db !== 0) throw new ReplyError(ERR.dbIndex)
      } else throw new ReplyError(ERR.syntax)
    }
    if (isSameKey(args)) throw new ReplyError('ERR source and destination objects are the same')
    const isThere = exists(context, args, 1)
    context.keyspace.countLookup(isThere)
    const isDone = isThere && (!exists(context, args, 2) || replaces)
    if (isDone) {
      exists(context, args, 1)
      copyFound(context, args)
    }
    reply.integer(isDone ? 1 : 0)
  },
  valuesSize: putSize,
  passesOn: true,
  itemsRead: () => ({ left: Infinity, right: 0 }),
}
