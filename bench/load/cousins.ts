/**
 * `npm run bench:cousins`: commands of Flin beside the simple ones that they are measured by, and its two protocols beside one
 * another: from the same client, over as many connections, in interleaved runs, by the CPU time of the server.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { table } from '../../tools/docs/markdown.js'
import { COUSINS, KINDS, type Kind, type KindName } from './cousin-kinds.js'
import { load } from './client.js'
import { machine } from './machine.js'
import { CLIENT_CORE } from './redis-benchmark.js'
import { median } from './report.js'
import { KEY_COUNT, RANDOM, VALUE_SIZE } from './rows.js'
import { cpuTimeUs, killAll, start, stop, type Contender } from './servers.js'

const CLIENT = fileURLToPath(new URL('./cousins-client.js', import.meta.url))
const TIMEOUT_MS = 120_000
const execute = promisify(execFile)

interface Flags {
  runs: number
  operations: number
  pipeline: number
  connections: number
  only?: string
  dir: string
  write?: string
}

const flags = new Command('bench-cousins')
  .option('--runs <count>', 'measured rounds', Number, 7)
  .option('--operations <count>', 'operations a run', Number, 1_000_000)
  .option('--pipeline <depth>', 'requests under way on each connection', Number, 16)
  .option('--connections <count>', 'connections', Number, 50)
  .option('--only <pattern>', 'only the pairs that match')
  .option('--dir <folder>', 'where the data folder is made', tmpdir())
  .option('--write <file>', 'write the page of results')
  .parse()
  .opts<Flags>()

interface Run {
  readonly rate: number
  /** CPU time of the server for an operation, all threads, in microseconds. */
  readonly cpuUs: number
}

async function run(server: Contender, kind: KindName): Promise<Run> {
  const { connections, pipeline, operations } = flags
  const line = Object.entries({ port: server.port, kind, operations, connections, pipeline })
  const before = cpuTimeUs(server)
  const args = ['-c', CLIENT_CORE, process.execPath, CLIENT, ...line.map(([name, value]) => `--${name}=${value}`)]
  const { stdout } = await execute('taskset', args, { timeout: TIMEOUT_MS })
  const result = JSON.parse(stdout) as { operations: number; rate: number }
  const cpuUs = (cpuTimeUs(server) - before) / result.operations
  if ((KINDS[kind] as Kind).grows === true) await fill(server)
  return { rate: result.rate, cpuUs }
}

function fill(server: Contender): Promise<void> {
  return load(server.port, `key:${RANDOM}`, KEY_COUNT, VALUE_SIZE)
}

async function measure(server: Contender, kinds: readonly KindName[]): Promise<Map<KindName, Run[]>> {
  const runs = new Map<KindName, Run[]>(kinds.map((kind) => [kind, []]))
  // The first round is for the compiler.
  for (let round = 0; round <= flags.runs; round++) {
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
      const measured = await run(server, kind)
      if (round > 0) runs.get(kind)!.push(measured)
    }
  }
  return runs
}

process.on('exit', killAll)
const pairs = COUSINS.filter(({ id }) => flags.only === undefined || new RegExp(flags.only, 'i').test(id))
if (pairs.length === 0) throw new Error(`no pair matches ${flags.only ?? ''}`)
const parent = mkdtempSync(join(flags.dir, 'flin-bench-'))
try {
  const about = machine(process.execPath, parent)
  const { signal } = new AbortController()
  const server = await start('flin', { parent, policy: 'always', node: process.execPath, signal })
  await fill(server)
  const runs = await measure(server, [...new Set(pairs.flatMap(({ kind, beside }) => [kind, beside]))])
  await stop(server)
  const of = (kind: KindName, pick: (run: Run) => number): number => median(runs.get(kind)!.map(pick))
  const cells = pairs.map(({ id, kind, beside, most }) => {
    const [cpu, other] = [of(kind, (it) => it.cpuUs), of(beside, (it) => it.cpuUs)]
    const rate = of(kind, (it) => it.rate) / of(beside, (it) => it.rate)
    const figures = [cpu, other, cpu / other, most, rate].map((it) => it.toFixed(2))
    return [id, ...figures, cpu / other <= most ? 'yes' : 'NO']
  })
  const headings = ['pair', 'CPU us/op', 'beside', 'CPU ratio', 'at most', 'ops/s ratio', 'reached']
  const result = table(headings, cells)
  process.stdout.write(`${result}\n`)
  if (flags.write !== undefined) {
    const page = `# Cousins: results

Written by \`npm run bench:cousins -- --write FILE\`; do not edit. One flin-server under \`always\`, ${flags.connections} connections, ${VALUE_SIZE}-byte
values, ${KEY_COUNT.toLocaleString('en-US')} random keys, pipeline ${flags.pipeline} (1 for MGET, 100 for the GETs beside it); medians of ${flags.runs} interleaved runs of
${flags.operations.toLocaleString('en-US')} operations. CPU is the server's, user and system, all threads. APPEND is at a disadvantage: each value grows by 8 bytes
at every one, and is written whole, from ${VALUE_SIZE} to some ${VALUE_SIZE + Math.round((8 * flags.operations) / KEY_COUNT)} bytes in the course of a run; SET writes ${VALUE_SIZE}.

- machine: ${about.cpu}, ${about.cores} cores, Linux ${about.kernel}, data on ${about.filesystem}
- Node ${about.node}; load average of the machine before the first run: ${about.loadAverage}

${result}
`
    writeFileSync(flags.write, page)
  }
} finally {
  killAll()
  rmSync(parent, { recursive: true, force: true })
}
