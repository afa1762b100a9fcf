import { ReplyError, type Command } from '../command.js'
import { discardQueue } from '../session.js'
import { unwatchAll } from './watch.js'

export const multi: Command = {
  name: 'multi',
  code: 31,
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy', 'immediate'],
  group: 'transactions',
  since: '1.2.0',
  summary: 'Begins a transaction: what follows waits for EXEC.',
  run({ session, reply }) {
    if (session.queue !== null) throw new ReplyError('ERR MULTI calls can not be nested')
    session.queue = []
    reply.ok()
  },
}

export const discard: Command = {
  name: 'discard',
  code: 32,
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy', 'immediate'],
  group: 'transactions',
  since: '2.0.0',
  summary: 'Leaves a transaction without running it.',
  run({ session, reply, keyspace }) {
    if (session.queue === null) throw new ReplyError('ERR DISCARD without MULTI')
    discardQueue(session)
    unwatchAll(session, keyspace)
    reply.ok()
  },
}
