import type { Command } from '../command.js'

export const mget: Command = {
  name: 'mget',
  code: 20,
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Returns the values of several keys.',
  run({ keyspace, reply }, { buf, starts, ends, count }) {
    const { record } = keyspace
    reply.array(count - 1)
    for (let i = 1; i < count; i++) {
      if (keyspace.find(buf, starts[i]!, ends[i]!)) reply.bulk(record.bytes, record.keyEnd, record.valueEnd)
      else reply.nil()
    }
  },
}
