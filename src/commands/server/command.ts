import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ReplyError, type Command } from '../command.js'
import { forEachKey } from '../keys-of.js'
import type { Registry } from '../registry.js'

export const command: Command = {
  name: 'command',
  code: 43,
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Which commands there are, and what they take.',
  subcommands: [
    { name: 'count', arity: 2 },
    { name: 'docs', arity: -2 },
    { name: 'getkeys', arity: -4 },
    { name: 'info', arity: -2 },
    { name: 'list', arity: 2 },
  ],
  run({ reply, server }, args) {
    const { registry } = server
    if (args.count === 1) writeInfos(reply, registry.all)
    else if (args.equalsIgnoreCase(1, 'COUNT')) reply.integer(registry.all.length)
    else if (args.equalsIgnoreCase(1, 'LIST')) {
      reply.array(registry.all.length)
      for (const { name } of registry.all) reply.bulkText(name)
    } else if (args.equalsIgnoreCase(1, 'INFO')) writeInfos(reply, named(registry, args) ?? registry.all)
    else if (args.equalsIgnoreCase(1, 'DOCS')) writeDocs(reply, named(registry, args) ?? registry.all)
    else writeKeys(reply, registry, args)
  },
}

function named(registry: Registry, args: Args): (Command | undefined)[] | null {
  if (args.count === 2) return null
  const commands: (Command | undefined)[] = []
  for (let i = 2; i < args.count; i++) commands.push(registry.find(args, i))
  return commands
}

function writeInfos(reply: ReplyWriter, commands: readonly (Command | undefined)[]): void {
  reply.array(commands.length)
  for (const it of commands) {
    if (it === undefined) {
      reply.nilArray()
      continue
    }
    const flags = it.flags.filter((flag) => flag !== 'immediate')
    reply.array(10)
    reply.bulkText(it.name)
    reply.integer(it.arity)
    reply.set(flags.length)
    for (const flag of flags) reply.simple(flag)
    reply.integer(it.keys?.first ?? 0)
    reply.integer(it.keys?.last ?? 0)
    reply.integer(it.keys?.step ?? 0)
    reply.set(0) // ACL categories, tips, key specifications, subcommands: none are kept
    reply.array(0)
    reply.array(0)
    reply.array(0)
  }
}

function writeDocs(reply: ReplyWriter, commands: readonly (Command | undefined)[]): void {
  const known = commands.filter((it) => it !== undefined)
  reply.map(known.length)
  for (const it of known) {
    reply.bulkText(it.name)
    reply.map(3)
    reply.bulkText('summary')
    reply.bulkText(it.summary)
    reply.bulkText('since')
    reply.bulkText(it.since)
    reply.bulkText('group')
    reply.bulkText(it.group)
  }
}

function writeKeys(reply: ReplyWriter, registry: Registry, args: Args): void {
  const it = registry.find(args, 2)
  if (it === undefined) throw new ReplyError('ERR Invalid command specified')
  if (it.keys === undefined) throw new ReplyError('ERR The command has no key arguments')
  const given = args.count - 2
  if (it.arity > 0 ? given !== it.arity : given < -it.arity) {
    throw new ReplyError('ERR Invalid number of arguments specified for command')
  }
  const inner = args.tail(2)
  const keys: number[] = []
  forEachKey(it, inner, (i) => keys.push(i))
  reply.array(keys.length)
  for (const i of keys) reply.bulk(inner.buf, inner.starts[i]!, inner.ends[i]!)
}
