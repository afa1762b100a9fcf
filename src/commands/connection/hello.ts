import { ReplyError, type Command } from '../command.js'
import { authenticate } from './auth.js'
import { checkClientName } from './client-name.js'

const UNAUTHENTICATED =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time'

export const hello: Command = {
  name: 'hello',
  code: 39,
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  since: '6.0.0',
  summary: 'Chooses the protocol, 2 or 3, and tells who the server is.',
  run(context, args) {
    const { reply, session, server } = context
    let protocol: number = session.protocol
    if (args.count > 1) {
      if (args.bigint(1) === null) throw new ReplyError('ERR Protocol version is not an integer or out of range')
      protocol = args.integer(1)
      if (protocol !== 2 && protocol !== 3) throw new ReplyError('NOPROTO unsupported protocol version')
    }
    for (let i = 2; i < args.count; i++) {
      if (args.equalsIgnoreCase(i, 'AUTH') && i + 2 < args.count) {
        authenticate(context, args.text(i + 1), args, i + 2)
        i += 2
      } else if (args.equalsIgnoreCase(i, 'SETNAME') && i + 1 < args.count) {
        const name = args.text(i + 1)
        checkClientName(name)
        // As in Redis this holds even where a later option is refused.
        session.name = name
        i++
      } else throw new ReplyError(`ERR Syntax error in HELLO option '${args.text(i)}'`)
    }
    if (!session.authenticated) throw new ReplyError(UNAUTHENTICATED)
    session.protocol = protocol === 3 ? 3 : 2
    reply.protocol = session.protocol
    reply.map(7)
    reply.bulkText('server')
    reply.bulkText('redis')
    reply.bulkText('version')
    reply.bulkText(server.redisVersion)
    reply.bulkText('proto')
    reply.integer(session.protocol)
    reply.bulkText('id')
    reply.integer(session.id)
    reply.bulkText('mode')
    reply.bulkText('standalone')
    reply.bulkText('role')
    reply.bulkText('master')
    reply.bulkText('modules')
    reply.array(0)
  },
}
