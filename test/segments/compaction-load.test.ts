import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { Disk, Log, LogOptions } from '../../segments/index.js'
import { stateDigest } from '../../src/models/digest.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { apart } from '../helpers/apart.js'
import { Commits, runAt, untilReady } from '../helpers/compactions.js'
import { applyKeyStep, keySteps, type KeyStep } from '../helpers/key-steps.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { openKeyspace } from '../helpers/memory-log.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { WeakHasher } from '../helpers/weak-hasher.js'

const { test } = apart(import.meta.url)

type Step =
  | KeyStep
  | { op: 'compact'; share: number; length: number }
  | { op: 'all' | 'best' | 'flush' | 'wait' | 'reopen' | 'clear' }

fc.configureGlobal({ endOnFailure: process.env['FLIN_NO_SHRINKING'] === '1' })

const step: fc.Arbitrary<Step> = fc.oneof(
  ...keySteps(30, [0, 0, 0, 100_000]),
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('compact' as const),
      share: fc.double({ min: 0, max: 0.99, noNaN: true }),
      length: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constantFrom('all' as const, 'best' as const, 'flush' as const, 'wait' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('reopen' as const, 'clear' as const) }) },
)

/** One of the two logs that are compared. */
class Side {
  readonly #place: string | Disk
  readonly #options: Partial<LogOptions>
  log!: Log
  keyspace!: Keyspace
  commits!: Commits
  #compacting: Promise<unknown> | null = null

  constructor(place: string | Disk, options: Partial<LogOptions>) {
    this.#place = place
    this.#options = options
  }

  async open(): Promise<this> {
    const { log, keyspace } = await openKeyspace(this.#place, this.#options)
    this.log = log
    this.keyspace = keyspace
    this.commits = new Commits(log)
    return this
  }

  async apply(it: Step, count: number): Promise<void> {
    const { keyspace } = this
    if (it.op === 'clear') {
      keyspace.begin(100)
      keyspace.clear()
    }
    if (it.op === 'flush') await this.commits.flush()
    if (it.op === 'reopen') {
      await this.close()
      await this.open()
    }
    if ('key' in it) await applyKeyStep(keyspace, it, count)
  }

  /** Begins a compaction, which goes on beside what follows; one at a time. */
  compact(it: Step): void {
    if (this.#compacting !== null) return
    const { log, commits, keyspace } = this
    const { liveness } = keyspace
    const job =
      it.op === 'compact'
        ? log.compactNext(liveness, commits.durable, false, runAt(it.share, it.length))
        : it.op === 'all'
          ? log.compact(liveness, commits.durable)
          : log.compactNext(liveness, commits.durable, true)
    this.#compacting = job.finally(() => (this.#compacting = null))
  }

  async settle(): Promise<void> {
    await this.#compacting
  }

  async close(): Promise<void> {
    await this.settle()
    await this.commits.flush()
    await this.log.close()
  }
}

async function checkEqual(a: Side, b: Side): Promise<void> {
  assert.equal(await stateDigest(a.keyspace), await stateDigest(b.keyspace))
}

async function compare(a: Side, b: Side, steps: readonly Step[]): Promise<void> {
  await a.open()
  await b.open()
  for (const [count, it] of steps.entries()) {
    if (it.op === 'compact' || it.op === 'all' || it.op === 'best') {
      // While it runs, what it has judged goes on changing.
      if (count % 3 > 0) await untilReady(a.log)
      a.compact(it)
    }
    if (it.op === 'wait') await a.settle()
    await a.apply(it, count)
    await b.apply(it, count)
    for (let i = count % 7; i > 0; i--) await turn()
  }
  await checkEqual(a, b)
  for (let i = 0; i < 2; i++) {
    for (const side of [a, b]) {
      await side.close()
      await side.open()
    }
    await checkEqual(a, b)
  }
  await a.close()
  await b.close()
}

const steps = fc.array(step, { minLength: 40, maxLength: 160, size: 'max' })
const HASHERS: readonly [name: string, options: Partial<LogOptions>][] = [
  ['', {}],
  [', while keys collide', { keyHasher: (seed0, seed1) => new WeakHasher(seed0, seed1) }],
]
for (const [name, options] of HASHERS) {
  test(`digest of a log that is compacted in runs, at any point and while it is written, is that of one that is not${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (steps, seed) => {
        const all = { cacheSize: 3 * 8192, ...options }
        await compare(new Side(new SimDisk({ seed }), all), new Side(new SimDisk({ isQuick: true }), all), steps)
      }),
      { numRuns: Number(process.env['FLIN_COMPACTIONS'] ?? 60) },
    )
  })
}

test('digest is the same when a thread of its own does the work, on a real disk', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const options = { cacheSize: 3 * 8192, fsync: 'no' as const }
      await compare(new Side(temporaryFolder(t), options), new Side(new SimDisk({ isQuick: true }), options), steps)
    }),
    { numRuns: 5 },
  )
})

test('digest is the same in memory', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const steps = given.filter(({ op }) => op !== 'reopen')
      const options = { memorySizeMax: 1 << 24 }
      const a = await new Side('', options).open()
      const b = await new Side('', options).open()
      for (const [count, it] of steps.entries()) {
        if (it.op === 'compact' || it.op === 'all' || it.op === 'best') a.compact(it)
        if (it.op === 'wait') await a.settle()
        await a.apply(it, count)
        await b.apply(it, count)
      }
      await checkEqual(a, b)
      await a.close()
      await b.close()
    }),
    { numRuns: 20 },
  )
})
