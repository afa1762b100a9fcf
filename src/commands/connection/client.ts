import { ERR, ReplyError, type Command } from '../command.js'

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
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.4.0',
  summary: 'What a connection tells and asks about itself.',
  subcommands: ['setinfo', 'setname', 'getname', 'id'],
  run({ reply, session }, args) {
    if (args.equalsIgnoreCase(1, 'ID') && args.count === 2) reply.integer(session.id)
    else if (args.equalsIgnoreCase(1, 'GETNAME') && args.count === 2) {
      if (session.name === '') reply.nil()
      else reply.bulkText(session.name)
    } else if (args.equalsIgnoreCase(1, 'SETNAME') && args.count === 3) {
      const name = args.text(2)
      checkClientName(name)
      session.name = name
      reply.ok()
    } else if (args.equalsIgnoreCase(1, 'SETINFO') && args.count === 4) {
      const value = args.text(3)
      if (!/^[!-~]*$/.test(value)) {
        throw new ReplyError(`ERR ${args.text(2)} cannot contain spaces, newlines or special characters.`)
      }
      if (args.equalsIgnoreCase(2, 'LIB-NAME')) session.libraryName = value
      else if (args.equalsIgnoreCase(2, 'LIB-VER')) session.libraryVersion = value
      else throw new ReplyError(`ERR Unrecognized option '${args.text(2)}'`)
      reply.ok()
    } else if (this.subcommands!.includes(args.text(1).toLowerCase())) {
      throw new ReplyError(ERR.arity(`client|${args.text(1).toLowerCase()}`))
    } else throw new ReplyError(`ERR unknown subcommand '${args.text(1).slice(0, 128)}'. Try CLIENT HELP.`)
  },
}
