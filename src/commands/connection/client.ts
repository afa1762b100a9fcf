import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Subcommand } from '../command.js'
import { container } from '../container.js'
import { clientKill } from './client-kill.js'
import { clientInfo, clientList } from './client-list.js'
import { clientGetname, clientSetinfo, clientSetname } from './client-name.js'

const PLAIN = ['noscript', 'loading', 'stale'] as const
const ADMIN = ['admin', ...PLAIN] as const

const clientId: Subcommand = {
  name: 'id',
  arity: 2,
  flags: PLAIN,
  since: '5.0.0',
  help: ['ID', '    Return the ID of the current connection.'],
  run({ reply, session }) {
    reply.integer(session.id)
  },
}

const clientReply: Subcommand = {
  name: 'reply',
  arity: 3,
  flags: PLAIN,
  since: '3.2.0',
  help: ['REPLY (ON|OFF|SKIP)', '    Control the replies sent to the current connection.'],
  run({ reply, session }, args) {
    if (args.equalsIgnoreCase(2, 'ON')) {
      session.replyMode = 'on'
      reply.ok()
    } else if (args.equalsIgnoreCase(2, 'OFF')) session.replyMode = 'off'
    else if (!args.equalsIgnoreCase(2, 'SKIP')) throw new ReplyError(ERR.syntax)
    else if (session.replyMode !== 'off') session.replyMode = 'next'
  },
}

const clientNoEvict: Subcommand = {
  name: 'no-evict',
  arity: 3,
  flags: ADMIN,
  since: '7.0.0',
  help: ['NO-EVICT (ON|OFF)', '    Protect current client connection from eviction.'],
  run({ reply, session }, args) {
    session.isNoEvict = isOn(args)
    reply.ok()
  },
}

const clientNoTouch: Subcommand = {
  name: 'no-touch',
  arity: 3,
  flags: PLAIN,
  since: '7.2.0',
  help: ['NO-TOUCH (ON|OFF)', '    Will not touch LRU/LFU stats when this mode is on.'],
  run({ reply, session }, args) {
    session.isNoTouch = isOn(args)
    reply.ok()
  },
}

function isOn(args: Args): boolean {
  if (args.equalsIgnoreCase(2, 'ON')) return true
  if (args.equalsIgnoreCase(2, 'OFF')) return false
  throw new ReplyError(ERR.syntax)
}

const clientUnblock: Subcommand = {
  name: 'unblock',
  arity: -3,
  flags: ADMIN,
  since: '5.0.0',
  help: ['UNBLOCK <clientid> [TIMEOUT|ERROR]', '    Unblock the specified blocked client.'],
  run({ reply, server }, args) {
    if (args.count > 4) {
      throw new ReplyError(
        `ERR unknown subcommand or wrong number of arguments for '${args.text(1)}'. Try CLIENT HELP.`,
      )
    }
    if (args.count === 4 && !args.equalsIgnoreCase(3, 'TIMEOUT') && !args.equalsIgnoreCase(3, 'ERROR')) {
      throw new ReplyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
    }
    if (args.bigint(2) === null) throw new ReplyError(ERR.notInteger)
    const withError = args.count === 4 && args.equalsIgnoreCase(3, 'ERROR')
    reply.integer(server.unblock(args.integer(2), withError) ? 1 : 0)
  },
}

export const client: Command = container({
  name: 'client',
  code: 40,
  group: 'connection',
  since: '2.4.0',
  summary: 'What a connection tells and asks about itself and others.',
  differs: 'No CACHING, GETREDIR, PAUSE, TRACKING, TRACKINGINFO, UNPAUSE. SETINFO and NO-TOUCH are those of 7.2.',
  subcommands: [
    ...[clientGetname, clientId, clientInfo, clientKill, clientList, clientNoEvict, clientNoTouch],
    ...[clientReply, clientSetinfo, clientSetname, clientUnblock],
  ],
})
