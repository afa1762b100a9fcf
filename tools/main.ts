#!/usr/bin/env node
import path from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { FlinError } from '../segments/index.js'
import { EXIT_CODES, EXIT_UNFORESEEN, FLIN_VERSION, readSettings } from '../src/index.js'
import { backup } from './backup/backup.js'
import { restore } from './backup/restore.js'
import { compact } from './log/compact.js'
import { dump } from './log/dump.js'
import { ls } from './log/ls.js'
import { map } from './log/map.js'
import { repair } from './log/repair.js'
import { stats } from './log/stats.js'
import { verify } from './log/verify.js'
import { Output } from './output.js'
import { terminalOf } from './terminal.js'
import { sizeOf, unescapeBytes } from './text.js'

const HUMAN_VALUE_SIZE = 64
const TOP_COUNT = 10
const STATS_CAPACITY = 50_000

const program = new Command('flin')
  .description('Looks into what flin-server has written, and keeps copies of it.')
  .version(FLIN_VERSION)
const log = program
  .command('log')
  .description('the log in a folder; beside a running flin-server all but repair and compact')
const output = new Output()

function logCommand(name: string, description: string): Command {
  const data = new Option('--data <folder>', 'folder of the log').env('FLIN_DATA').default('./data')
  return log.command(name).description(description).addOption(data).allowExcessArguments(false)
}

logCommand('ls', 'lists the segments, and what of each is alive')
  .option('--live', 'count live bytes however many records there are (default: up to 2 million)')
  .option('--no-live', 'do not')
  .option('--json', 'as one JSON object')
  .action(({ data, live, json }: { data: string; live?: boolean; json?: true }) =>
    run(data, () => ls(data, { live, json: json === true }, output)),
  )

logCommand('map', 'draws the segments as bars of what is live and what is dead')
  .option('--ascii', 'without characters beyond ASCII')
  .option('--json', 'as one JSON object')
  .addHelpText(
    'after',
    '\nA bar is named by the first offset and the generation of its segment, and is as long as the segment is large.' +
      '\nBeside a running flin-server: watch flin log map',
  )
  .action(({ data, ascii, json }: { data: string; ascii?: true; json?: true }) => {
    const terminal = terminalOf(process.stdout, process.env)
    const drawn = { ...terminal, isUnicode: terminal.isUnicode && ascii !== true }
    return run(data, () => map(data, json === true, drawn, output))
  })

logCommand('stats', 'tells what the log is made of: kinds, commands, prefixes and keys, live and dead')
  .option('--delimiter <text>', 'what ends a prefix; other bytes than text as \\xNN', ':')
  .option('--depth <count>', 'delimiters that a prefix reaches over', positive, 1)
  .option('--top <count>', 'keys and prefixes that are named', positive, TOP_COUNT)
  .option(
    '--capacity <count>',
    'keys that are counted exactly; from there on they are estimated',
    positive,
    STATS_CAPACITY,
  )
  .option('--json', 'as one JSON object')
  .addHelpText(
    'after',
    '\nReads the whole log. Sizes are those of records with their padding, without the headers of batches.',
  )
  .action((it: { data: string; delimiter: string; depth: number; top: number; capacity: number; json?: true }) =>
    run(it.data, () => {
      const delimiter = unescapeBytes(it.delimiter)
      if (delimiter.length === 0) throw new FlinError('BAD_SETTING', 'the delimiter is empty')
      return stats(it.data, it.json === true, { ...it, delimiter }, output)
    }),
  )

logCommand('dump', 'shows every record; exits with 1 when the end is torn, with 4 when something is damaged')
  .option('--from <offset>', 'first offset that is shown', whole, 0)
  .option('--to <offset>', 'last offset that is shown', whole)
  .option('--key <key>', 'records of this key only; other bytes than text as \\xNN, as this command shows them')
  .option('--json', 'as JSON lines, one a record')
  .option('--value-size <bytes>', `bytes shown of a value (default: ${HUMAN_VALUE_SIZE}; with --json: all)`, whole)
  .action((it: { data: string; from: number; to?: number; key?: string; json?: true; valueSize?: number }) =>
    run(it.data, () => {
      const json = it.json === true
      const valueSize = it.valueSize ?? (json ? Infinity : HUMAN_VALUE_SIZE)
      const key = it.key === undefined ? null : unescapeBytes(it.key)
      return dump(it.data, { from: it.from, to: it.to ?? Infinity, key, json, valueSize }, output)
    }),
  )

logCommand('verify', 'reads everything and looks at every checksum')
  .option('--state', 'rebuild the state as well, with side files and without, and compare the two')
  .addHelpText(
    'after',
    '\nExits with 0: intact, 1: the next start mends it by itself (a torn tail, a side file), 4: corrupt,' +
      '\nor side files that make another state than the segments.',
  )
  .action(({ data, state }: { data: string; state?: true }) => run(data, () => verify(data, state === true, output)))

logCommand('compact', 'takes out what is dead, where that is worth its cost')
  .option('--all', 'rewrite all that is sealed')
  .option('--segment-size <size>', 'bytes that one segment may hold, as flin-server is told (default: 64mb)')
  .addHelpText(
    'after',
    '\nThe daemon must not be running: COMPACT NOW is for one that does. It begins as a start does: a torn tail is cut and kept.',
  )
  .action(({ data, all, segmentSize }: { data: string; all?: true; segmentSize?: string }) =>
    run(data, () => {
      const settings = readSettings(segmentSize === undefined ? {} : { segmentSize }, {
        FLIN_SEGMENT_SIZE: process.env['FLIN_SEGMENT_SIZE'],
      })
      return compact(data, { isAll: all === true, segmentSize: settings.segmentSize }, output)
    }),
  )

logCommand(
  'repair',
  'goes on without what is damaged, and keeps it in quarantine/; says what it would do unless told --yes',
)
  .option('--yes', 'do it')
  .addHelpText(
    'after',
    '\nThe daemon must not be running. Copy the folder first: what is lost here may be whole elsewhere.' +
      '\nExits as verify does: without --yes for the log as it is, with it for the log as it is then.',
  )
  .action(({ data, yes }: { data: string; yes?: true }) => run(data, () => repair(data, yes === true, output)))

const backupCommand = program
  .command('backup')
  .description('makes a backup of a log, or brings it up to date; also beside a running flin-server')
  .addOption(new Option('--data <folder>', 'folder of the log').env('FLIN_DATA').default('./data'))
  .requiredOption('--to <folder>', 'folder of the backup: empty, not there, or a backup of this log')
  .option('--rate <size>', 'bytes a second that are read, at most, as 64mb; 0: no bound', bytes, 0)
  .option('--verify', 'also read what the backup has already, and copy anew what is not as it was written')
  .option('--json', 'as one JSON object')
  .allowExcessArguments(false)
  .action((it: { data: string; to: string; rate: number; verify?: true; json?: true }) => {
    const { data: from, to, rate, verify, json } = it
    return run(from, () => backup({ from, to, rate, verify: verify === true, json: json === true }, output))
  })

const restoreCommand = program
  .command('restore')
  .description('makes a log of a backup, in a folder that is empty or not there')
  .requiredOption('--from <folder>', 'folder of the backup')
  .requiredOption('--to <folder>', 'folder of the log that is made')
  .option('--rate <size>', 'bytes a second that are read, at most, as 64mb; 0: no bound', bytes, 0)
  .option('--json', 'as one JSON object')
  .allowExcessArguments(false)
  .action(({ from, to, rate, json }: { from: string; to: string; rate: number; json?: true }) =>
    run(from, () => restore({ from, to, rate, json: json === true }, output)),
  )

function bytes(text: string): number {
  const size = sizeOf(text)
  if (size === null) throw new InvalidArgumentError('It must be a size, written as 4096, 64mb or 1gb.')
  return size
}

function whole(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

function positive(text: string): number {
  const value = whole(text)
  if (value === 0) throw new InvalidArgumentError('It must be 1 or more.')
  return value
}

/** Runs a command; its exit code, or its failure's, becomes that of the process when everything is printed. */
async function run(folder: string, job: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await job()
  } catch (error) {
    await output.flush()
    process.exitCode = fail(folder, error)
  }
  await output.flush()
}

/** Says why a command ended, and with which exit code. */
function fail(folder: string, error: unknown): number {
  if (error instanceof FlinError) {
    process.stderr.write(`${path.resolve(folder)}: ${error.message} (${error.code})\n`)
    return EXIT_CODES[error.code] ?? EXIT_UNFORESEEN
  }
  if (error instanceof Error && 'syscall' in error) {
    process.stderr.write(`${error.message} (DISK_FAILED)\n`)
    return EXIT_CODES.DISK_FAILED ?? EXIT_UNFORESEEN
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return EXIT_UNFORESEEN
}

// A reader such as `head` has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : EXIT_UNFORESEEN)
})
for (const command of [program, log, ...log.commands, backupCommand, restoreCommand]) {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_CODES.BAD_SETTING))
}
await program.parseAsync()
