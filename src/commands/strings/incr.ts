import { RECORD_OVERHEAD } from '../../models/keyspace.js'
import { parseInt64, parseInteger, type Args } from '../../protocol/resp/args.js'
import { digitCount, writeDigits } from '../../protocol/resp/digits.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'

const INT64_MAX = 0x7fff_ffff_ffff_ffffn
const INT64_MIN = -0x8000_0000_0000_0000n
/** Numbers up to this stay exact when two are added. */
const SAFE_MAX = Number.MAX_SAFE_INTEGER / 2

export const incr: Command = {
  name: 'incr',
  code: 18,
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Adds one to the number that a key holds, 0 when it is missing.',
  run: (context, args) => add(context, args, 1, 1n),
}

export const decr: Command = {
  ...incr,
  name: 'decr',
  code: 60,
  summary: 'Subtracts one from the number that a key holds, 0 when it is missing.',
  run: (context, args) => add(context, args, -1, -1n),
}

export const incrby: Command = {
  ...incr,
  name: 'incrby',
  code: 59,
  arity: 3,
  summary: 'Adds to the number that a key holds, 0 when it is missing.',
  run(context, args) {
    const value = args.integer(2)
    add(context, args, value, Number.isNaN(value) ? bigArgument(args) : null)
  },
}

export const decrby: Command = {
  ...incr,
  name: 'decrby',
  code: 61,
  arity: 3,
  summary: 'Subtracts from the number that a key holds, 0 when it is missing.',
  run(context, args) {
    const value = args.integer(2)
    if (!Number.isNaN(value)) {
      add(context, args, -value, null)
      return
    }
    const big = bigArgument(args)
    if (big === INT64_MIN) throw new ReplyError('ERR decrement would overflow')
    add(context, args, NaN, -big)
  },
}

function bigArgument(args: Args): bigint {
  const value = args.bigint(2)
  if (value === null) throw new ReplyError(ERR.notInteger)
  return value
}

const digits = Buffer.alloc(24)

/** Adds to the number of key 1. `small` is the same as `big`, or NaN where that is not exact; `big` may be left out otherwise. */
function add({ keyspace, reply }: Context, args: Args, small: number, big: bigint | null): void {
  const { buf, starts, ends } = args
  const start = starts[1]!
  const end = ends[1]!
  keyspace.begin((end - start) * 3 + digits.length + RECORD_OVERHEAD * 3)
  let value = 0
  const { record } = keyspace
  const found = keyspace.find(buf, start, end)
  if (found) value = parseInteger(record.bytes, record.valueStart, record.valueEnd)
  if (Math.abs(value) <= SAFE_MAX && Math.abs(small) <= SAFE_MAX) {
    const sum = value + small
    keyspace.put(buf, start, end, digits, 0, writeInteger(sum), keyspace.expireAt)
    reply.integer(sum)
    return
  }
  const before = found ? parseInt64(record.bytes, record.valueStart, record.valueEnd) : 0n
  if (before === null) throw new ReplyError(ERR.notInteger)
  const sum = before + (big ?? BigInt(small))
  if (sum > INT64_MAX || sum < INT64_MIN) throw new ReplyError(ERR.overflow)
  keyspace.put(buf, start, end, digits, 0, digits.write(String(sum), 'latin1'), keyspace.expireAt)
  reply.bigint(sum)
}

/** Writes a decimal into {@link digits} and returns its size. */
function writeInteger(value: number): number {
  let at = 0
  if (value < 0) digits[at++] = 45
  const magnitude = value < 0 ? -value : value
  return writeDigits(digits, at, magnitude, digitCount(magnitude))
}
