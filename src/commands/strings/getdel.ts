import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { expireTime } from '../expire-time.js'
import { timeUnitOf, TIME_UNITS } from '../time-units.js'

export const getdel: Command = {
  name: 'getdel',
  code: 49,
  arity: 2,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the value of a key and deletes the key.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    const start = starts[1]!
    const end = ends[1]!
    keyspace.beginRemoving(end - start + RECORD_OVERHEAD)
    const found = keyspace.findString(buf, start, end)
    keyspace.countLookup(found)
    if (!found) {
      keyspace.removeExpired(buf, start, end)
      reply.nil()
      return
    }
    const { record } = keyspace
    reply.bulk(record.bytes, record.valueStart, record.valueEnd)
    keyspace.remove(buf, start, end)
  },
}

/** Which argument is the time that GETEX sets, and in which unit; or whether it takes the expiry away. */
interface NewExpiry {
  readonly unit: number
  readonly time: number
  readonly isGone: boolean
}

/** PERSIST | EX seconds | PX milliseconds | EXAT | PXAT. As in Redis an option may be given twice, the last time counts. */
function parse(args: Args): NewExpiry {
  let unit = -1
  let time = 0
  let isGone = false
  for (let i = 2; i < args.count; i++) {
    if (args.equalsIgnoreCase(i, 'PERSIST') && unit < 0) isGone = true
    else {
      const given = timeUnitOf(args, i)
      if (given < 0 || (unit >= 0 && unit !== given) || isGone || i + 1 >= args.count) throw new ReplyError(ERR.syntax)
      unit = given
      time = ++i
    }
  }
  return { unit, time, isGone }
}

function absoluteTime(args: Args, i: number, unit: number, now: number): number {
  const { scale, isAbsolute } = TIME_UNITS[unit]!
  return expireTime(args, i, scale, isAbsolute ? 0 : now, 'getex')
}

export const getex: Command = {
  name: 'getex',
  code: 50,
  arity: -2,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the value of a key and sets, or takes away, its expiry.',
  run({ keyspace, reply }, args) {
    const { buf, starts, ends } = args
    const start = starts[1]!
    const end = ends[1]!
    const { unit, time, isGone } = parse(args)
    keyspace.beginRemoving((end - start + RECORD_OVERHEAD) * 2)
    const found = keyspace.findString(buf, start, end)
    keyspace.countLookup(found)
    if (!found) {
      keyspace.removeExpired(buf, start, end)
      reply.nil()
      return
    }
    // As in Redis, a time is looked at only where there is a key for it.
    const expireAt = unit < 0 ? 0 : absoluteTime(args, time, unit, keyspace.now)
    const { record } = keyspace
    reply.bulk(record.bytes, record.valueStart, record.valueEnd)
    if (isGone && keyspace.expireAt !== 0) keyspace.persist(buf, start, end)
    if (unit < 0) return
    if (expireAt <= keyspace.now) keyspace.remove(buf, start, end)
    else keyspace.expire(buf, start, end, expireAt)
  },
}
