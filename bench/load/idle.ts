/**
 * `npm run bench:idle`: what connections cost that say nothing: the daemon's memory before and with them, and the throughput of
 * active ones with and without them, in interleaved runs. Needs `ulimit -n` above their number.
 */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { load } from './client.js'
import { benchmark } from './redis-benchmark.js'
import { median } from './report.js'
import { selectRows } from './rows.js'
import { killAll, start, stop, type Contender } from './servers.js'

/** So many are opened at once: the kernel's queue of those not yet accepted is short. */
const AT_ONCE = 200
const SETTLE_MS = 500
const PAGE_SIZE = 4096

interface Flags {
  count: number
  runs: number
  requests: number
  dir: string
}

const flags = new Command('bench-idle')
  .option('--count <count>', 'idle connections', Number, 10_000)
  .option('--runs <count>', 'measured rounds', Number, 5)
  .option('--requests <count>', 'requests a run', Number, 1_000_000)
  .option('--dir <folder>', 'where the data folder is made', tmpdir())
  .parse()
  .opts<Flags>()

function residentSize({ child }: Contender): number {
  return Number(readFileSync(`/proc/${child.pid ?? ''}/statm`, 'latin1').split(' ')[1]) * PAGE_SIZE
}

async function openIdle(port: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < flags.count) {
    const some = Array.from({ length: Math.min(AT_ONCE, flags.count - sockets.length) }, () =>
      connect({ port, host: '127.0.0.1' }),
    )
    await Promise.all(some.map((socket) => once(socket, 'connect')))
    sockets.push(...some)
  }
  return sockets
}

async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => {
      const closed = once(socket, 'close')
      socket.resetAndDestroy()
      return closed
    }),
  )
}

process.on('exit', killAll)
process.env['FLIN_CLIENTS_MAX'] = String(flags.count + 1000)
const parent = mkdtempSync(join(flags.dir, 'flin-bench-'))
const { signal } = new AbortController()
const print = (text: string): boolean => process.stdout.write(`${text}\n`)
const mib = (size: number): string => (size / 2 ** 20).toFixed(1)
try {
  const server = await start('flin', { parent, policy: 'always', node: process.execPath, signal })
  const row = selectRows('^GET always P16')[0]!
  await load(server.port, row.loads!, row.keyCount, row.valueSize)
  const rates: { without: number[]; with: number[] } = { without: [], with: [] }
  for (let round = 0; round <= flags.runs; round++) {
    const without = await benchmark(row, server.port, flags.requests, signal)
    const before = residentSize(server)
    const idle = await openIdle(server.port)
    await delay(SETTLE_MS)
    const more = residentSize(server) - before
    if (round === 0) {
      const each = Math.round(more / flags.count).toLocaleString('en-US')
      print(
        `memory: ${mib(before)} MiB, ${mib(more)} MiB more with ${flags.count} idle connections: ${each} bytes each`,
      )
    }
    const beside = await benchmark(row, server.port, flags.requests, signal)
    await closeAll(idle)
    await delay(SETTLE_MS)
    // The first round is for the compiler.
    if (round === 0) continue
    rates.without.push(without.rps)
    rates.with.push(beside.rps)
  }
  const [alone, beside] = [median(rates.without), median(rates.with)]
  const number = (n: number): string => Math.round(n).toLocaleString('en-US')
  print(`${row.id}: ${number(alone)} req/s alone, ${number(beside)} beside them (${(beside / alone).toFixed(2)})`)
  await stop(server)
} finally {
  killAll()
  rmSync(parent, { recursive: true, force: true })
}
