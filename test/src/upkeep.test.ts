import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Committer } from '../../src/commit/committer.js'
import { Upkeep } from '../../src/upkeep.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { openKeyspace } from '../helpers/memory-log.js'
import { until } from '../helpers/until.js'
import type { Log } from '../../segments/index.js'
import type { Keyspace } from '../../src/models/keyspace.js'

function put(keyspace: Keyspace, name: string, expireAt: number): void {
  const key = Buffer.from(name)
  keyspace.begin(200)
  keyspace.find(key, 0, key.length)
  keyspace.put(key, 0, key.length, key, 0, key.length, expireAt)
}

function upkeepOf(
  log: Log,
  keyspace: Keyspace,
  random = Math.random,
  onExpired = (): void => undefined,
): { upkeep: Upkeep; committer: Committer } {
  const committer = new Committer(log, (error) => {
    throw error
  })
  return { upkeep: new Upkeep(log, keyspace, committer, random, onExpired), committer }
}

test('expired keys are removed, cold ones too, and the removals are committed', async (t) => {
  let now = 1_700_000_000_000
  const options = { segmentSize: 8192, cacheSize: 3 * 8192, now: () => now }
  const { log, keyspace } = await openKeyspace(temporaryFolder(t), options)
  let drawn = 0
  const countsTold: number[] = []
  const { upkeep, committer } = upkeepOf(
    log,
    keyspace,
    () => {
      drawn++
      return Math.random()
    },
    () => countsTold.push(keyspace.count),
  )
  for (let i = 0; i < 1000; i++) {
    put(keyspace, `key:${i}`, i % 10 === 0 ? 0 : now + 1000 + i)
    if (i % 50 === 0) await log.flush()
  }
  await log.flush()
  assert.ok(log.hasCold)
  upkeep.start()
  await until('it has looked at some', () => drawn >= 60)
  assert.equal(keyspace.count, 1000, 'their time has not come')
  now += 1500
  await until('those whose time has come are gone', () => keyspace.count < 1000 - 300)
  now += 100_000
  await until('all that expire are gone', () => keyspace.count === 100)
  await until('that is told', () => countsTold.at(-1) === 100)
  await upkeep.stop()
  await committer.drain()
  assert.equal(log.committedOffset, log.endOffset)
  assert.equal(keyspace.expiringCount, 0)
  await log.close()
})

test('everysec: what was committed becomes durable by itself; at rest the log vouches for it', async (t) => {
  const { log, keyspace } = await openKeyspace(temporaryFolder(t), { fsync: 'everysec' })
  const { upkeep, committer } = upkeepOf(log, keyspace)
  upkeep.start()
  put(keyspace, 'a', 0)
  committer.schedule()
  await until('it is committed', () => log.committedOffset === 1)
  const size = log.size
  await until('it is durable', () => log.durableOffset === 1)
  await until('the log vouches', () => log.size > size)
  await upkeep.stop()
  await log.close()
})

test('a log that takes no writes is let be', async (t) => {
  let now = 1_700_000_000_000
  const folder = temporaryFolder(t)
  const first = await openKeyspace(folder, { now: () => now })
  put(first.keyspace, 'a', now + 1000)
  await first.log.close()
  now += 10_000
  const { log, keyspace } = await openKeyspace(folder, { now: () => now, serveDamaged: true })
  let drawn = 0
  const { upkeep } = upkeepOf(log, keyspace, () => {
    drawn++
    return Math.random()
  })
  upkeep.start()
  // Twenty a beat: it has synced and vouched, too, if it were to.
  await until('more than ten beats are over', () => drawn >= 240)
  await upkeep.stop()
  assert.equal(keyspace.count, 1)
  keyspace.now = log.now()
  assert.ok(!keyspace.find(Buffer.from('a'), 0, 1), 'it is hidden all the same')
  await log.close()
})
