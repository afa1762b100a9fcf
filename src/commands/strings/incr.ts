import { RECORD_OVERHEAD } from '../../models/keyspace.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { parseInt64 } from '../../protocol/resp/args.js'

const digits = Buffer.alloc(24)
const INT64_MAX = 0x7fff_ffff_ffff_ffffn

export const incr: Command = {
  name: 'incr',
  code: 18,
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Adds one to the number that a key holds, 0 when it is missing.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    const start = starts[1]!
    const end = ends[1]!
    keyspace.begin((end - start) * 3 + digits.length + RECORD_OVERHEAD * 3)
    let value = 0
    if (keyspace.find(buf, start, end)) {
      const { record } = keyspace
      value = smallInteger(record.bytes, record.keyEnd, record.valueEnd)
      if (Number.isNaN(value)) {
        const big = parseInt64(record.bytes, record.keyEnd, record.valueEnd)
        if (big === null) throw new ReplyError(ERR.notInteger)
        if (big === INT64_MAX) throw new ReplyError(ERR.overflow)
        const size = digits.write(String(big + 1n), 'latin1')
        keyspace.put(buf, start, end, digits, 0, size, keyspace.expireAt)
        reply.bigint(big + 1n)
        return
      }
    }
    value++
    const size = writeDigits(value)
    keyspace.put(buf, start, end, digits, 0, size, keyspace.expireAt)
    reply.integer(value)
  },
}

/** A decimal of at most 15 digits as Redis writes integers; NaN for everything else. */
function smallInteger(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === 45
  let at = isNegative ? start + 1 : start
  const size = end - at
  if (size < 1 || size > 15) return NaN
  if (bytes[at] === 48) return size === 1 && !isNegative ? 0 : NaN
  let value = 0
  for (; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}

function writeDigits(value: number): number {
  if (value < 0 || value > 999_999_999) return digits.write(String(value), 'latin1')
  let size = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) size++
  let rest = value | 0
  for (let i = size - 1; i >= 0; i--) {
    digits[i] = 48 + (rest % 10)
    rest = (rest / 10) | 0
  }
  return size
}
