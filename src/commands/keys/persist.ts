import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Command } from '../command.js'

export const persist: Command = {
  name: 'persist',
  code: 25,
  arity: 2,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'generic',
  since: '2.2.0',
  summary: 'Takes the expiry of a key away.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    const start = starts[1]!
    const end = ends[1]!
    keyspace.beginRemoving(end - start + RECORD_OVERHEAD)
    if (!keyspace.find(buf, start, end)) {
      keyspace.removeExpired(buf, start, end)
      reply.integer(0)
    } else if (keyspace.expireAt === 0) reply.integer(0)
    else {
      keyspace.persist(buf, start, end)
      reply.integer(1)
    }
  },
}
