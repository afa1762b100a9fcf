import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { expireTime } from '../expire-time.js'
import { TIME_UNITS, timeUnitOf } from '../time-units.js'

/** SET's options, read into one object: SET is the hottest of writes. */
const options = { nx: false, xx: false, get: false, keepTtl: false, expireAt: 0 }

/**
 * EX seconds | PX milliseconds | EXAT | PXAT | KEEPTTL, NX | XX, GET. As in Redis an option may be given twice, the last
 * time counts, and times are looked at when all else is found right.
 */
function parse(args: Args, now: number): void {
  options.nx = options.xx = options.get = options.keepTtl = false
  options.expireAt = 0
  let unit = -1
  let time = 0
  for (let i = 3; i < args.count; i++) {
    if (args.equalsIgnoreCase(i, 'NX') && !options.xx) options.nx = true
    else if (args.equalsIgnoreCase(i, 'XX') && !options.nx) options.xx = true
    else if (args.equalsIgnoreCase(i, 'GET')) options.get = true
    else if (args.equalsIgnoreCase(i, 'KEEPTTL') && unit < 0) options.keepTtl = true
    else {
      const given = timeUnitOf(args, i)
      const isAllowed = given >= 0 && (unit < 0 || unit === given) && !options.keepTtl && i + 1 < args.count
      if (!isAllowed) throw new ReplyError(ERR.syntax)
      unit = given
      time = ++i
    }
  }
  if (unit < 0) return
  const { scale, isAbsolute } = TIME_UNITS[unit]!
  options.expireAt = expireTime(args, time, scale, isAbsolute ? 0 : now, 'set')
}

export const set: Command = {
  name: 'set',
  code: 16,
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Sets the value of a key, whatever it held before.',
  run({ keyspace, reply }, args) {
    const { buf, starts, ends } = args
    const keyStart = starts[1]!
    const keyEnd = ends[1]!
    if (args.count === 3) {
      keyspace.begin(keyEnd - keyStart + ends[2]! - starts[2]! + RECORD_OVERHEAD * 2 + keyEnd - keyStart)
      keyspace.find(buf, keyStart, keyEnd)
      keyspace.put(buf, keyStart, keyEnd, buf, starts[2]!, ends[2]!, 0)
      reply.ok()
      return
    }
    parse(args, keyspace.now)
    keyspace.begin((keyEnd - keyStart) * 3 + ends[2]! - starts[2]! + RECORD_OVERHEAD * 3)
    const found = options.get ? keyspace.findString(buf, keyStart, keyEnd) : keyspace.find(buf, keyStart, keyEnd)
    const isRefused = (options.nx && found) || (options.xx && !found)
    if (options.get) {
      keyspace.countLookup(found)
      if (found) reply.bulk(keyspace.record.bytes, keyspace.record.valueStart, keyspace.record.valueEnd)
      else reply.nil()
    } else if (isRefused) reply.nil()
    else reply.ok()
    if (isRefused) return
    if (options.expireAt !== 0 && options.expireAt <= keyspace.now) {
      // What is set with a time that has passed is gone at once; whoever watches the key has seen it change, as in Redis.
      if (found) keyspace.remove(buf, keyStart, keyEnd)
      else keyspace.touch()
      return
    }
    const expireAt = options.keepTtl ? keyspace.expireAt : options.expireAt
    keyspace.put(buf, keyStart, keyEnd, buf, starts[2]!, ends[2]!, expireAt)
  },
}
