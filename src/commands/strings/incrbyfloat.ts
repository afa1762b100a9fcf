import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { ReplyError, type Command } from '../command.js'
import { addLongDoubles, longDoubleText, parseLongDouble, type LongDouble } from './long-double.js'

/** Longer texts are no numbers to Redis either, and no sum has more digits. */
const TEXT_SIZE_MAX = 5 * 1024 - 1
const NOT_FINITE = 'ERR increment would produce NaN or Infinity'
const ZERO: LongDouble = { mantissa: 0n, exponent: 0 }

export const incrbyfloat: Command = {
  name: 'incrbyfloat',
  code: 62,
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.6.0',
  summary: 'Adds to the decimal number that a key holds, 0 when it is missing.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    const start = starts[1]!
    const end = ends[1]!
    const found = keyspace.findString(buf, start, end)
    const { record } = keyspace
    const before = found ? parse(record.bytes, record.valueStart, record.valueEnd) : ZERO
    const added = parse(buf, starts[2]!, ends[2]!)
    const sum = addLongDoubles(before, added)
    if (sum === null) throw new ReplyError(NOT_FINITE)
    const value = Buffer.from(longDoubleText(sum))
    keyspace.begin((end - start) * 3 + value.length + RECORD_OVERHEAD * 3)
    keyspace.put(buf, start, end, value, 0, value.length, keyspace.expireAt)
    reply.bulk(value, 0, value.length)
  },
  valuesSize(foresight, args) {
    foresight.mayGet(args, 1, TEXT_SIZE_MAX)
    return TEXT_SIZE_MAX
  },
}

function parse(bytes: Buffer, start: number, end: number): LongDouble {
  const text = end - start > TEXT_SIZE_MAX ? '' : bytes.toString('latin1', start, end)
  if (/^[+-]?inf(inity)?$/i.test(text)) throw new ReplyError(NOT_FINITE)
  const value = parseLongDouble(text)
  if (value === null) throw new ReplyError('ERR value is not a valid float')
  return value
}
