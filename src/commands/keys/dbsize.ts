import type { Command } from '../command.js'

export const dbsize: Command = {
  name: 'dbsize',
  code: 27,
  arity: 1,
  flags: ['readonly', 'fast'],
  group: 'server',
  since: '1.0.0',
  summary: 'Returns the number of keys.',
  run({ keyspace, reply }) {
    keyspace.checkWhole()
    keyspace.gateAll()
    reply.integer(keyspace.count)
  },
}
