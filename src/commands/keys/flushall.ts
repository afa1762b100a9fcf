import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { ERR, ReplyError, type Command } from '../command.js'

export const flushall: Command = {
  name: 'flushall',
  code: 28,
  arity: -1,
  flags: ['write'],
  group: 'server',
  since: '1.0.0',
  summary: 'Deletes every key.',
  frees: true,
  run({ keyspace, reply }, args) {
    const isPlain = args.count === 1
    const hasMode = args.count === 2 && (args.equalsIgnoreCase(1, 'ASYNC') || args.equalsIgnoreCase(1, 'SYNC'))
    if (!isPlain && !hasMode) throw new ReplyError(ERR.syntax)
    keyspace.beginRemoving(RECORD_OVERHEAD)
    keyspace.clear()
    reply.ok()
  },
}

/** There is one database. */
export const flushdb: Command = { ...flushall, name: 'flushdb', code: 77 }

export const swapdb: Command = {
  name: 'swapdb',
  code: 78,
  arity: 3,
  flags: ['write', 'fast'],
  group: 'server',
  since: '4.0.0',
  summary: 'Refused: there is one database.',
  run() {
    throw new ReplyError('ERR SWAPDB is not supported: there is one database')
  },
}
