import type { Args } from '../../protocol/resp/args.js'
import { categoriesOf } from '../categories.js'
import { ERR, ReplyError, type Command, type Context, type Subcommand } from '../command.js'
import { helpOf, runSubcommand } from '../container.js'
import { globMatches } from '../../models/glob.js'
import { commandGetkeys } from './command-getkeys.js'
import { ANY, entriesOf, FLAGS, named, writeDocs, writeInfos, type Entry } from './command-info.js'

const commandCount: Subcommand = {
  name: 'count',
  arity: 2,
  flags: FLAGS,
  since: '2.8.13',
  help: ['COUNT', '    Return the total number of commands in this Redis server.'],
  run({ reply, server }) {
    reply.integer(server.registry.all.length)
  },
}

const commandList: Subcommand = {
  name: 'list',
  arity: -2,
  flags: FLAGS,
  since: '7.0.0',
  help: ['LIST', '    Return a list of all commands in this Redis server.'],
  run({ reply, server }, args) {
    const isListed = filterOf(args)
    const found = server.registry.all.flatMap(entriesOf).filter(isListed)
    reply.array(found.length)
    for (const { name } of found) reply.bulkText(name)
  },
}

/** FILTERBY MODULE name | ACLCAT category | PATTERN pattern */
function filterOf(args: Args): (entry: Entry) => boolean {
  if (args.count === 2) return ANY
  if (args.count !== 5 || !args.equalsIgnoreCase(2, 'FILTERBY')) throw new ReplyError(ERR.syntax)
  if (args.equalsIgnoreCase(3, 'MODULE')) return () => false
  if (args.equalsIgnoreCase(3, 'ACLCAT')) {
    const category = args.text(4).toLowerCase()
    return ({ command, subcommand }) => {
      const flags = (subcommand ?? command).flags
      return categoriesOf(command, flags, subcommand !== undefined).includes(category)
    }
  }
  if (!args.equalsIgnoreCase(3, 'PATTERN')) throw new ReplyError(ERR.syntax)
  const pattern = Buffer.from(args.text(4).toLowerCase())
  return ({ name }) => {
    const bytes = Buffer.from(name)
    return globMatches(pattern, 0, pattern.length, bytes, 0, bytes.length)
  }
}

const commandInfo: Subcommand = {
  name: 'info',
  arity: -2,
  flags: FLAGS,
  since: '2.8.13',
  help: [
    'INFO [<command-name> ...]',
    '    Return details about multiple Redis commands.',
    '    If no command names are given, documentation details for all',
    '    commands are returned.',
  ],
  run({ reply, server }, args) {
    writeInfos(reply, named(server.registry, args))
  },
}

const commandDocs: Subcommand = {
  name: 'docs',
  arity: -2,
  flags: FLAGS,
  since: '7.0.0',
  help: [
    'DOCS [<command-name> ...]',
    '    Return documentation details about multiple Redis commands.',
    '    If no command names are given, documentation details for all',
    '    commands are returned.',
  ],
  run({ reply, server }, args) {
    writeDocs(reply, named(server.registry, args))
  },
}

const OWN = [commandCount, commandDocs, commandGetkeys, commandInfo, commandList]
const FACTS = { name: 'command', since: '2.8.13', subcommands: OWN } as const
const HELP: Subcommand = {
  ...helpOf({
    ...FACTS,
    subcommands: [
      { ...commandCount, help: ['(no subcommand)', '    Return details about all Redis commands.'] },
      ...[commandCount, commandList, commandInfo, commandDocs, commandGetkeys],
    ],
  }),
  since: '5.0.0',
}
const SUBCOMMANDS = [...OWN, HELP]

export const command: Command = {
  ...FACTS,
  code: 43,
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  summary: 'Which commands there are, and what they take.',
  differs: "Tells of Flin's commands. Tips, key specifications and DOCS' arguments are empty; no GETKEYSANDFLAGS.",
  subcommands: SUBCOMMANDS,
  run(context: Context, args) {
    if (args.count > 1) runSubcommand(SUBCOMMANDS, context, args)
    else writeInfos(context.reply, named(context.server.registry, args))
  },
}
