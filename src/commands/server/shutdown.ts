import { ERR, ReplyError, type Command } from '../command.js'

export const shutdown: Command = {
  name: 'shutdown',
  code: 44,
  arity: -1,
  flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
  group: 'server',
  since: '1.0.0',
  summary:
    'Finishes what is in flight and ends the daemon. Nothing is lost either way, so SAVE and NOSAVE mean the same.',
  run({ server, session }, args) {
    // One that has begun is not to be stopped: it takes no time that a client could use for it.
    if (args.count === 2 && args.equalsIgnoreCase(1, 'ABORT')) throw new ReplyError('ERR No shutdown in progress.')
    for (let i = 1; i < args.count; i++) {
      const known = ['SAVE', 'NOSAVE', 'NOW', 'FORCE'].some((option) => args.equalsIgnoreCase(i, option))
      if (!known) throw new ReplyError(ERR.syntax)
    }
    // It has no reply: that of a later request would be taken for it.
    session.closeAfterReply()
    server.shutdown()
  },
}
