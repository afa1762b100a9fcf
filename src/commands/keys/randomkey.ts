import type { Command } from '../command.js'

export const randomkey: Command = {
  name: 'randomkey',
  code: 80,
  arity: 1,
  flags: ['readonly'],
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns a key chosen at random; all are equally likely.',
  run({ keyspace, reply, server, session }) {
    if (!keyspace.walks.findRandom(server.random, session.queue === null)) {
      keyspace.checkWhole()
      reply.nil()
      return
    }
    const { record } = keyspace
    reply.bulk(record.bytes, record.keyStart, record.keyEnd)
  },
}
