import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { tallySegments } from '../../../segments/index.js'
import { runLoaded } from '../../../src/models/cold.js'
import type { Keyspace } from '../../../src/models/keyspace.js'
import { untilReady } from '../../helpers/compactions.js'
import { applyKeyStep, keySteps } from '../../helpers/key-steps.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'

async function put(keyspace: Keyspace, name: string, expireAt: number): Promise<void> {
  const key = Buffer.from(name)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(200)
    keyspace.find(key, 0, key.length)
    keyspace.put(key, 0, key.length, key, 0, 0, expireAt)
  })
}

test('what is alive is counted as it is found record by record', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(...keySteps(40, [0, 0, 60_000])), { maxLength: 200 }), async (steps) => {
      const disk = new SimDisk({ isQuick: true })
      const { log, keyspace } = await openKeyspace(disk)
      keyspace.now = log.now()
      for (const [i, step] of steps.entries()) await applyKeyStep(keyspace, step, i)
      await log.flush()
      await untilReady(log)
      const tallies = await tallySegments(disk, log, keyspace.liveness)
      const counts = await keyspace.liveness.countLive(log.segments.map(({ number }) => number))
      assert.deepEqual(
        counts,
        tallies.map(({ liveCount }) => liveCount),
      )
      await log.close()
    }),
    { numRuns: 50 },
  )
})

test('keys of every table of the index are counted', async () => {
  const { log, keyspace } = await openKeyspace(new SimDisk({ isQuick: true }))
  keyspace.now = log.now()
  // So many that none of the 128 tables stays empty, whatever they hash to: that has a chance of 10^-11.
  const keyCount = 4000
  for (let i = 0; i < keyCount; i++) await put(keyspace, `key:${i}`, 0)
  await log.flush()
  const counts = await keyspace.liveness.countLive(log.segments.map(({ number }) => number))
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    keyCount,
  )
  await log.close()
})

async function remove(keyspace: Keyspace, name: string): Promise<void> {
  const key = Buffer.from(name)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(200)
    if (keyspace.find(key, 0, key.length)) keyspace.remove(key, 0, key.length)
  })
}

test('nothing that stays alive is missed while tables grow and shrink, and rows of expiries move', async () => {
  const { log, keyspace } = await openKeyspace(new SimDisk({ isQuick: true }), {
    segmentSize: 1 << 18,
    cacheSize: 1 << 26,
  })
  keyspace.now = log.now()
  const expireAt = keyspace.now + 60_000
  // Rows of the first are given up later, and the last ones move there.
  for (let i = 0; i < 6000; i++) await put(keyspace, `goes:${i}`, expireAt)
  await log.flush()
  const first = log.segments.length
  for (let i = 0; i < 12_000; i++) await put(keyspace, `stays:${i}`, i % 2 === 0 ? expireAt : 0)
  await log.flush()
  const numbers = log.segments.filter(({ sealed }, i) => sealed && i >= first).map(({ number }) => number)
  const before = await keyspace.liveness.countLive(numbers)
  assert.ok(before.length >= 1 && before.every((count) => count > 2000))
  let isOver = false
  const counting = keyspace.liveness.countLive(numbers).finally(() => (isOver = true))
  let turns = 0
  for (; !isOver; turns++) {
    for (let i = turns * 600; i < turns * 600 + 600; i++) {
      await remove(keyspace, `goes:${i}`)
      await put(keyspace, `comes:${i}`, 0)
    }
    await turn()
  }
  assert.ok(turns >= 6, `only ${turns} turns: little came between`)
  // A row that moves may be counted twice.
  const counted = await counting
  before.forEach((count, i) => {
    assert.ok(counted[i]! >= count, `${counted[i]} of ${count}`)
  })
  await log.close()
})
