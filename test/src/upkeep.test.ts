import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { Committer } from '../../src/commit/committer.js'
import { Upkeep } from '../../src/upkeep.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { openKeyspace } from '../helpers/memory-log.js'
import type { Log } from '../../segments/index.js'
import type { Keyspace } from '../../src/models/keyspace.js'

const WAIT_MS_MAX = 10_000

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX
  while (!holds()) {
    assert.ok(Date.now() < end, 'never')
    await sleep(10)
  }
}

function put(keyspace: Keyspace, name: string, expireAt: number): void {
  const key = Buffer.from(name)
  keyspace.begin(200)
  keyspace.find(key, 0, key.length)
  keyspace.put(key, 0, key.length, key, 0, key.length, expireAt)
}

function upkeepOf(log: Log, keyspace: Keyspace): { upkeep: Upkeep; committer: Committer } {
  const committer = new Committer(log, (error) => {
    throw error
  })
  return { upkeep: new Upkeep(log, keyspace, committer, Math.random), committer }
}

test('expired keys are removed, cold ones too, and the removals are committed', async (t) => {
  let now = 1_700_000_000_000
  const options = { segmentSize: 8192, cacheSize: 3 * 8192, now: () => now }
  const { log, keyspace } = await openKeyspace(temporaryFolder(t), options)
  const { upkeep, committer } = upkeepOf(log, keyspace)
  for (let i = 0; i < 1000; i++) {
    put(keyspace, `key:${i}`, i % 10 === 0 ? 0 : now + 1000 + i)
    if (i % 50 === 0) await log.flush()
  }
  await log.flush()
  assert.ok(log.hasCold)
  upkeep.start()
  await sleep(250)
  assert.equal(keyspace.count, 1000, 'their time has not come')
  now += 1500
  await until(() => keyspace.count < 1000 - 300)
  now += 100_000
  await until(() => keyspace.count === 100)
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
  await until(() => log.committedOffset === 1)
  const size = log.size
  await until(() => log.durableOffset === 1)
  await until(() => log.size > size)
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
  const { upkeep } = upkeepOf(log, keyspace)
  upkeep.start()
  await sleep(1300)
  await upkeep.stop()
  assert.equal(keyspace.count, 1)
  keyspace.now = log.now()
  assert.ok(!keyspace.find(Buffer.from('a'), 0, 1), 'it is hidden all the same')
  await log.close()
})
