import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { integerArgument } from '../arguments.js'
import { ReplyError, type Command } from '../command.js'
import { clampRange } from './clamp-range.js'
import { grownSize } from './grown-size.js'
import { checkValueSize } from './value-size.js'

export const getrange: Command = ranging('getrange', 53, '2.4.0')
/** The name that GETRANGE had first. */
export const substr: Command = ranging('substr', 54, '1.0.0')

function ranging(name: string, code: number, since: string): Command {
  return {
    name,
    code,
    arity: 4,
    flags: ['readonly'],
    keys: { first: 1, last: 1, step: 1 },
    group: 'string',
    since,
    summary: 'Returns the bytes of a value from a place to another, both counted from the end where negative.',
    run({ keyspace, reply }, args) {
      const first = integerArgument(args, 2)
      const last = integerArgument(args, 3)
      const found = keyspace.findString(args.buf, args.starts[1]!, args.ends[1]!)
      const { record } = keyspace
      const range = found ? clampRange(first, last, record.valueEnd - record.valueStart) : null
      if (range === null) reply.bulk(args.buf, 0, 0)
      else reply.bulk(record.bytes, record.valueStart + range.first, record.valueStart + range.last + 1)
    },
  }
}

export const setrange: Command = {
  name: 'setrange',
  code: 55,
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Overwrites a part of a value, which grows with zero bytes where needed; returns its length.',
  run(context, args) {
    const { keyspace, reply } = context
    const { buf, starts, ends } = args
    const start = starts[1]!
    const end = ends[1]!
    const offset = integerArgument(args, 2)
    if (offset < 0) throw new ReplyError('ERR offset is out of range')
    const given = args.size(3)
    const found = keyspace.findString(buf, start, end)
    const { record } = keyspace
    const oldSize = found ? record.valueEnd - record.valueStart : 0
    if (given === 0) {
      reply.integer(oldSize)
      return
    }
    checkValueSize(context, offset + given)
    const size = Math.max(oldSize, offset + given)
    keyspace.begin((end - start) * 3 + size + RECORD_OVERHEAD * 3)
    keyspace.change(buf, start, end, offset, buf, starts[3]!, ends[3]!)
    reply.integer(size)
  },
  valuesSize(foresight, args) {
    const offset = args.integer(2)
    return grownSize(foresight, args, offset >= 0 && args.size(3) > 0 ? offset + args.size(3) : NaN)
  },
}
