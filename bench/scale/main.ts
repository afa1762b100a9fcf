import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import type { Log } from '../../segments/index.js'
import { runLoaded } from '../../src/models/cold.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { killAll, start, stop } from '../load/servers.js'
import { openLog, removeSideFiles } from './open-log.js'
import { walks } from './walks.js'

/**
 * What many keys cost: bytes of index a key, the longest stop of the loop while it grows, the time of a restart with and
 * without side files, and reads and writes of data that is several times larger than the cache: in one process, without a
 * network. Then walks over all keys of a daemon. `npm run bench:scale`.
 */
const program = new Command('bench-scale')
  .option('--millions <list>', 'key counts at which figures are taken, rising', '8,10,13')
  .option('--restart-at <millions>', 'key count at which restarts and walks are timed', '10')
  .option('--dir <folder>', 'where the data folder is made', os.tmpdir())
  .parse()
const { millions, restartAt, dir } = program.opts<{ millions: string; restartAt: string; dir: string }>()

const KEY_SIZE = 16
const VALUE_SIZE = 64
const COMMIT_COUNT = 2000
const MILLION = 1_000_000

const parent = fs.mkdtempSync(path.join(dir, 'flin-scale-'))
/** Where the daemon looks for its log, too. */
const folder = path.join(parent, 'flin')
fs.mkdirSync(folder)
process.on('exit', () => {
  killAll()
  fs.rmSync(parent, { recursive: true, force: true })
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

const key = Buffer.alloc(KEY_SIZE, 'k')
const value = Buffer.alloc(VALUE_SIZE, 'v')

function nameKey(i: number): void {
  key.write(String(i).padStart(KEY_SIZE - 1, '0'), 1, 'latin1')
}

function put(keyspace: Keyspace, i: number): void {
  nameKey(i)
  keyspace.begin(KEY_SIZE * 2 + VALUE_SIZE + 128)
  keyspace.find(key, 0, KEY_SIZE)
  keyspace.put(key, 0, KEY_SIZE, value, 0, VALUE_SIZE, 0)
}

async function load(
  log: Log,
  keyspace: Keyspace,
  from: number,
  to: number,
): Promise<{ seconds: number; stallMs: number }> {
  const began = performance.now()
  let stallMs = 0
  for (let i = from; i < to;) {
    const turn = performance.now()
    for (const stop = Math.min(to, i + COMMIT_COUNT); i < stop; i++) await runLoadedPut(log, keyspace, i)
    stallMs = Math.max(stallMs, performance.now() - turn)
    await log.flush()
  }
  return { seconds: (performance.now() - began) / 1000, stallMs }
}

/** New keys meet no cold record, but for a collision of hashes: the fast way first. */
function runLoadedPut(log: Log, keyspace: Keyspace, i: number): Promise<void> | undefined {
  try {
    put(keyspace, i)
    return undefined
  } catch {
    return runLoaded(log, () => {
      put(keyspace, i)
    })
  }
}

async function timeRestart(name: string, records: number): Promise<void> {
  const began = performance.now()
  const { log, keyspace } = await openLog(folder, 1 << 30)
  const seconds = (performance.now() - began) / 1000
  if (keyspace.count !== records) throw new Error(`${keyspace.count} keys instead of ${records}`)
  say(`${name}: ${seconds.toFixed(2)} s, ${Math.round(records / seconds / 1000)} thousand records a second`)
  await log.close()
}

async function largerThanCache(count: number): Promise<void> {
  const dataSize = count * (KEY_SIZE + VALUE_SIZE + 16)
  const cacheSize = Math.max(160 << 20, Math.floor(dataSize / 4))
  const { log, keyspace } = await openLog(folder, cacheSize)
  const READS = 100_000
  const before = process.memoryUsage().rss
  const began = performance.now()
  for (let done = 0; done < READS;) {
    // Fifty clients at a time, each with one request.
    const jobs: Promise<unknown>[] = []
    for (let j = 0; j < 50; j++, done++) {
      const i = Math.floor(Math.random() * count)
      jobs.push(
        runLoaded(log, () => {
          nameKey(i)
          if (!keyspace.find(key, 0, KEY_SIZE)) throw new Error(`key ${i} is missing`)
        }),
      )
    }
    await Promise.all(jobs)
  }
  const seconds = (performance.now() - began) / 1000
  const used = log.cacheUsedSize
  say(
    `data ${Math.round(dataSize / 2 ** 20)} MiB, cache ${Math.round(cacheSize / 2 ** 20)} MiB: ` +
      `${Math.round(READS / seconds)} random reads a second, cache holds ${Math.round(used / 2 ** 20)} MiB, ` +
      `rss ${Math.round(before / 2 ** 20)} -> ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
  )
  await log.close()
}

async function walkAll(count: number): Promise<void> {
  const { signal } = new AbortController()
  const server = await start('flin', { parent, policy: 'everysec', node: process.execPath, signal })
  for await (const line of walks(server, count, KEY_SIZE)) say(line)
  await stop(server)
}

const counts = millions.split(',').map((n) => Number(n) * MILLION)
const restartCount = Number(restartAt) * MILLION
let { log, keyspace } = await openLog(folder, 1 << 30)
let count = 0
for (const target of counts) {
  const { seconds, stallMs } = await load(log, keyspace, count, target)
  const perKey = keyspace.indexSize / target
  say(
    `${target / MILLION} million keys: index ${perKey.toFixed(1)} B a key, ` +
      `${Math.round((target - count) / seconds / 1000)} thousand inserts a second, ` +
      `longest turn of ${COMMIT_COUNT} inserts ${stallMs.toFixed(1)} ms`,
  )
  count = target
  if (count !== restartCount) continue
  await log.close()
  await timeRestart('restart with side files', count)
  removeSideFiles(folder)
  await timeRestart('restart without side files', count)
  await largerThanCache(count)
  await walkAll(count)
  ;({ log, keyspace } = await openLog(folder, 1 << 30))
}
await log.close()
