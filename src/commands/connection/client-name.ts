import { ReplyError, type Subcommand } from '../command.js'

/** What CLIENT LIST can show in one field. */
const SHOWABLE = /^[!-~]*$/

/** @throws ReplyError for names that CLIENT LIST could not show. */
export function checkClientName(name: string): void {
  if (!SHOWABLE.test(name)) {
    throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.')
  }
}

export const clientGetname: Subcommand = {
  name: 'getname',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  since: '2.6.9',
  help: ['GETNAME', '    Return the name of the current connection.'],
  run({ reply, session }) {
    if (session.name === '') reply.nil()
    else reply.bulkText(session.name)
  },
}

export const clientSetname: Subcommand = {
  name: 'setname',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  since: '2.6.9',
  help: ['SETNAME <name>', '    Assign the name <name> to the current connection.'],
  run({ reply, session }, args) {
    const name = args.text(2)
    checkClientName(name)
    session.name = name
    reply.ok()
  },
}

/** Of Redis 7.2, but what clients send first. */
export const clientSetinfo: Subcommand = {
  name: 'setinfo',
  arity: 4,
  flags: ['noscript', 'loading', 'stale'],
  since: '7.2.0',
  help: [
    'SETINFO <option> <value>',
    '    Set client meta attr. Options are:',
    '    * LIB-NAME: the client lib name.',
    '    * LIB-VER: the client lib version.',
  ],
  run({ reply, session }, args) {
    const value = args.text(3)
    if (!SHOWABLE.test(value)) {
      throw new ReplyError(`ERR ${args.text(2)} cannot contain spaces, newlines or special characters.`)
    }
    if (args.equalsIgnoreCase(2, 'LIB-NAME')) session.libraryName = value
    else if (args.equalsIgnoreCase(2, 'LIB-VER')) session.libraryVersion = value
    else throw new ReplyError(`ERR Unrecognized option '${args.text(2)}'`)
    reply.ok()
  },
}
