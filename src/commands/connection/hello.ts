import { ReplyError, type Command } from '../command.js'
import { checkClientName } from './client.js'

export const hello: Command = {
  name: 'hello',
  code: 39,
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  since: '6.0.0',
  summary: 'Chooses the protocol, 2 or 3, and tells who the server is.',
  run({ reply, session, server }, args) {
    let protocol: number = session.protocol
    let name: string | null = null
    if (args.count > 1) {
      protocol = args.integer(1)
      if (Number.isNaN(protocol)) throw new ReplyError('ERR Protocol version is not an integer or out of range')
      if (protocol !== 2 && protocol !== 3) throw new ReplyError('NOPROTO unsupported protocol version')
    }
    for (let i = 2; i < args.count; i++) {
      if (args.equalsIgnoreCase(i, 'AUTH') && i + 2 < args.count) {
        throw new ReplyError(
          'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
        )
      }
      if (args.equalsIgnoreCase(i, 'SETNAME') && i + 1 < args.count) {
        name = args.text(i + 1)
        checkClientName(name)
        i++
      } else throw new ReplyError(`ERR Syntax error in HELLO option '${args.text(i)}'`)
    }
    if (name !== null) session.name = name
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
