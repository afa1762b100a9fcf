import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogSnapshot } from '../../../segments/index.js'
import { logStats, type LogStats, type StatsOptions } from '../../../src/models/log-stats.js'
import { KIND } from '../../../src/models/kinds.js'
import { withState } from '../../../src/models/replay-state.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { putKey, removeKey } from '../../helpers/written-keys.js'

const OPTIONS: StatsOptions = { delimiter: Buffer.from(':'), depth: 1, top: 5, capacity: 1000 }

async function statsOf(options: Partial<StatsOptions> = {}): Promise<LogStats> {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  const put = async (command: number, ...args: [name: string, value: string, ttlMs?: number]): Promise<void> => {
    keyspace.command = command
    await putKey(keyspace, ...args)
    await log.flush()
  }
  for (let i = 0; i < 30; i++) await put(16, 'user:1:name', `${i}`)
  for (let i = 0; i < 20; i++) await put(16, `user:${i}:mail`, 'm'.repeat(100))
  await put(17, 'job:1', 'j'.repeat(5000), 1000)
  await put(17, 'plain', 'p')
  keyspace.command = 21
  await removeKey(keyspace, 'user:3:mail')
  keyspace.clear()
  await put(16, 'user:1:name', 'last')
  await log.close()
  const snapshot = await LogSnapshot.take(disk)
  const made = await withState(snapshot, keyspace.now, (_log, found) =>
    logStats(snapshot, found, { ...OPTIONS, ...options }),
  )
  await snapshot.close()
  return made
}

test('by kind and by command, live and dead', async () => {
  const { total, tombstones, byKind, byCommand, segments } = await statsOf()
  assert.deepEqual([total.count, total.liveCount, tombstones.count], [56, 1, 2])
  const counts = [KIND.string, KIND.expiry, KIND.floor].map((kind) => byKind.get(kind)!.count)
  assert.deepEqual(counts, [54, 1, 1])
  assert.deepEqual(
    [...byCommand].map(([code, { count, liveCount }]) => [code, count, liveCount]),
    [
      [16, 51, 1],
      [17, 3, 0],
      [21, 2, 0],
    ],
  )
  const sum = (of: (it: { count: number; size: number }) => number): number =>
    [...byKind.values()].reduce((all, it) => all + of(it), 0)
  assert.deepEqual([sum((it) => it.count), sum((it) => it.size)], [total.count, total.size])
  assert.equal(
    segments.reduce((all, it) => all + it.liveCount, 0),
    1,
  )
})

test('by prefix, as deep as one likes, with any delimiter; keys without one are together', async () => {
  const prefixes = async (options: Partial<StatsOptions>): Promise<unknown> =>
    (await statsOf(options)).byPrefix.list.map(({ item }) => [item.latin1, item.share.count, item.share.liveCount])
  assert.deepEqual(await prefixes({}), [
    ['job:', 2, 0],
    ['user:', 52, 1],
    ['', 1, 0],
  ])
  assert.deepEqual(await prefixes({ depth: 2, top: 2 }), [
    ['job:', 2, 0],
    ['user:1:', 32, 1],
  ])
  assert.deepEqual(await prefixes({ delimiter: Buffer.from(':1:na') }), [
    ['', 24, 0],
    ['user:1:na', 31, 1],
  ])
})

test('the heaviest keys by bytes and by number of records; of too many, with the error told', async () => {
  const { keysBySize, keysByCount } = await statsOf()
  assert.deepEqual([keysBySize.count, keysByCount.errorMax], [23, 0])
  assert.equal(keysBySize.list[0]!.item.latin1, 'job:1')
  assert.deepEqual(keysByCount.list[0], { item: { latin1: 'user:1:name', size: 11 }, weight: 31 })
  const rough = await statsOf({ capacity: 5 })
  assert.equal(rough.keysByCount.count, null)
  assert.equal(rough.keysByCount.list[0]!.item.latin1, 'user:1:name')
  const { weight } = rough.keysByCount.list[0]!
  assert.ok(weight <= 31 && weight + rough.keysByCount.errorMax >= 31)
})
