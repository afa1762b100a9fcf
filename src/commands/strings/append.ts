import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Command } from '../command.js'
import { grownSize } from './grown-size.js'
import { checkValueSize } from './value-size.js'

export const append: Command = {
  name: 'append',
  code: 51,
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.0.0',
  summary: 'Adds bytes to the end of a value, which is empty where there is none; returns its length.',
  run(context, { buf, starts, ends }) {
    const { keyspace, reply } = context
    const start = starts[1]!
    const end = ends[1]!
    const from = starts[2]!
    const to = ends[2]!
    const found = keyspace.findString(buf, start, end)
    const { record } = keyspace
    const oldSize = found ? record.valueEnd - record.valueStart : 0
    const size = oldSize + to - from
    checkValueSize(context, size)
    keyspace.begin((end - start) * 3 + size + RECORD_OVERHEAD * 3)
    keyspace.change(buf, start, end, oldSize, buf, from, to)
    reply.integer(size)
  },
  valuesSize: (foresight, args) => grownSize(foresight, args, foresight.sizeOf(args, 1) + args.size(2)),
}

export const strlen: Command = {
  name: 'strlen',
  code: 52,
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Returns how many bytes a value has.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    const found = keyspace.findString(buf, starts[1]!, ends[1]!)
    reply.integer(found ? keyspace.record.valueEnd - keyspace.record.valueStart : 0)
  },
}
