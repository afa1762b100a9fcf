import type { Command } from '../command.js'
import { leaveAll } from '../pubsub/subscribe.js'
import { discardQueue } from '../session.js'
import { unwatchAll } from '../transactions/watch.js'

export const reset: Command = {
  name: 'reset',
  code: 85,
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy', 'immediate', 'subscriber'],
  group: 'connection',
  since: '6.2.0',
  summary: 'Makes the connection as it was when it was opened.',
  run({ session, reply, keyspace, server }) {
    discardQueue(session)
    unwatchAll(session, keyspace)
    leaveAll(session, server)
    session.protocol = 2
    reply.protocol = 2
    session.name = ''
    session.replyMode = 'on'
    session.authenticated = server.isOpen()
    reply.simple('RESET')
  },
}
