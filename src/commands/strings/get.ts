import type { Command } from '../command.js'

export const get: Command = {
  name: 'get',
  code: 17,
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Returns the value of a key.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    if (!keyspace.findString(buf, starts[1]!, ends[1]!)) {
      reply.nil()
      return
    }
    const { record } = keyspace
    reply.bulk(record.bytes, record.keyEnd, record.valueEnd)
  },
}
