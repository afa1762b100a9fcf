import type { Command } from '../command.js'

export const flinDurable: Command = {
  name: 'flin.durable',
  code: 82,
  arity: 1,
  flags: ['readonly', 'fast'],
  group: 'flin',
  since: 'flin 0.1.0',
  summary: 'Returns the durable offset, below which everything has been synced, and the log end offset.',
  run({ keyspace, reply }) {
    const { durableOffset, endOffset } = keyspace.log
    keyspace.gateAll()
    reply.array(2)
    reply.integer(durableOffset)
    reply.integer(endOffset)
  },
}
