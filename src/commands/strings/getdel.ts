import { RECORD_OVERHEAD } from '../../models/keyspace.js'
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
    keyspace.begin(end - start + RECORD_OVERHEAD)
    const found = keyspace.find(buf, start, end)
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

/** What GETEX does to the expiry: nothing, takes it away (0), or sets it, in ms since 1970. */
function newExpiry(args: Args, now: number): number | null {
  if (args.count === 2) return null
  if (args.equalsIgnoreCase(2, 'PERSIST') && args.count === 3) return 0
  const unit = timeUnitOf(args, 2)
  if (unit < 0 || args.count !== 4) throw new ReplyError(ERR.syntax)
  const { scale, isAbsolute } = TIME_UNITS[unit]!
  return expireTime(args, 3, scale, isAbsolute ? 0 : now, 'getex')
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
    const expireAt = newExpiry(args, keyspace.now)
    keyspace.begin((end - start + RECORD_OVERHEAD) * 2)
    const found = keyspace.find(buf, start, end)
    keyspace.countLookup(found)
    if (!found) {
      keyspace.removeExpired(buf, start, end)
      reply.nil()
      return
    }
    const { record } = keyspace
    reply.bulk(record.bytes, record.valueStart, record.valueEnd)
    if (expireAt === null) return
    if (expireAt === 0) {
      if (keyspace.expireAt !== 0) keyspace.persist(buf, start, end)
    } else if (expireAt <= keyspace.now) keyspace.remove(buf, start, end)
    else keyspace.expire(buf, start, end, expireAt)
  },
}
