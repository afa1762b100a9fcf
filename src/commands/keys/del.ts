import { RECORD_OVERHEAD } from '../../models/keyspace.js'
import type { Command } from '../command.js'

export const del: Command = {
  name: 'del',
  code: 21,
  arity: -2,
  flags: ['write'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'generic',
  since: '1.0.0',
  summary: 'Deletes keys, in one commit.',
  run({ keyspace, reply }, { buf, starts, ends, count }) {
    let size = 0
    for (let i = 1; i < count; i++) size += ends[i]! - starts[i]! + RECORD_OVERHEAD
    keyspace.begin(size)
    let deleted = 0
    for (let i = 1; i < count; i++) {
      if (keyspace.find(buf, starts[i]!, ends[i]!)) {
        keyspace.remove(buf, starts[i]!, ends[i]!)
        deleted++
      } else keyspace.removeExpired(buf, starts[i]!, ends[i]!)
    }
    reply.integer(deleted)
  },
}
