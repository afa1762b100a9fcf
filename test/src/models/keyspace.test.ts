import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { LogOptions } from '../../../segments/index.js'
import { KEY_COUNT, playAll, type Step } from '../../helpers/keyspace-player.js'
import { WeakHasher } from '../../helpers/weak-hasher.js'

/** Lives of a keyspace that are tried; for longer runs. */
const RUNS = Number(process.env['FLIN_KEYSPACE_RUNS'] ?? 60)

// Whoever only wants to know that it fails need not wait for the shortest way to it.
fc.configureGlobal({ endOnFailure: process.env['FLIN_NO_SHRINKING'] === '1' })

const key = fc.integer({ min: 0, max: KEY_COUNT - 1 })
const ttlMs = fc.constantFrom(1, 50, 100, 1000, 100_000)
const op = <T extends Step['op']>(...ops: T[]) => fc.record({ op: fc.constantFrom(...ops) })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      op: fc.constant('set' as const),
      key,
      size: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 1500 })),
      ttlMs: fc.oneof(fc.constant(0), ttlMs),
    }),
  },
  { weight: 12, arbitrary: fc.record({ op: fc.constantFrom('del' as const, 'get' as const), key }) },
  { weight: 8, arbitrary: fc.record({ op: fc.constantFrom('keepTtl' as const, 'persist' as const), key }) },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('expire' as const), key, ttlMs: fc.oneof(fc.constant(0), ttlMs) }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('watch' as const), key }) },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('clock' as const), byMs: fc.constantFrom(1, 60, 150, -70, -5000) }),
  },
  { weight: 15, arbitrary: op('flush', 'compact', 'scan', 'unwatch', 'sample') },
  { weight: 2, arbitrary: op('clear', 'compare') },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('reopen' as const),
      handing: fc.constantFrom('once' as const, 'each twice' as const, 'all twice' as const),
      losing: fc.constantFrom(0, 0.5, 1),
    }),
  },
)

describe('a keyspace does what a map with a clock does, whatever happens to its log', () => {
  const cases: readonly [name: string, options: Partial<LogOptions>][] = [
    ['', {}],
    [', while keys collide', { segmentSize: 12_288, keyHasher: (seed0, seed1) => new WeakHasher(seed0, seed1) }],
    [', with all in memory', { cacheSize: 1 << 20 }],
  ]
  for (const [name, options] of cases) {
    test(`restarts, compactions, lost side files and a clock set back${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 160, size: 'max' }), (steps) =>
          playAll(steps, options),
        ),
        { numRuns: RUNS },
      )
    })
  }
})
