import type { Keyspace } from '../../models/keyspace.js'
import { ReplyError, type Command } from '../command.js'
import type { Session } from '../session.js'

const WATCHED_MAX = 100_000

export const watch: Command = {
  name: 'watch',
  code: 33,
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy', 'immediate'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'transactions',
  since: '2.2.0',
  summary: 'Lets the next EXEC do nothing if one of the keys has changed by then.',
  run({ session, reply, keyspace }, { buf, starts, ends, count }) {
    if (session.queue !== null) throw new ReplyError('ERR WATCH inside MULTI is not allowed')
    if (session.watched.length + count > WATCHED_MAX) throw new ReplyError('ERR too many watched keys')
    for (let i = 1; i < count; i++) {
      session.watched.push(keyspace.watch(buf, starts[i]!, ends[i]!, session.watcher))
    }
    reply.ok()
  },
}

export const unwatch: Command = {
  name: 'unwatch',
  code: 34,
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  group: 'transactions',
  since: '2.2.0',
  summary: 'Forgets all watched keys.',
  run({ session, reply, keyspace }) {
    unwatchAll(session, keyspace)
    reply.ok()
  },
}

export function unwatchAll(session: Session, keyspace: Keyspace): void {
  for (const { hi, lo } of session.watched) keyspace.watches.remove(hi, lo, session.watcher)
  session.watched.length = 0
  session.watcher.dirty = false
}
