import { leaveAll } from '../pubsub/subscribe.js'
import { ERR, ReplyError, type Command } from '../command.js'

export const ping: Command = {
  name: 'ping',
  code: 36,
  arity: -1,
  flags: ['fast', 'subscriber'],
  group: 'connection',
  since: '1.0.0',
  summary: 'Answers PONG, or what it is given.',
  run({ reply, session }, { buf, starts, ends, count }) {
    if (count > 2) throw new ReplyError(ERR.arity('ping'))
    if (session.subscriber?.isSubscribed === true && session.protocol === 2) {
      // As a message looks, for clients that take everything for one.
      reply.array(2)
      reply.bulkText('pong')
      if (count === 2) reply.bulk(buf, starts[1]!, ends[1]!)
      else reply.bulkText('')
      return
    }
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
  flags: ['allow_busy', 'noscript', 'loading', 'stale', 'fast', 'no_auth', 'immediate', 'subscriber'],
  group: 'connection',
  since: '1.0.0',
  summary: 'Closes the connection when all replies have been sent.',
  run({ reply, session, server }) {
    leaveAll(session, server)
    reply.ok()
    session.closeAfterReply()
  },
}
