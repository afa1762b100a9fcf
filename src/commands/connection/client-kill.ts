import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Subcommand } from '../command.js'
import type { Session } from '../session.js'
import { clientType, typeOf } from './client-type.js'

export const clientKill: Subcommand = {
  name: 'kill',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  since: '2.4.0',
  help: [
    'KILL <ip:port>',
    '    Kill connection made from <ip:port>.',
    'KILL <option> <value> [<option> <value> [...]]',
    '    Kill connections. Options are:',
    '    * ADDR (<ip:port>|<unixsocket>:0)',
    '      Kill connections made from the specified address',
    '    * LADDR (<ip:port>|<unixsocket>:0)',
    '      Kill connections made to specified local address',
    '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '      Kill connections by type.',
    '    * USER <username>',
    '      Kill connections authenticated by <username>.',
    '    * SKIPME (YES|NO)',
    '      Skip killing current connection (default: yes).',
  ],
  run({ reply, session, server }, args) {
    const filter = args.count === 3 ? addressFilter(args.text(2)) : parseFilter(args)
    let killed = 0
    for (const client of [...server.clients()]) {
      if (!filter.isWanted(client) || (client === session && filter.skipsMe)) continue
      killed++
      if (client === session) client.closeAfterReply()
      else client.destroy()
    }
    if (args.count > 3) reply.integer(killed)
    else if (killed === 0) throw new ReplyError('ERR No such client')
    else reply.ok()
  },
}

interface Filter {
  readonly isWanted: (client: Session) => boolean
  readonly skipsMe: boolean
}

/** The form that Redis had first: it also ends the connection that asks. */
function addressFilter(address: string): Filter {
  return { isWanted: (client) => client.address === address, skipsMe: false }
}

function parseFilter(args: Args): Filter {
  const wanted: ((client: Session) => boolean)[] = []
  let skipsMe = true
  for (let i = 3; i <= args.count; i += 2) {
    if (i === args.count) throw new ReplyError(ERR.syntax)
    const value = args.text(i)
    const option = args.text(i - 1).toUpperCase()
    if (option === 'ID') {
      const id = args.integer(i)
      if (!(id > 0)) throw new ReplyError('ERR client-id should be greater than 0')
      wanted.push((client) => client.id === id)
    } else if (option === 'TYPE') {
      const type = clientType(value)
      wanted.push((client) => typeOf(client) === type)
    } else if (option === 'ADDR') wanted.push((client) => client.address === value)
    else if (option === 'LADDR') wanted.push((client) => client.localAddress === value)
    else if (option === 'USER') {
      if (value !== 'default') throw new ReplyError(`ERR No such user '${value}'`)
      wanted.push((client) => client.authenticated)
    } else if (option === 'SKIPME' && /^(?:yes|no)$/i.test(value)) skipsMe = value.toLowerCase() === 'yes'
    else throw new ReplyError(ERR.syntax)
  }
  return { isWanted: (client) => wanted.every((isWanted) => isWanted(client)), skipsMe }
}
