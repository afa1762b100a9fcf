import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Args } from '../../protocol/resp/args.js'
import { integerArgument } from '../arguments.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { clampRange } from './clamp-range.js'
import { grownSize } from './grown-size.js'

/** Ones in each byte. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1
  return ones
})

/** The byte in which a bit is set. */
const changed = Buffer.alloc(1)

/** Argument 2 as the number of a bit: the highest bit of the first byte is 0. */
function bitOffset({ server }: Context, args: Args): number {
  const offset = args.integer(2)
  if (!(offset >= 0) || Math.floor(offset / 8) >= server.valueSizeMax()) {
    throw new ReplyError('ERR bit offset is not an integer or out of range')
  }
  return offset
}

export const setbit: Command = {
  name: 'setbit',
  code: 56,
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Sets a bit of a value, which grows where needed; returns what the bit was.',
  run(context, args) {
    const { keyspace, reply } = context
    const { buf, starts, ends } = args
    const start = starts[1]!
    const end = ends[1]!
    const offset = bitOffset(context, args)
    const bit = args.integer(3)
    if (bit !== 0 && bit !== 1) throw new ReplyError('ERR bit is not an integer or out of range')
    const found = keyspace.findString(buf, start, end)
    const { record } = keyspace
    const oldSize = found ? record.valueEnd - record.valueStart : 0
    const at = Math.floor(offset / 8)
    const size = Math.max(oldSize, at + 1)
    keyspace.begin((end - start) * 3 + size + RECORD_OVERHEAD * 3)
    const mask = 0x80 >> (offset % 8)
    const old = at < oldSize ? record.bytes[record.valueStart + at]! : 0
    changed[0] = bit === 1 ? old | mask : old & ~mask
    keyspace.change(buf, start, end, at, changed, 0, 1)
    reply.integer((old & mask) === 0 ? 0 : 1)
  },
  valuesSize(foresight, args) {
    const offset = args.integer(2)
    return grownSize(foresight, args, offset >= 0 ? Math.floor(offset / 8) + 1 : NaN)
  },
}

export const getbit: Command = {
  name: 'getbit',
  code: 57,
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Returns a bit of a value; 0 behind its end.',
  run(context, args) {
    const { keyspace, reply } = context
    const offset = bitOffset(context, args)
    const found = keyspace.findString(args.buf, args.starts[1]!, args.ends[1]!)
    const { record } = keyspace
    const at = record.valueStart + Math.floor(offset / 8)
    const isSet = found && at < record.valueEnd && (record.bytes[at]! & (0x80 >> (offset % 8))) !== 0
    reply.integer(isSet ? 1 : 0)
  },
}

export const bitcount: Command = {
  name: 'bitcount',
  code: 58,
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.6.0',
  summary: 'Counts the ones in a value, or in a range of its bytes or bits.',
  run({ keyspace, reply }, args) {
    // As in Redis 7.0, what is asked of a key that is missing is not looked at.
    if (!keyspace.findString(args.buf, args.starts[1]!, args.ends[1]!)) {
      reply.integer(0)
      return
    }
    const { record } = keyspace
    const { bytes, valueStart, valueEnd } = record
    if (args.count === 2) {
      reply.integer(ones(bytes, valueStart, valueEnd))
      return
    }
    if (args.count > 5 || args.count < 4) throw new ReplyError(ERR.syntax)
    const first = integerArgument(args, 2)
    const last = integerArgument(args, 3)
    if (first < 0 && last < 0 && first > last) {
      reply.integer(0)
      return
    }
    const isByBit = args.count === 5 && args.equalsIgnoreCase(4, 'BIT')
    if (args.count === 5 && !isByBit && !args.equalsIgnoreCase(4, 'BYTE')) throw new ReplyError(ERR.syntax)
    const size = valueEnd - valueStart
    const range = clampRange(first, last, isByBit ? size * 8 : size)
    if (range === null) reply.integer(0)
    else if (isByBit) reply.integer(onesOfBits(bytes, valueStart, range.first, range.last))
    else reply.integer(ones(bytes, valueStart + range.first, valueStart + range.last + 1))
  },
}

function ones(bytes: Buffer, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at++) count += ONES[bytes[at]!]!
  return count
}

function onesOfBits(bytes: Buffer, start: number, first: number, last: number): number {
  const from = start + Math.floor(first / 8)
  const to = start + Math.floor(last / 8)
  let count = ones(bytes, from, to + 1)
  // What the first and the last byte have outside of the range.
  count -= ONES[bytes[from]! & (0xff00 >> (first % 8)) & 0xff]!
  count -= ONES[bytes[to]! & (0x7f >> (last % 8))]!
  return count
}
