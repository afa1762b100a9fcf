import type { Command } from '../command.js'

export const type: Command = {
  name: 'type',
  code: 67,
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns what kind of value a key has; none: it does not exist.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    reply.simple(keyspace.find(buf, starts[1]!, ends[1]!) ? keyspace.foundType : 'none')
  },
}
