import { ALL_COMMANDS } from '../../src/commands/all.js'
import { toldFlags, type Command, type CommandGroup } from '../../src/commands/command.js'
import { REDIS_SETTINGS, type RedisSetting } from '../../src/redis-setting-table.js'
import { table } from './markdown.js'

const GROUPS: readonly (readonly [group: CommandGroup, title: string])[] = [
  ['string', 'Strings'],
  ['list', 'Lists'],
  ['stream', 'Streams'],
  ['generic', 'Keys'],
  ['transactions', 'Transactions'],
  ['connection', 'Connection'],
  ['server', 'Server'],
  ['pubsub', 'Pub/sub'],
  ['flin', 'Of Flin itself'],
]

/** What holds for more than one command. */
const DIFFERENCES: readonly (readonly [what: string, redis: string, flin: string])[] = [
  ['size of a key', 'up to 512 MB', 'up to 65,535 bytes; longer ones are refused'],
  ['databases', '16', 'one, number 0'],
  [
    'a published message',
    'in memory, for who is there',
    'in the log, for an hour: [pub/sub](../subscriptions/PUBSUB.md)',
  ],
  [
    'streams',
    'as in 7.0',
    'and trimming of 8.2, age and size of a stream, dead letters, reading by offset and time: [streams](streams/STREAMS.md)',
  ],
  [
    'a subscriber that does not read',
    'is dropped',
    'is fed from the log, and cut off when it falls below what is held; replies to its own requests may come before older messages then',
  ],
  ['what a client publishes to itself in EXEC', 'stands in the midst of the reply of EXEC', 'comes behind the reply'],
  ['times', 'up to 2^63 ms since 1970', 'up to 2^53 ms; later ones are refused as invalid'],
  [
    'an OK',
    'after the change in memory',
    'after the commit, see `--fsync`; reads wait for the commit of what they saw',
  ],
  [
    'KEYS',
    'everybody waits for it',
    'others are served meanwhile; it guarantees what SCAN does; a reply beyond `--output-size-max` closes the client',
  ],
  ['trimming of streams with `~`', 'by nodes of 100 entries or 4 KB', 'by hundreds of entries, or all of them'],
  [
    'streams in MULTI',
    'always',
    'a command about ids that lie on disk only, in a stream of more than 1 MiB, may be refused where commands in front of it have changed what it looks at',
  ],
  ['KEYS and SCAN in MULTI', 'always', 'refused where keys are on disk only'],
  [
    'lists in MULTI',
    'always',
    'refused where more than 100,000 items would have to be loaded from disk before it begins',
  ],
  ['cursors of SCAN', "Redis's own", "Flin's own; a key that stays comes exactly once"],
  ['COUNT of SCAN', 'so many at a call, more or less', 'at most 10,000 at a call, and 256 while some are on disk only'],
  ['numbers of INCRBYFLOAT', 'hexadecimal ones and infinities, too', 'decimal ones'],
  ['timeouts in seconds', 'hexadecimal ones, too', 'decimal ones'],
  [
    'a client that leaves while its request waits',
    'nothing is taken for it',
    'the same, unless it has sent more than 64 KiB behind that request: then it is seen to have left when it has been served',
  ],
  [
    'error texts that repeat what was sent',
    'end at a zero byte; bytes as they came',
    'whole; bytes that are no UTF-8 become U+FFFD',
  ],
  ['memory', '`maxmemory` with eviction', 'nothing is evicted; `--cache-size` bounds what is held in memory'],
  ['ACL', 'users and rules', 'one user, `default`, with `--requirepass`'],
  [
    'scripts in Lua',
    'EVAL, EVALSHA, SCRIPT, FUNCTION, FCALL',
    'none: MULTI with WATCH, or FLIN.SET and FLIN.DEL with IFREV, do in one commit what a script would',
  ],
  [
    'OBJECT ENCODING',
    'as the value is kept',
    'as Redis would keep it, but `raw` for what APPEND has made, and as if just set after RENAME and COPY',
  ],
  [
    'COMMAND DOCS, INFO',
    'arguments, tips, key specifications',
    'summary, group, since, subcommands, flags, categories, keys',
  ],
  [
    'times of INFO commandstats, latencystats',
    'every call is timed',
    'the first 16 calls of a command, then one in 64, which stands for all of them; calls are counted one by one',
  ],
  [
    'CLIENT LIST',
    'memory of copied arguments, peaks of 5 s, the cost of a connection itself',
    '`argv-mem` is where arguments lie in `qbuf`, `rbp` the most since the client came, `tot-mem` what stands in the other fields; a client that is named twice comes once',
  ],
  [
    'CLIENT REPLY OFF and SKIP in MULTI',
    'what comes behind is missing in the reply of EXEC, which is no RESP any more',
    'the reply of EXEC is left out, or that of the next command, too',
  ],
  ['an inline command with a zero byte', 'is never answered', 'is like any other'],
  [
    'commands that are not in the tables above',
    'ACL, BITFIELD, BITOP, BITPOS, BGSAVE, DEBUG, DUMP, LATENCY, LCS, MONITOR, MOVE, ROLE, SAVE, SLOWLOG, SORT ...',
    'unknown',
  ],
  [
    'CONFIG GET of several names',
    'in the order of a hash table, another one at each start',
    'in the order of the names',
  ],
  ['a transaction', 'any size', 'up to 1 GiB of queued requests; lies in one commit'],
]

/** The page src/commands/COMMANDS.md. */
export function commandsPage(): string {
  const sections = GROUPS.map(([group, title]) => {
    const commands = ALL_COMMANDS.filter((it) => it.group === group).sort((a, b) => (a.name < b.name ? -1 : 1))
    return `### ${title}\n\n${table(['command', 'arity', 'flags', 'since', 'what it does', 'where it differs'], commands.map(row))}`
  })
  return `# Commands

Generated by \`npm run docs\` from the registry that the daemon itself reads; a test fails when it is stale. Flin follows Redis
7.0: replies, error texts and edge cases are compared with a real server at random. Where the last column is empty, a command
does what it does there; [the table below](#where-flin-differs-from-redis-70) holds for all.

Arity counts the command's name; negative: at least so many. \`since\` is the version of Redis, or of Flin, that brought it.

${sections.join('\n\n')}

## Where Flin differs from Redis 7.0

${table(['what', 'Redis 7.0', 'Flin'], DIFFERENCES)}

## Settings

CONFIG GET and CONFIG SET know Redis's names. What CONFIG SET changes lasts until the daemon ends; CONFIG REWRITE is refused.

Honoured:

${table(['setting', 'what it does'], REDIS_SETTINGS.filter((it) => it.honoured !== undefined).map(honouredRow))}

Shown, and not to be set: ${list(REDIS_SETTINGS.filter((it) => it.read === undefined))}.

Accepted: checked as Redis checks them, remembered, and without any effect:

${REDIS_SETTINGS.filter((it) => it.read !== undefined && it.honoured === undefined)
  .map((it) => `- ${list([it])}`)
  .join('\n')}
`
}

function row({ name, arity, flags, since, summary, differs = '', subcommands }: Command): string[] {
  const told = toldFlags(flags).join(' ')
  const words = subcommands?.map((it) => it.name.toUpperCase()).join(', ')
  const what = words === undefined ? summary : `${summary} ${words}`
  return [`\`${name.toUpperCase()}\``, String(arity), told, since, what, differs]
}

function honouredRow({ name, honoured = '' }: RedisSetting): string[] {
  return [`\`${name}\``, honoured]
}

function list(settings: readonly RedisSetting[]): string {
  return settings.map(({ name, alias }) => `\`${name}\`${alias === undefined ? '' : ` (\`${alias}\`)`}`).join(', ')
}
