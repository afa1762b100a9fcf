import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context, type Foresight } from '../command.js'

/** What moves from one key to another. */
interface Value {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly expireAt: number
}

/** The value of key `i`; null when there is none. It stays as it is whatever is written meanwhile. */
function valueOf({ keyspace }: Context, { buf, starts, ends }: Args, i: number): Value | null {
  if (!keyspace.find(buf, starts[i]!, ends[i]!)) return null
  const { bytes, valueStart, valueEnd } = keyspace.record
  return { bytes, start: valueStart, end: valueEnd, expireAt: keyspace.expireAt }
}

/** Gives key 2 a value; `isMove`: and takes it from key 1. All its look-ups must have succeeded before. */
function put({ keyspace }: Context, args: Args, value: Value, isMove: boolean): void {
  const { buf, starts, ends } = args
  keyspace.begin((args.size(1) + args.size(2)) * 3 + value.end - value.start + RECORD_OVERHEAD * 5)
  keyspace.find(buf, starts[2]!, ends[2]!)
  keyspace.put(buf, starts[2]!, ends[2]!, value.bytes, value.start, value.end, value.expireAt)
  if (!isMove) return
  keyspace.find(buf, starts[1]!, ends[1]!)
  keyspace.remove(buf, starts[1]!, ends[1]!)
}

/** What {@link put} may write. */
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
    const value = valueOf(context, args, 1)
    if (value === null) throw new ReplyError(ERR.noSuchKey)
    if (!isSameKey(args)) put(context, args, value, true)
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
    const value = valueOf(context, args, 1)
    if (value === null) throw new ReplyError(ERR.noSuchKey)
    const isFree = valueOf(context, args, 2) === null
    if (isFree) put(context, args, value, true)
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
    const value = valueOf(context, args, 1)
    context.keyspace.countLookup(value !== null)
    const isDone = value !== null && (valueOf(context, args, 2) === null || replaces)
    if (isDone) put(context, args, value, false)
    reply.integer(isDone ? 1 : 0)
  },
  valuesSize: putSize,
  passesOn: true,
  itemsRead: () => ({ left: Infinity, right: 0 }),
}
