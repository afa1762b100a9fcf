import type { Command } from '../command.js'

export const ttl: Command = {
  name: 'ttl',
  code: 24,
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns the seconds that a key has to live; -1: for ever, -2: there is none.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    if (!keyspace.find(buf, starts[1]!, ends[1]!)) reply.integer(-2)
    else if (keyspace.expireAt === 0) reply.integer(-1)
    else reply.integer(Math.floor((keyspace.expireAt - keyspace.now + 500) / 1000))
  },
}
