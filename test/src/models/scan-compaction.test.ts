import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { runLoaded } from '../../../src/models/cold.js'
import type { Keyspace } from '../../../src/models/keyspace.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { Random } from '../../helpers/random.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { WeakHasher } from '../../helpers/weak-hasher.js'

const STAYING = 60
const COMING = 400

async function put(keyspace: Keyspace, name: string, size: number): Promise<void> {
  const key = Buffer.from(name)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(4000)
    keyspace.find(key, 0, key.length)
    keyspace.put(key, 0, key.length, Buffer.alloc(size, name), 0, size, 0)
  })
}

async function remove(keyspace: Keyspace, name: string): Promise<void> {
  const key = Buffer.from(name)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(4000)
    if (keyspace.find(key, 0, key.length)) keyspace.remove(key, 0, key.length)
  })
}

for (const [name, options] of [
  ['', {}],
  [', while keys collide', { keyHasher: (seed0: number, seed1: number) => new WeakHasher(seed0, seed1) }],
] as const) {
  test(`SCAN brings what stays exactly once, whatever comes and goes, while compaction moves it${name}`, async () => {
    let moved = 0
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 15 }), async (seed, count) => {
        const random = new Random(seed)
        const { log, keyspace } = await openKeyspace(new SimDisk({ isQuick: true }), options)
        // One at a time, as the committer has it.
        let flushing = Promise.resolve()
        const flush = (): Promise<void> => (flushing = flushing.then(() => log.flush()))
        // Staying keys lie among others that soon are dead, so that every segment is worth rewriting.
        for (let i = 0; i < STAYING; i++) {
          await put(keyspace, `stays:${i}`, 100)
          for (let j = 0; j < 3; j++) await put(keyspace, `fleeting:${j}`, 300)
          await flush()
        }
        const seen = new Map<string, number>()
        let compacting = 0
        let cursor = 0
        do {
          // It runs in turns of its own, beside the walk.
          if (compacting === 0 && random.chance(0.5)) {
            compacting++
            void log
              .compact(keyspace.liveness, () => flush())
              .then(({ sizeBefore, sizeAfter }) => {
                if (sizeAfter < sizeBefore) moved++
                compacting--
              })
          }
          const found: string[] = []
          cursor = await runLoaded(log, () => {
            found.length = 0
            return keyspace.walks.scan(cursor, count, (bytes, start, end) =>
              found.push(bytes.toString('latin1', start, end)),
            )
          })
          for (const key of found) seen.set(key, (seen.get(key) ?? 0) + 1)
          // Few, or so many that tables grow and shrink.
          const change = random.chance(0.1) ? COMING : random.below(5)
          for (let i = 0; i < change; i++) {
            const key = `comes:${random.below(COMING)}`
            if (random.chance(0.5)) await put(keyspace, key, random.below(200))
            else await remove(keyspace, key)
          }
          if (random.chance(0.3)) await put(keyspace, `stays:${random.below(STAYING)}`, random.below(200))
          await flush()
          await turn()
        } while (cursor !== 0)
        while (compacting > 0) await turn()
        for (let i = 0; i < STAYING; i++) assert.equal(seen.get(`stays:${i}`), 1, `stays:${i}`)
        await log.close()
      }),
      { numRuns: 15 },
    )
    assert.ok(moved > 5, `${moved} compactions moved records`)
  })
}
