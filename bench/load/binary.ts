/** `npm run bench:binary`: Flin's two protocols against one another, from the same client, in interleaved runs. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { OPERATIONS, PROTOCOLS, type Operation, type Protocol } from './binary-client.js'
import { load } from './client.js'
import { CLIENT_CORE } from './redis-benchmark.js'
import { median } from './report.js'
import { KEY_COUNT, RANDOM, VALUE_SIZE } from './rows.js'
import { cpuTimeUs, killAll, start, stop, type Contender } from './servers.js'

const CLIENT = fileURLToPath(new URL('./binary-client.js', import.meta.url))
const WANTED = 1.1
const TIMEOUT_MS = 120_000
const execute = promisify(execFile)

interface Flags {
  runs: number
  requests: number
  pipeline: number
  connections: number
  dir: string
}

const flags = new Command('bench-binary')
  .option('--runs <count>', 'measured rounds', Number, 7)
  .option('--requests <count>', 'requests a run', Number, 1_000_000)
  .option('--pipeline <depth>', 'requests under way on each connection', Number, 16)
  .option('--connections <count>', 'connections', Number, 50)
  .option('--dir <folder>', 'where the data folder is made', tmpdir())
  .parse()
  .opts<Flags>()

interface Run {
  readonly rps: number
  /** CPU time of the server for a request, all threads, in microseconds. */
  readonly cpuUs: number
}

async function run(server: Contender, protocol: Protocol, operation: Operation): Promise<Run> {
  const { connections, pipeline, requests } = flags
  const options = { port: server.port, protocol, operation, connections, pipeline, requests }
  const line = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const before = cpuTimeUs(server)
  const { stdout } = await execute('taskset', ['-c', CLIENT_CORE, process.execPath, CLIENT, ...line], {
    timeout: TIMEOUT_MS,
  })
  const result = JSON.parse(stdout) as { requests: number; rps: number }
  return { rps: result.rps, cpuUs: (cpuTimeUs(server) - before) / result.requests }
}

process.on('exit', killAll)
const parent = mkdtempSync(join(flags.dir, 'flin-bench-'))
const { signal } = new AbortController()
const print = (text: string): boolean => process.stdout.write(`${text}\n`)
try {
  const server = await start('flin', { parent, policy: 'always', node: process.execPath, signal })
  await load(server.port, `key:${RANDOM}`, KEY_COUNT, VALUE_SIZE)
  for (const operation of OPERATIONS) {
    const runs: Record<Protocol, Run[]> = { resp: [], binary: [] }
    // The first round is for the compiler.
    for (let round = 0; round <= flags.runs; round++) {
      for (const protocol of round % 2 === 0 ? PROTOCOLS : [...PROTOCOLS].reverse()) {
        const measured = await run(server, protocol, operation)
        if (round > 0) runs[protocol].push(measured)
      }
    }
    const rps = (protocol: Protocol): number => median(runs[protocol].map((it) => it.rps))
    for (const protocol of PROTOCOLS) {
      const cpuUs = median(runs[protocol].map((it) => it.cpuUs)).toFixed(2)
      const speed = Math.round(rps(protocol)).toLocaleString('en-US').padStart(10)
      print(`${operation} P${flags.pipeline} ${protocol.padEnd(6)} ${speed} ops/s   server CPU ${cpuUs} us/op`)
    }
    const cpu = (protocol: Protocol): number => median(runs[protocol].map((it) => it.cpuUs))
    const ratio = rps('binary') / rps('resp')
    print(
      `${operation} binary/resp ${ratio.toFixed(2)} (wanted ${WANTED}), by CPU ${(cpu('resp') / cpu('binary')).toFixed(2)}`,
    )
  }
  await stop(server)
} finally {
  killAll()
  rmSync(parent, { recursive: true, force: true })
}
