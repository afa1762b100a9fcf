import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Command, type Subcommand } from '../command.js'
import { findSubcommand } from '../container.js'
import { forEachKey, keySpecOf } from '../keys-of.js'
import { FLAGS } from './command-info.js'

export const commandGetkeys: Subcommand = {
  name: 'getkeys',
  arity: -4,
  flags: FLAGS,
  since: '2.8.13',
  help: ['GETKEYS <full-command>', '    Return the keys from a full Redis command.'],
  run({ reply, server }, args) {
    const command = server.registry.find(args, 2)
    const inner = args.tail(2)
    const arity = command === undefined ? null : arityOf(command, inner)
    if (command === undefined || arity === null) throw new ReplyError('ERR Invalid command specified')
    if (command.findKeys === undefined && keySpecOf(command, inner) === undefined)
      throw new ReplyError('ERR The command has no key arguments')
    if (arity > 0 ? inner.count !== arity : inner.count < -arity) {
      throw new ReplyError('ERR Invalid number of arguments specified for command')
    }
    const keys: number[] = []
    forEachKey(command, inner, (i) => keys.push(i))
    if (keys.length === 0) throw new ReplyError('ERR Invalid arguments specified for command')
    reply.array(keys.length)
    for (const i of keys) reply.bulk(inner.buf, inner.starts[i]!, inner.ends[i]!)
  },
}

/** Of the command or its subcommand; null when that is unknown. */
function arityOf(command: Command, inner: Args): number | null {
  if (command.subcommands === undefined || inner.count === 1) return command.arity
  return findSubcommand(command.subcommands, inner, 1)?.arity ?? null
}
