/** `npm run bench`: Flin against Redis and against the ceiling. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { machine, type Machine } from './machine.js'
import { merge, renderPage, renderTable, type Results, type RowResult } from './report.js'
import { ROWS, selectRows } from './rows.js'
import { runRow } from './run.js'
import { CONTENDERS, FLIN_MAIN, killAll, type ContenderName } from './servers.js'

/** Only files with all contenders have this name: those with a part of them never end up on the page. */
const COMPLETE = /^(\d{4}-\d\d-\d\d)-node([\d.]+)\.json$/

interface Flags {
  runs: number
  seconds: number
  only?: string
  servers: ContenderName[]
  node: string
  dir: string
  out: string
  write: boolean
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('a positive number, please')
  return value
}

function contenders(text: string): ContenderName[] {
  const names = text.split(',')
  const chosen = CONTENDERS.filter((name) => names.includes(name))
  if (chosen.length !== names.length) throw new InvalidArgumentError(`some of ${CONTENDERS.join(',')}, please`)
  return chosen
}

function flags(): Flags {
  return new Command('bench')
    .description('flin-server against redis-server and the ceiling, with redis-benchmark; takes about 15 minutes')
    .option('--runs <count>', 'measured rounds a row', positive, 7)
    .option('--seconds <seconds>', 'about how long a run takes', positive, 1.5)
    .option('--only <regex>', `rows whose name matches, as in "${ROWS[0]!.id}"`)
    .option('--servers <names>', 'whom to run, with commas', contenders, [...CONTENDERS])
    .option('--node <path>', 'the Node binary that runs Flin and the ceiling', process.execPath)
    .option('--dir <folder>', 'where data folders are made: the disk that is measured', tmpdir())
    .option('--out <folder>', 'where results are written', 'bench/results')
    .option('--write', 'render RESULTS.md from the newest results of each Node version', false)
    .parse()
    .opts<Flags>()
}

function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

/** Writes the rows into the file of the day, beside the rows that a run before has left there. */
function save(flags: Flags, about: Machine, rows: readonly RowResult[]): string {
  mkdirSync(flags.out, { recursive: true })
  const part = flags.servers.length < CONTENDERS.length ? `-${flags.servers.join('+')}` : ''
  const path = join(flags.out, `${new Date().toISOString().slice(0, 10)}-node${about.node}${part}.json`)
  const older = existsSync(path) ? readResults(path).rows : []
  const order = ROWS.map((row) => row.id)
  const results: Results = { machine: about, rows: merge(older, rows, order) }
  writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`)
  return path
}

/** Renders the page from the newest complete file of each Node version. */
function writePage(out: string): string {
  const newest = new Map<string, string>()
  for (const name of readdirSync(out).sort()) {
    const version = COMPLETE.exec(name)?.[2]
    if (version !== undefined) newest.set(version, name)
  }
  if (newest.size === 0) throw new Error(`no complete results in ${out}`)
  const path = join(out, 'RESULTS.md')
  writeFileSync(path, renderPage([...newest.values()].map((name) => readResults(join(out, name)))))
  return path
}

async function main(signal: AbortSignal): Promise<void> {
  const chosen = flags()
  const rows = selectRows(chosen.only)
  if (chosen.servers.includes('flin') && !existsSync(FLIN_MAIN)) {
    throw new Error('flin-server is not built: npm run build, or leave it out with --servers redis,ceiling')
  }
  const about = machine(chosen.node, chosen.dir)
  const print = (text: string) => process.stdout.write(`${text}\n`)
  const progress = (text: string) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : '')
  print(`${about.cpu}, ${about.cores} cores, Node ${about.node}, Redis ${about.redis}, data on ${about.filesystem}`)
  if (about.filesystem === 'tmpfs') print('warning: a sync costs nothing on tmpfs; choose a disk with --dir')
  if (about.loadAverage > 0.5) print(`warning: the machine is busy (load average ${about.loadAverage})`)

  const { servers, runs, seconds, node, dir } = chosen
  const options = { contenders: servers, runs, seconds, node, folder: dir, signal, progress }
  const results: RowResult[] = []
  for (const row of rows) {
    const { id, policy, connections, pipeline, floor, withoutCeiling = false } = row
    const measured = await runRow(row, options)
    results.push({
      id,
      policy,
      connections,
      pipeline,
      floor,
      withoutCeiling,
      measuredAt: new Date().toISOString(),
      runs: measured,
    })
  }
  progress('')
  print(renderTable(results))
  print(save(chosen, about, results))
  if (chosen.write) print(writePage(chosen.out))
}

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  // The first one stops in order; the second one kills the servers on the way out.
  process.once(name, () => {
    interrupted.abort(new Error('interrupted'))
    process.once(name, () => process.exit(130))
  })
}
process.on('exit', killAll)
try {
  await main(interrupted.signal)
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = interrupted.signal.aborted ? 130 : 1
}
