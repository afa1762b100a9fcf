import type { Command, CommandFlag, CommandGroup } from './command.js'

/** The category that a group's commands have in Redis's ACL. */
const OF_GROUP: Readonly<Record<CommandGroup, readonly string[]>> = {
  string: ['string'],
  list: ['list'],
  stream: ['stream'],
  generic: ['keyspace'],
  transactions: ['transaction'],
  connection: ['connection'],
  server: [],
  pubsub: [],
  flin: ['keyspace'],
}

/** Commands whose categories do not follow from their groups. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  flushall: ['keyspace', 'dangerous'],
  flushdb: ['keyspace', 'dangerous'],
  swapdb: ['keyspace', 'dangerous'],
  keys: ['keyspace', 'dangerous'],
  dbsize: ['keyspace'],
  info: ['dangerous'],
  lastsave: ['admin', 'dangerous'],
  setbit: ['bitmap'],
  getbit: ['bitmap'],
  bitcount: ['bitmap'],
  command: ['connection'],
  wait: ['connection'],
  client: [],
  object: [],
  'flin.subscribe': [],
  'flin.unsubscribe': [],
  xgroup: [],
  xinfo: [],
}

/** Categories of the subcommands of a container, where it has none itself. */
const OF_SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  client: ['connection'],
  object: ['keyspace'],
  xgroup: ['stream'],
  xinfo: ['stream'],
}

/** Redis's ACL categories of a command, or of a subcommand of it. */
export function categoriesOf(command: Command, flags: readonly CommandFlag[], isSubcommand: boolean): string[] {
  const own = OWN[command.name] ?? OF_GROUP[command.group]
  const found = new Set(isSubcommand ? (OF_SUBCOMMANDS[command.name] ?? own) : own)
  if (flags.includes('write')) found.add('write')
  if (flags.includes('readonly')) found.add('read')
  if (flags.includes('pubsub')) found.add('pubsub')
  if (flags.includes('blocking')) found.add('blocking')
  if (flags.includes('admin')) found.add('admin').add('dangerous')
  found.add(flags.includes('fast') ? 'fast' : 'slow')
  return [...found]
}
