/**
 * `npm run bench:compaction`: what compaction costs and what it keeps small. Two daemons, one that compacts and one that does
 * not, hold the same keys; all of them are overwritten at random, several times over, at full speed, in turns: whoever is not
 * loaded stands still. Disk, throughput and latency of both are looked at on the way. Then keys that die in the order in which
 * they were written: there compaction should have nothing to copy. Then the memory that it takes where there are many keys.
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { load } from '../load/client.js'
import { median } from '../load/report.js'
import type { Policy } from '../load/rows.js'
import { killAll, stop } from '../load/servers.js'
import { diskSize, sizeOf, Watch, type DiskParts } from './disk-size.js'
import { memoryOf } from './memory.js'
import { begin, fact, KEY, liveSize, overwrite, without, type Load, type Side } from './side.js'

const MIB = 2 ** 20
/** Little, so that what changes is compaction's. */
const MEMORY_CACHE_MIB = 256

interface Flags extends Load {
  readonly memoryKeys: number
  readonly rounds: number
  readonly policy: Policy
  readonly only?: 'random' | 'in-order' | 'memory'
  readonly alone: boolean
  readonly trace?: string
  readonly dir: string
}

const flags = new Command('bench-compaction')
  .option('--keys <count>', 'keys, all of which each round overwrites once', Number, 2_000_000)
  .option('--memory-keys <count>', 'keys of the part that measures memory', Number, 10_000_000)
  .option('--value-size <bytes>', 'bytes of a value', Number, 200)
  .option('--rounds <count>', 'overwrites of everything', Number, 10)
  .option('--pipeline <depth>', 'requests that a client sends at a time', Number, 16)
  .option('--policy <policy>', 'always or everysec', 'always')
  .addOption(new Option('--only <part>', 'one part only').choices(['random', 'in-order', 'memory']))
  .option('--alone', 'no daemon beside it that does not compact', false)
  .option('--trace <file>', 'where to write, as CSV, what lies on the disk over time')
  .option('--dir <folder>', 'where the data folders are made', tmpdir())
  .parse()
  .opts<Flags>()

const print = (text: string): boolean => process.stdout.write(`${text}\n`)
const mib = (size: number): string => (size / MIB).toFixed(0)
const parent = mkdtempSync(join(flags.dir, 'flin-bench-'))

function start(name: string, compaction: 'yes' | 'no'): Promise<Side> {
  return begin(name, parent, flags.policy, { COMPACTION: compaction })
}

/** Writes what a watch sees into a file; does nothing without one. */
function tracer(): (parts: DiskParts) => void {
  if (flags.trace === undefined) return () => undefined
  const file = createWriteStream(flags.trace)
  const began = performance.now()
  file.write('seconds,sealed,active,spare,side,passing,all (MiB)\n')
  return (parts) => {
    const { sealed, active, spare, side, passing } = parts
    const seconds = ((performance.now() - began) / 1000).toFixed(2)
    file.write(`${[seconds, ...[sealed, active, spare, side, passing, sizeOf(parts)].map(mib)].join(',')}\n`)
  }
}

/** What has been committed, and what compaction has written, so far. */
async function writes(side: Side): Promise<{ log: number; compaction: number }> {
  return {
    log: await fact(side, 'compaction', 'log_written_bytes'),
    compaction: await fact(side, 'compaction', 'compaction_written_bytes'),
  }
}

async function atRandom(): Promise<void> {
  const on = await start('compacting', 'yes')
  const off = flags.alone ? null : await start('plain', 'no')
  await without(off, () => load(on.server.port, KEY, flags.keys, flags.valueSize))
  if (off !== null) await without(on, () => load(off.server.port, KEY, flags.keys, flags.valueSize))
  const watch = new Watch(on.folder, tracer())
  const before = await writes(on)
  for (let round = 1; round <= flags.rounds; round++) {
    await without(off, () => overwrite(on, flags))
    const size = mib(diskSize(on.folder))
    if (off === null) {
      print(`round ${round}: ${size} MiB on disk`)
      continue
    }
    // Its disk is looked at while it is under load: standing still, it gives nothing back.
    watch.pause()
    await without(on, () => overwrite(off, flags))
    watch.goOn()
    print(`round ${round}: ${size} and ${mib(diskSize(off.folder))} MiB on disk`)
  }
  const peak = watch.stop()
  const after = await writes(on)
  const wrote = after.log - before.log
  const moved = after.compaction - before.compaction
  const live = await liveSize(on)
  const { keys, valueSize, rounds, policy, pipeline } = flags
  print(`${keys} keys of ${valueSize} bytes, ${rounds} overwrites, ${policy}, P${pipeline}`)
  print(
    `live data: ${mib(live)} MiB; on disk at most ${mib(sizeOf(peak))} MiB: ${(sizeOf(peak) / live).toFixed(2)} times`,
  )
  print(
    `  then: ${mib(peak.sealed)} MiB sealed, ${mib(peak.active)} active, ${mib(peak.spare)} made ready, ` +
      `${mib(peak.side)} side files, ${mib(peak.passing)} on the way of a rewrite`,
  )
  print(`write amplification: ${((wrote + moved) / wrote).toFixed(2)}`)
  printRates(on, off)
  await stop(on.server)
  if (off !== null) await stop(off.server)
}

function printRates(on: Side, off: Side | null): void {
  const rate = median(on.rates).toFixed(0)
  const p999 = median(on.p999).toFixed(2)
  if (off === null) {
    print(`SET: ${rate} a second; p99.9: ${p999} ms`)
    return
  }
  const ratio = (pick: (side: Side) => number[]): string => (median(pick(on)) / median(pick(off))).toFixed(2)
  print(`SET: ${rate} a second, ${median(off.rates).toFixed(0)} without compaction: ${ratio((side) => side.rates)}`)
  print(`p99.9: ${p999} ms, ${median(off.p999).toFixed(2)} ms without: ${ratio((side) => side.p999)}`)
}

async function inOrder(): Promise<void> {
  const side = await start('in-order', 'yes')
  const watch = new Watch(side.folder)
  for (let round = 0; round <= flags.rounds; round++) await load(side.server.port, KEY, flags.keys, flags.valueSize)
  const peak = watch.stop()
  const { log, compaction } = await writes(side)
  print(
    `keys that die in order: write amplification ${((log + compaction) / log).toFixed(2)}; ` +
      `on disk at most ${mib(sizeOf(peak))} MiB; ` +
      `${await fact(side, 'compaction', 'compaction_segments_dropped')} segments dropped, ` +
      `${await fact(side, 'compaction', 'compaction_segments_rewritten')} rewritten`,
  )
  await stop(side.server)
}

async function inMemory(): Promise<void> {
  const side = await begin('memory', parent, 'everysec', { COMPACTION: 'no' }, MEMORY_CACHE_MIB)
  const { before, during, after, logSize } = await memoryOf(side, { ...flags, keys: flags.memoryKeys })
  print(
    `memory of compaction with ${flags.memoryKeys} keys, a log of ${mib(logSize)} MiB and a cache of ${MEMORY_CACHE_MIB} MiB: ` +
      `${mib(during - before)} MiB more than the ${mib(before)} before it; ${mib(after)} after it`,
  )
}

process.on('exit', killAll)
try {
  const { only = null } = flags
  if (only === null || only === 'random') await atRandom()
  if (only === null || only === 'in-order') await inOrder()
  if (only === null || only === 'memory') await inMemory()
} finally {
  killAll()
  rmSync(parent, { recursive: true, force: true })
}
