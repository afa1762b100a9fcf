import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Command } from '../command.js'
import { checkRevision } from './revision.js'

export const flinDel: Command = {
  name: 'flin.del',
  code: 81,
  arity: 4,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'flin',
  since: 'flin 0.1.0',
  summary:
    'FLIN.DEL key IFREV n deletes a key that is at revision n (0: that does not exist); returns 1, or 0 for n = 0.',
  frees: true,
  run(context, args) {
    const { keyspace, reply, session } = context
    const { buf, starts, ends } = args
    const start = starts[1]!
    const end = ends[1]!
    keyspace.beginRemoving(end - start + RECORD_OVERHEAD)
    // Inside EXEC the revision was compared, for all commands, before the first one ran.
    if (session.queue === null) checkRevision(context, args, 2)
    if (keyspace.find(buf, start, end)) {
      keyspace.remove(buf, start, end)
      reply.integer(1)
    } else {
      keyspace.removeExpired(buf, start, end)
      reply.integer(0)
    }
  },
  precondition: (context, args) => checkRevision(context, args, 2),
}
