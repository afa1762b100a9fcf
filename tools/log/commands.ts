import { type Command, Option } from 'commander'
import { positive, present, whole } from '../arguments.js'
import type { Run, Surroundings } from '../output.js'
import { terminalOf } from '../terminal.js'
import { unescapeBytes } from '../text.js'

const HUMAN_VALUE_SIZE = 64
const TOP_COUNT = 10
const STATS_CAPACITY = 50_000

/** Adds `flin log` with all that it can do. What a command needs is loaded when it runs. */
export function addLogCommands(program: Command, run: Run, { stdout, env }: Surroundings): void {
  const log = program
    .command('log')
    .description('the log in a folder; beside a running flin-server all but repair and compact')

  function logCommand(name: string, description: string): Command {
    const data = new Option('--data <folder>', 'folder of the log').env('FLIN_DATA').default('./data')
    return log.command(name).description(description).addOption(data).allowExcessArguments(false)
  }

  logCommand('ls', 'lists the segments, and what of each is alive')
    .option('--live', 'count live bytes however many records there are (default: up to 2 million)')
    .option('--no-live', 'do not')
    .option('--json', 'as one JSON object')
    .action(({ data, live, json }: { data: string; live?: boolean; json?: true }) =>
      run([data], async (output) => {
        const { ls } = await import('./ls.js')
        return ls(data, { live, json: json === true }, output)
      }),
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
      const terminal = terminalOf(stdout, env)
      const drawn = { ...terminal, isUnicode: terminal.isUnicode && ascii !== true }
      return run([data], async (output) => {
        const { map } = await import('./map.js')
        return map(data, json === true, drawn, output)
      })
    })

  logCommand('stats', 'tells what the log is made of: kinds, commands, prefixes and keys, live and dead')
    .option('--delimiter <text>', 'what ends a prefix; other bytes than text as \\xNN', present, ':')
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
      run([it.data], async (output) => {
        const { stats } = await import('./stats.js')
        const delimiter = unescapeBytes(it.delimiter)
        return stats(it.data, it.json === true, { ...it, delimiter }, output)
      }),
    )

  logCommand('dump', 'shows every record; exits with 1 when the end is torn, with 4 when something is damaged')
    .option('--from <offset>', 'first offset that is shown', whole, 0)
    .option('--to <offset>', 'last offset that is shown', whole)
    .option(
      '--key <key>',
      'records of this key and of what it is made of only; other bytes than text as \\xNN, as this command shows them',
    )
    .option('--json', 'as JSON lines, one a record')
    .option('--value-size <bytes>', `bytes shown of a value (default: ${HUMAN_VALUE_SIZE}; with --json: all)`, whole)
    .action((it: { data: string; from: number; to?: number; key?: string; json?: true; valueSize?: number }) =>
      run([it.data], async (output) => {
        const { dump } = await import('./dump.js')
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
    .action(({ data, state }: { data: string; state?: true }) =>
      run([data], async (output) => {
        const { verify } = await import('./verify.js')
        return verify(data, state === true, output)
      }),
    )

  logCommand('compact', 'takes out what is dead, where that is worth its cost')
    .option('--all', 'rewrite all that is sealed')
    .option('--segment-size <size>', 'bytes that one segment may hold, as flin-server is told (default: 64mb)')
    .addHelpText(
      'after',
      '\nThe daemon must not be running: COMPACT NOW is for one that does. It begins as a start does: a torn tail is cut and kept.',
    )
    .action(({ data, all, segmentSize }: { data: string; all?: true; segmentSize?: string }) =>
      run([data], async (output) => {
        const [{ compact }, { readSettings }] = await Promise.all([
          import('./compact.js'),
          import('../../src/config.js'),
        ])
        const settings = readSettings(segmentSize === undefined ? {} : { segmentSize }, {
          FLIN_SEGMENT_SIZE: env['FLIN_SEGMENT_SIZE'],
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
    .action(({ data, yes }: { data: string; yes?: true }) =>
      run([data], async (output) => {
        const { repair } = await import('./repair.js')
        return repair(data, yes === true, output)
      }),
    )
}
