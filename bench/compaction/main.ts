/**
 * `npm run bench:compaction`: what compaction costs and what it keeps small. Two daemons, one that compacts and one that does
 * not, hold the same keys; all of them are overwritten at random, several times over, at full speed, in turns: whoever is not
 * loaded stands still. Disk, throughput and latency of both are looked at on the way. Then keys that die in the order in which
 * they were written: there compaction should have nothing to copy.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { load } from '../load/client.js'
import { median } from '../load/report.js'
import type { Policy } from '../load/rows.js'
import { killAll, start, stop, type Contender } from '../load/servers.js'
import { diskSize, Watch } from './disk-size.js'
import { latencyAt } from './latency.js'

const KEY = 'key:__rand_int__'
const CLIENT_CORE = '1'
const MIB = 2 ** 20
const execute = promisify(execFile)

interface Flags {
  keys: number
  valueSize: number
  rounds: number
  pipeline: number
  policy: Policy
  dir: string
}

const flags = new Command('bench-compaction')
  .option('--keys <count>', 'keys, all of which each round overwrites once', Number, 2_000_000)
  .option('--value-size <bytes>', 'bytes of a value', Number, 200)
  .option('--rounds <count>', 'overwrites of everything', Number, 10)
  .option('--pipeline <depth>', 'requests that a client sends at a time', Number, 16)
  .option('--policy <policy>', 'always or everysec', 'always')
  .option('--dir <folder>', 'where the data folders are made', tmpdir())
  .parse()
  .opts<Flags>()

/** One of the two daemons, and what was seen of it. */
interface Side {
  readonly name: string
  readonly server: Contender
  readonly folder: string
  readonly rates: number[]
  /** 99.9 % of a round's requests took no longer, in ms. */
  readonly p999: number[]
}

const print = (text: string): boolean => process.stdout.write(`${text}\n`)
const parent = mkdtempSync(join(flags.dir, 'flin-bench-'))
const { signal } = new AbortController()

async function begin(name: string, compaction: 'yes' | 'no'): Promise<Side> {
  const folder = join(parent, name)
  mkdirSync(folder)
  process.env['FLIN_COMPACTION'] = compaction
  const server = await start('flin', { parent: folder, policy: flags.policy, node: process.execPath, signal })
  return { name, server, folder: join(folder, 'flin'), rates: [], p999: [] }
}

async function fact(side: Side, section: string, name: string): Promise<number> {
  const { stdout } = await execute('redis-cli', ['-p', String(side.server.port), 'info', section])
  const value = new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(stdout)?.[1]
  if (value === undefined) throw new Error(`INFO ${section} tells no ${name}`)
  return Number(value)
}

/** Overwrites as many keys, drawn at random, as there are. */
async function overwrite({ server, rates, p999 }: Side): Promise<void> {
  const numbers = { p: server.port, n: flags.keys, r: flags.keys, c: 50, P: flags.pipeline }
  const line = Object.entries(numbers).flatMap(([flag, value]) => [`-${flag}`, String(value)])
  const value = 'x'.repeat(flags.valueSize)
  const began = performance.now()
  const { stdout } = await execute(
    'taskset',
    ['-c', CLIENT_CORE, 'redis-benchmark', ...line, '--precision', '3', 'SET', KEY, value],
    { maxBuffer: 64 * MIB },
  )
  rates.push(flags.keys / ((performance.now() - began) / 1000))
  p999.push(latencyAt(stdout, 99.9))
}

/** Runs something on one side while the other stands still, so that neither works at the other's cost. */
async function without(other: Side, run: () => Promise<void>): Promise<void> {
  other.server.child.kill('SIGSTOP')
  try {
    await run()
  } finally {
    other.server.child.kill('SIGCONT')
  }
}

/** Compacts everything and tells how many bytes are left of the log: what is live, and little else. */
async function liveSize(side: Side): Promise<number> {
  await execute('redis-cli', ['-p', String(side.server.port), 'compact', 'now'])
  do await new Promise((resolve) => setTimeout(resolve, 200))
  while ((await fact(side, 'compaction', 'compaction_in_progress')) > 0)
  return (await fact(side, 'compaction', 'log_size')) - (await fact(side, 'compaction', 'log_dead_size'))
}

async function atRandom(): Promise<void> {
  const on = await begin('compacting', 'yes')
  const off = await begin('plain', 'no')
  for (const [side, other] of [
    [on, off],
    [off, on],
  ] as const) {
    await without(other, () => load(side.server.port, KEY, flags.keys, flags.valueSize))
  }
  const watch = new Watch(on.folder)
  const written = await fact(on, 'compaction', 'log_written_bytes')
  const copied = await fact(on, 'compaction', 'compaction_written_bytes')
  for (let round = 0; round < flags.rounds; round++) {
    await without(off, () => overwrite(on))
    // Its disk is looked at while it is under load: standing still, it gives nothing back.
    watch.pause()
    await without(on, () => overwrite(off))
    watch.goOn()
    print(
      `round ${round + 1}: ${(diskSize(on.folder) / MIB).toFixed(0)} and ${(diskSize(off.folder) / MIB).toFixed(0)} MiB on disk`,
    )
  }
  const peak = watch.stop()
  const wrote = (await fact(on, 'compaction', 'log_written_bytes')) - written
  const moved = (await fact(on, 'compaction', 'compaction_written_bytes')) - copied
  const live = await liveSize(on)
  print(
    `${flags.keys} keys of ${flags.valueSize} bytes, ${flags.rounds} overwrites, ${flags.policy}, P${flags.pipeline}`,
  )
  print(
    `live data: ${(live / MIB).toFixed(0)} MiB; on disk at most ${(peak / MIB).toFixed(0)} MiB: ${(peak / live).toFixed(2)} times`,
  )
  print(`write amplification: ${((wrote + moved) / wrote).toFixed(2)}`)
  const ratio = (pick: (side: Side) => number[]): string => (median(pick(on)) / median(pick(off))).toFixed(2)
  print(
    `SET: ${median(on.rates).toFixed(0)} a second, ${median(off.rates).toFixed(0)} without compaction: ${ratio((side) => side.rates)}`,
  )
  print(
    `p99.9: ${median(on.p999).toFixed(2)} ms, ${median(off.p999).toFixed(2)} ms without: ${ratio((side) => side.p999)}`,
  )
  await stop(on.server)
  await stop(off.server)
}

async function inOrder(): Promise<void> {
  const side = await begin('in-order', 'yes')
  for (let round = 0; round <= flags.rounds; round++) await load(side.server.port, KEY, flags.keys, flags.valueSize)
  print(`write amplification where keys die in order: ${await fact(side, 'compaction', 'write_amplification')}`)
  await stop(side.server)
}

process.on('exit', killAll)
try {
  await atRandom()
  await inOrder()
} finally {
  killAll()
  rmSync(parent, { recursive: true, force: true })
}
