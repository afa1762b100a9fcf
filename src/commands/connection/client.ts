import { ReplyError, type Command } from '../command.js'

/** @throws ReplyError for names that CLIENT LIST could not show. */
export function checkClientName(name: string): void {
  if (!/^[!-~]*$/.test(name)) {
    throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.')
  }
}

export const client: Command = {
  name: 'client',
  code: 40,
  arity: -2,
  flags: [], // as in Redis: its subcommands have them
  group: 'connection',
  since: '2.4.0',
  summary: 'What a connection tells and asks about itself.',
  subcommands: [
    { name: 'setinfo', arity: 4 },
    { name: 'setname', arity: 3 },
    { name: 'getname', arity: 2 },
    { name: 'id', arity: 2 },
  ],
  run({ reply, session }, args) {
    if (args.equalsIgnoreCase(1, 'ID')) reply.integer(session.id)
    else if (args.equalsIgnoreCase(1, 'GETNAME')) {
      if (session.name === '') reply.nil()
      else reply.bulkText(session.name)
    } else if (args.equalsIgnoreCase(1, 'SETNAME')) {
      const name = args.text(2)
      checkClientName(name)
      session.name = name
      reply.ok()
    } else {
      const value = args.text(3)
      if (!/^[!-~]*$/.test(value)) {
        throw new ReplyError(`ERR ${args.text(2)} cannot contain spaces, newlines or special characters.`)
      }
      if (args.equalsIgnoreCase(2, 'LIB-NAME')) session.libraryName = value
      else if (args.equalsIgnoreCase(2, 'LIB-VER')) session.libraryVersion = value
      else throw new ReplyError(`ERR Unrecognized option '${args.text(2)}'`)
      reply.ok()
    }
  },
}
