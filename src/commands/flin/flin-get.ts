import type { Command } from '../command.js'
import { revisionOf } from './revision.js'

export const flinGet: Command = {
  name: 'flin.get',
  code: 29,
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'flin',
  since: 'flin 0.1.0',
  summary: 'Returns value, revision and commit time (ms since 1970) of a key, nil when it is missing.',
  run({ keyspace, reply }, { buf, starts, ends }) {
    if (!keyspace.findString(buf, starts[1]!, ends[1]!)) {
      reply.nilArray()
      return
    }
    const { record } = keyspace
    const { offset, timestampMs } = keyspace.locate()
    reply.array(3)
    reply.bulk(record.bytes, record.keyEnd, record.valueEnd)
    reply.integer(revisionOf(offset))
    reply.integer(timestampMs)
  },
}
