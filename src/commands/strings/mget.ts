import { KEY_BATCH_SIZE } from '../../models/key-batch.js'
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
    const { batch, record } = keyspace
    reply.array(count - 1)
    for (let i = 1, n = 0; i < count; i++, n = (n + 1) % KEY_BATCH_SIZE) {
      if (n === 0) batch.take(buf, starts, ends, count, i, 1)
      const found = keyspace.findHashed(batch.his[n]!, batch.los[n]!, buf, starts[i]!, ends[i]!)
      if (found && keyspace.isString) reply.bulk(record.bytes, record.keyEnd, record.valueEnd)
      else reply.nil()
    }
  },
}
