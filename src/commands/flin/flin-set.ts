import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Command } from '../command.js'
import { checkRevision, revisionOf } from './revision.js'

export const flinSet: Command = {
  name: 'flin.set',
  code: 30,
  arity: 5,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'flin',
  since: 'flin 0.1.0',
  summary:
    'FLIN.SET key value IFREV n sets a key that is at revision n (0: that must not exist); returns the new revision.',
  run(context, args) {
    const { keyspace, reply, session } = context
    const { buf, starts, ends } = args
    const keyStart = starts[1]!
    const keyEnd = ends[1]!
    keyspace.begin((keyEnd - keyStart) * 2 + ends[2]! - starts[2]! + RECORD_OVERHEAD * 2)
    // Inside EXEC the revision was compared, for all commands, before the first one ran.
    if (session.queue === null) checkRevision(context, args, 3)
    else keyspace.find(buf, keyStart, keyEnd)
    keyspace.put(buf, keyStart, keyEnd, buf, starts[2]!, ends[2]!, 0)
    reply.integer(revisionOf(keyspace.log.endOffset - 1))
  },
  precondition: (context, args) => checkRevision(context, args, 3),
}
