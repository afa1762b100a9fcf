import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runLoaded } from '../../src/models/cold.js'
import { stateDigest } from '../../src/models/digest.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { openKeyspace } from '../helpers/memory-log.js'

type Step =
  | { op: 'set'; key: number; size: number; ttl: number }
  | { op: 'del' | 'expire' | 'persist'; key: number }
  | { op: 'flush' | 'compact' | 'reopen' | 'clear' | 'later' }

const key = fc.integer({ min: 0, max: 12 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      op: fc.constant('set' as const),
      key,
      size: fc.integer({ min: 0, max: 1500 }),
      ttl: fc.constantFrom(0, 0, 0, 50, 100_000),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constantFrom('del' as const, 'expire' as const, 'persist' as const), key }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('flush' as const, 'compact' as const, 'later' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('reopen' as const, 'clear' as const) }) },
)

async function apply(keyspace: Keyspace, it: Step, count: number): Promise<void> {
  if (!('key' in it)) return
  const name = Buffer.from(`key:${it.key}`)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(4000)
    const found = keyspace.find(name, 0, name.length)
    if (it.op === 'set') {
      const value = Buffer.alloc(it.size, count)
      keyspace.put(name, 0, name.length, value, 0, value.length, it.ttl === 0 ? 0 : keyspace.now + it.ttl)
    } else if (found && it.op === 'del') keyspace.remove(name, 0, name.length)
    else if (found && it.op === 'expire') keyspace.expire(name, 0, name.length, keyspace.now + 1000)
    else if (found && keyspace.expireAt > 0) keyspace.persist(name, 0, name.length)
  })
}

test('digest(replay(compact(log))) = digest(replay(log)), at any point, reopened or not', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 150 }), async (steps) => {
      const compacted = temporaryFolder(t)
      const plain = temporaryFolder(t)
      let now = 1_700_000_000_000
      const options = { now: () => now, cacheSize: 3 * 8192 }
      let a = await openKeyspace(compacted, options)
      let b = await openKeyspace(plain, options)
      let count = 0
      for (const it of steps) {
        if (it.op === 'later') now += 60
        for (const { log, keyspace } of [a, b]) {
          keyspace.now = log.now()
          await apply(keyspace, it, count)
          if (it.op === 'clear') {
            keyspace.begin(100)
            keyspace.clear()
          }
          if (it.op === 'flush') await log.flush()
        }
        count++
        if (it.op === 'compact') {
          await a.log.flush()
          await a.log.compact(a.keyspace.liveness, () => a.log.flush())
        }
        if (it.op === 'reopen') {
          await a.log.close()
          await b.log.close()
          a = await openKeyspace(compacted, options)
          b = await openKeyspace(plain, options)
        }
      }
      assert.equal(await stateDigest(a.keyspace), await stateDigest(b.keyspace))
      await a.log.close()
      await b.log.close()
      a = await openKeyspace(compacted, options)
      b = await openKeyspace(plain, options)
      assert.equal(await stateDigest(a.keyspace), await stateDigest(b.keyspace))
      await a.log.close()
      await b.log.close()
    }),
    { numRuns: 40 },
  )
})

test('compaction takes what is dead and keeps what is alive', async (t) => {
  const folder = temporaryFolder(t)
  const { log, keyspace } = await openKeyspace(folder)
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 10; i++) await apply(keyspace, { op: 'set', key: i, size: 500, ttl: 0 }, round)
    await log.flush()
  }
  await log.flush()
  const before = await stateDigest(keyspace)
  const result = await log.compact(keyspace.liveness, () => log.flush())
  assert.ok(result.sizeBefore > 60_000, String(result.sizeBefore))
  assert.ok(result.sizeAfter < 12_000, String(result.sizeAfter))
  assert.equal(await stateDigest(keyspace), before)
  await log.close()
})
