import type { Command } from '../command.js'
import { findStream } from './find-stream.js'

export const xlen: Command = {
  name: 'xlen',
  code: 241,
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Returns the number of entries of a stream, 0 where there is none.',
  run({ keyspace, reply }, args) {
    reply.integer(findStream(keyspace, args, 1)?.count ?? 0)
  },
}
