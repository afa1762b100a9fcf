import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { type DiskFile, FlinError, type LogOptions, NullDisk, type OpenMode } from '../../segments/index.js'
import { parseSegmentName, segmentName } from '../../segments/names.js'
import { stateDigest } from '../../src/models/digest.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { applyKeyStep, keySteps, type KeyStep } from '../helpers/key-steps.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { openKeyspace } from '../helpers/memory-log.js'
import { SimDisk, type SimDiskOptions } from '../helpers/sim-disk.js'
import { TwinLogs } from '../helpers/twin-logs.js'
import { WeakHasher } from '../helpers/weak-hasher.js'

type Step = KeyStep | { op: 'flush' | 'compact' | 'reopen' | 'clear' | 'later' }

fc.configureGlobal({ endOnFailure: process.env['FLIN_NO_SHRINKING'] === '1' })

const step: fc.Arbitrary<Step> = fc.oneof(
  ...keySteps(12, [0, 0, 0, 50, 100_000]),
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('flush' as const, 'compact' as const, 'later' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('reopen' as const, 'clear' as const) }) },
)

const HASHERS: readonly [name: string, options: Partial<LogOptions>][] = [
  ['', {}],
  [', while keys collide', { keyHasher: (seed0, seed1) => new WeakHasher(seed0, seed1) }],
]
for (const [name, hasher] of HASHERS) {
  test(`digest(replay(compact(log))) = digest(replay(log)), at any point, reopened or not${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 150, size: 'max' }), async (steps) => {
        let now = 1_700_000_000_000
        const twins = await TwinLogs.open({ now: () => now, cacheSize: 3 * 8192, ...hasher })
        for (const it of steps) {
          if (it.op === 'later') now += 60
          await twins.apply(it)
          if (it.op === 'flush') await twins.flush()
          if (it.op === 'compact') {
            const { log, keyspace } = twins.first
            await log.flush()
            await log.compact(keyspace.liveness, () => log.flush())
          }
          if (it.op === 'reopen') await twins.reopen()
        }
        await twins.compare()
      }),
      { numRuns: 40 },
    )
  })
}

/** Twenty rounds over ten keys: nearly all of it is dead. */
async function writeRounds(keyspace: Keyspace): Promise<void> {
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 10; i++) await applyKeyStep(keyspace, { op: 'set', key: i, size: 500, ttl: 0 }, round)
    await keyspace.log.flush()
  }
  // Only what has its side file is rewritten.
  while (keyspace.log.segments.some((it) => it.sealed && it.columns !== null)) await turn()
}

test('it takes what is dead and keeps what is alive', async (t) => {
  const { log, keyspace } = await openKeyspace(temporaryFolder(t))
  await writeRounds(keyspace)
  const before = await stateDigest(keyspace)
  const result = await log.compact(keyspace.liveness, () => log.flush())
  assert.ok(result.sizeBefore > 60_000, String(result.sizeBefore))
  assert.ok(result.sizeAfter < 12_000, String(result.sizeAfter))
  assert.equal(await stateDigest(keyspace), before)
  await log.close()
})

test('in memory, too', async () => {
  const { log, keyspace } = await openKeyspace(new NullDisk(), { memorySizeMax: 1 << 20 })
  await writeRounds(keyspace)
  const before = await stateDigest(keyspace)
  const used = log.cacheUsedSize
  const result = await log.compact(keyspace.liveness, () => log.flush())
  assert.ok(result.sizeAfter < 12_000, String(result.sizeAfter))
  assert.ok(log.cacheUsedSize < used - 60_000, `${used} before, ${log.cacheUsedSize} after`)
  assert.equal(await stateDigest(keyspace), before)
  await log.close()
})

test('what was cached of the old generation is forgotten: its numbers may name other segments one day', async () => {
  const disk = new SimDisk({ isQuick: true })
  const first = await openKeyspace(disk)
  await writeRounds(first.keyspace)
  await first.log.close()
  const { log, keyspace } = await openKeyspace(disk) // everything sealed is cold now
  await stateDigest(keyspace)
  await log.compact(keyspace.liveness, () => log.flush())
  assert.equal(log.cacheUsedSize, log.segments.at(-1)!.memory!.length)
  await stateDigest(keyspace)
  assert.ok(log.cacheUsedSize > log.segments.at(-1)!.memory!.length)
  await log.close()
})

/** A disk on which the nth file of a later generation finds no space. */
class FullDisk extends SimDisk {
  filesLeft = Infinity
  rewrittenFiles = 0

  override open(name: string, mode: OpenMode): Promise<DiskFile> {
    if (mode.create === true && isRewritten(name)) {
      this.rewrittenFiles++
      if (this.filesLeft-- === 0)
        return Promise.reject(Object.assign(new Error('ENOSPC: simulated'), { code: 'ENOSPC' }))
    }
    return super.open(name, mode)
  }
}

function isRewritten(name: string): boolean {
  return (parseSegmentName(name.replace(/side$/, 'seg'))?.generation ?? 0) > 0
}

test('a full disk leaves the log as it was, and nothing of what was begun', async () => {
  for (let n = 0; ; n++) {
    const disk = new FullDisk({ isQuick: true })
    await writeAndClose(disk)
    const { log, keyspace } = await openKeyspace(disk)
    const before = await stateDigest(keyspace)
    disk.filesLeft = n
    const failed = await log
      .compact(keyspace.liveness, () => log.flush())
      .then(
        () => null,
        (error: unknown) => error,
      )
    assert.equal(log.poison, null)
    assert.equal(await stateDigest(keyspace), before)
    const named = log.manifest.segments.map(({ baseOffset, generation }) => segmentName(baseOffset, generation))
    const present = (await disk.list()).filter((name) => name.endsWith('.seg')).sort()
    assert.deepEqual(present, named, 'files of a run that failed are left')
    if (failed !== null) {
      assert.match(failed instanceof Error ? failed.message : '', /ENOSPC/)
      disk.filesLeft = Infinity
      await log.compact(keyspace.liveness, () => log.flush())
    }
    assert.ok(log.size < 20_000, String(log.size))
    assert.equal(await stateDigest(keyspace), before)
    await log.close()
    if (failed === null) {
      assert.equal(disk.rewrittenFiles, n, 'each of them failed once')
      assert.ok(n >= 2)
      break
    }
  }
})

async function writeAndClose(disk: SimDisk): Promise<void> {
  const { log, keyspace } = await openKeyspace(disk)
  await writeRounds(keyspace)
  await log.close()
}

test('closing the log ends it, and it switches nothing afterwards', async () => {
  const disk = new SimDisk()
  await writeAndClose(disk)
  const { log, keyspace } = await openKeyspace(disk)
  const running = log.compact(keyspace.liveness, () => log.flush())
  const ended = assert.rejects(running, (error) => error instanceof FlinError && error.code === 'LOG_CLOSED')
  await log.close()
  const { calls } = disk
  await ended
  assert.equal(disk.calls, calls, 'it went on when the log was closed')
})

test('a manifest that outlives a power cut names no rewritten segment that does not', async () => {
  const compactOn = async (options: SimDiskOptions): Promise<SimDisk> => {
    const disk = new SimDisk({ isQuick: true, ...options })
    await writeAndClose(disk)
    const { log, keyspace } = await openKeyspace(disk)
    await Promise.race([log.compact(keyspace.liveness, () => log.flush()), disk.stopped])
    return disk
  }
  const { trace } = await compactOn({})
  const stopAt = trace.findLastIndex((call) => call.startsWith('rename MANIFEST')) + 1
  const stopped = await compactOn({ stopAt })
  const digests = new Set<string>()
  for (let seed = 0; seed < 40; seed++) {
    const { log, keyspace } = await openKeyspace(stopped.crash(seed, { isQuick: true }))
    digests.add(await stateDigest(keyspace))
    await log.close()
  }
  assert.equal(digests.size, 1)
})

test('the last batch of a segment may die, but not the log’s time', async () => {
  const inner = new SimDisk({ isQuick: true })
  const disk = new HeldDisk(inner)
  const began = 1_700_000_000_000
  let now = began
  const options = { now: () => now, segmentSize: 4096 }
  const { log, keyspace } = await openKeyspace(disk, options)
  await applyKeyStep(keyspace, { op: 'set', key: 1, size: 3000, ttl: 0 }, 1)
  await applyKeyStep(keyspace, { op: 'set', key: 2, size: 10, ttl: 0 }, 1)
  await log.flush()
  now += 5000
  await applyKeyStep(keyspace, { op: 'del', key: 2 }, 1)
  await log.flush()
  disk.hold()
  await applyKeyStep(keyspace, { op: 'set', key: 3, size: 3000, ttl: 0 }, 1)
  const flushed = log.flush()
  await disk.untilHeld(1)
  const left = inner.kill(1, { isQuick: true }) // the first segment is sealed, and nothing lies in the second
  disk.letAllGo()
  await flushed
  await log.close()

  now = began - 5000
  const second = await openKeyspace(left, options)
  const { recordsDropped } = await second.log.compact(second.keyspace.liveness, () => second.log.flush())
  assert.equal(recordsDropped, 2)
  await second.log.close()
  for (const name of await left.list()) if (name.endsWith('.side')) await left.remove(name)
  const third = await openKeyspace(left, options)
  assert.equal(third.log.now(), began + 5000)
  await third.log.close()
})
