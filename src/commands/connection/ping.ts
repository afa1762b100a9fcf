import { ERR, ReplyError, type Command } from '../command.js'

export const ping: Command = {
  name: 'ping',
  code: 36,
  arity: -1,
  flags: ['fast'],
  group: 'connection',
  since: '1.0.0',
  summary: 'Answers PONG, or what it is given.',
  run({ reply }, { buf, starts, ends, count }) {
    if (count > 2) throw new ReplyError(ERR.arity('ping'))
    if (count === 2) reply.bulk(buf, starts[1]!, ends[1]!)
    else reply.pong()
  },
}

export const echo: Command = {
  name: 'echo',
  code: 37,
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  since: '1.0.0',
  summary: 'Answers what it is given.',
  run({ reply }, { buf, starts, ends }) {
    reply.bulk(buf, starts[1]!, ends[1]!)
  },
}

export const quit: Command = {
  name: 'quit',
  code: 38,
  arity: -1,
  flags: ['allow_busy', 'noscript', 'loading', 'stale', 'fast', 'no_auth', 'immediate'],
  group: 'connection',
  since: '1.0.0',
  summary: 'Closes the connection when all replies have been sent.',
  run({ reply, session }) {
    reply.ok()
    session.closeAfterReply()
  },
}
