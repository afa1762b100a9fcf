import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { segmentName } from '../../segments/names.js'
import type { FsyncPolicy } from '../../segments/options.js'
import { apart } from '../helpers/apart.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { History } from '../helpers/log-history.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor, Workload } from '../helpers/log-workload.js'
import { Random } from '../helpers/random.js'
import { type FaultKind, SimDisk } from '../helpers/sim-disk.js'

const { before, describe, test } = apart(import.meta.url)

/** For longer runs: endings tried at each call; from 4 on every call is tried instead of each second to fifth, in more lives. */
const SEEDS = Number(process.env['FLIN_CRASH_SEEDS'] ?? 1)
const WORKLOADS = Math.max(1, Math.floor(SEEDS / 4))
const HANGS_AFTER_TURNS = 50_000

type Life = 'run' | 'runCompacting'
const LIVES: readonly [name: string, life: Life][] = [
  ['plain', 'run'],
  ['compacting', 'runCompacting'],
]

before(() => {
  mock.timers.enable({ apis: ['setTimeout'] })
})

type Ending = 'power cut' | 'kill'

/** What is left of the disk of a process that ended so. */
function leftBy(ending: Ending, disk: SimDisk, seed: number, stopAt?: number): SimDisk {
  const options = stopAt === undefined ? {} : { stopAt }
  return ending === 'kill' ? disk.kill(seed, options) : disk.crash(seed, options)
}

/** Records that must be found after the workload's process ended in this way. */
function owed(workload: Workload, ending: Ending): number {
  const { history, session } = workload
  const { committedOffset = 0, durableOffset = 0, fsync } = session?.log ?? {}
  // What is committed may have been told, by replies or to subscribers. Only `always` promises that against a power cut.
  const told = Math.max(history.acknowledged, committedOffset)
  return ending === 'kill' || fsync === 'always' ? told : durableOffset
}

/** Runs a workload until it ends, fails or its process dies; hands the failure back. */
async function live(workload: Workload, life: Life, disk: SimDisk): Promise<unknown> {
  let isOver = false
  let failure: unknown = null
  const over = (error: unknown): void => {
    isOver = true
    failure = error
  }
  workload[life]().then(() => over(null), over)
  void disk.stopped.then(() => over(null))
  for (let turns = 1; !isOver; turns++) {
    assert.ok(turns < HANGS_AFTER_TURNS, `hangs after ${disk.trace.slice(-5).join(', ')}`)
    await turn()
    if (turns % 40 === 0) mock.timers.tick(250) // who waits for space on the disk waits for time to pass
  }
  return failure
}

/** Counts the calls of a whole run: every one of them will be the last once. */
async function countCalls(life: Life, fsync: FsyncPolicy, seed: number): Promise<SimDisk> {
  const disk = new SimDisk({ seed })
  const workload = new Workload(disk, logOptions({ fsync }), new History(), seed)
  const failure = await live(workload, life, disk)
  if (failure !== null) throw new Error('a workload without faults failed', { cause: failure })
  assert.equal(disk.openCount, 0, 'files are left open')
  assert.equal(workload.history.acknowledged, workload.history.endOffset)
  return disk
}

/**
 * Opens what an ending left, with some recoveries that end the same way before they are done; checks what is found; writes
 * more, cuts the power, opens again and checks again: nothing told may be lost, and nothing cut may come back.
 */
async function recoverAndGoOn(
  dead: SimDisk,
  ending: Ending,
  fsync: FsyncPolicy,
  written: History,
  owes: number,
  seed: number,
) {
  const rng = new Random(seed)
  const history = written.cutAt(Infinity)
  let atLeast = owes
  let left = dead
  let i = 0
  for (; rng.chance(0.4); i++) {
    left = leftBy(ending, left, seed + i, 1 + rng.below(60))
    const recovery = LogSession.open(left, logOptions({ fsync }), history).then((opened) => opened.check(atLeast))
    atLeast = (await Promise.race([recovery, left.stopped])) ?? atLeast
  }
  left = leftBy(ending, left, seed + i)
  const session = await LogSession.open(left, logOptions({ fsync }), history)
  const found = await session.check(atLeast)
  session.history = history.cutAt(found)
  const count = rng.below(4)
  for (let n = 0; n < count; n++) {
    await session.put(`key${rng.below(12)}`, valueFor(`after${n}`))
    await session.flush()
  }
  if (rng.chance(0.3)) await session.log.vouch()
  // What was found has been told since: it is durable now, whatever ended the first process.
  const lastDisk = left.crash(seed, { isQuick: true })
  const last = await LogSession.open(lastDisk, logOptions({ fsync }), session.history)
  await last.check(fsync === 'always' ? session.history.endOffset : found)
  await last.close()
  const { segments } = last.log.manifest
  const named = segments.map(({ baseOffset, generation }) => segmentName(baseOffset, generation))
  const present = (await lastDisk.list()).filter((name) => name.endsWith('.seg'))
  assert.deepEqual(present.sort(), named.sort(), 'other segments are there than the manifest names')
}

describe('a process ends at every call', () => {
  const cases: readonly [fsync: FsyncPolicy, ending: Ending, step: number][] = [
    ['always', 'power cut', 2],
    ['always', 'kill', 5],
    ['everysec', 'power cut', 3],
    ['everysec', 'kill', 5],
    ['no', 'power cut', 5],
    ['no', 'kill', 5],
  ]
  for (const [name, life] of LIVES) {
    for (const [fsync, ending, step] of cases) {
      test(`${name}, ${fsync}, ${ending}`, async () => {
        for (let seed = 1; seed <= WORKLOADS; seed++) {
          const { calls, trace } = await countCalls(life, fsync, seed)
          for (let stopAt = 1 + (seed % step); stopAt <= calls; stopAt += SEEDS >= 4 ? 1 : step) {
            const disk = new SimDisk({ seed, stopAt })
            const workload = new Workload(disk, logOptions({ fsync }), new History(), seed)
            await live(workload, life, disk)
            assert.ok(disk.isStopped, 'two runs of one seed differ')
            for (let i = 0; i < SEEDS; i++) {
              const endSeed = stopAt * 1000 + i
              try {
                await recoverAndGoOn(disk, ending, fsync, workload.history, owed(workload, ending), endSeed)
              } catch (error) {
                const where = `${ending} in workload ${seed} at call ${stopAt} (${trace[stopAt - 1]!}), seed ${endSeed}`
                throw new Error(`${where}: ${String(error)}`, { cause: error })
              }
            }
          }
        }
      })
    }
  }
})

/** A log that has failed acknowledges nothing more and takes nothing more. */
async function checkPoisoned(session: LogSession): Promise<void> {
  const { acknowledged } = session.history
  await assert.rejects(session.put('key0', valueFor('late')), (error) => isFlinError(error, 'LOG_POISONED'))
  await assert.rejects(session.flush(), (error) => isFlinError(error, 'LOG_POISONED'))
  assert.equal(session.history.acknowledged, acknowledged)
}

test('what was cut as torn does not come back behind the next write', async () => {
  const options = logOptions({ fsync: 'no' })
  const disk = new SimDisk({ isQuick: true })
  const session = await LogSession.open(disk, options)
  const ends: number[] = []
  for (const name of ['a', 'b', 'c']) {
    await session.put(`key-${name}`, valueFor(name))
    await session.flush()
    ends.push(session.log.appender.active.size)
  }
  const { name } = session.log.appender.active
  const files = disk.files()
  files.get(name)![ends[0]! + 100]! ^= 1 // of three batches the second was not wholly written
  const torn = SimDisk.of(files, { isQuick: true })
  const second = await LogSession.open(torn, options, session.history.cutAt(1))
  await second.check(1)
  await second.put('key-d', valueFor('d'))
  await second.flush()
  assert.equal(second.log.appender.active.size, ends[1], 'it ends where the third begins')
  const third = await LogSession.open(torn.kill(1, { isQuick: true }), options, second.history)
  assert.equal(await third.check(2), 2)
  await third.close()
})

test('a sync that failed is not tried again: nothing counts as durable that was not before', async () => {
  const disk = new HeldDisk(new SimDisk())
  const session = await LogSession.open(disk, logOptions({ fsync: 'everysec' }))
  await session.put('key0', valueFor('synced'))
  await session.flush()
  await session.log.sync()
  await session.put('key0', valueFor('not synced'))
  await session.flush()
  disk.failNextSync('EIO')
  await assert.rejects(session.log.sync(), (error) => isFlinError(error, 'LOG_POISONED'))
  await session.log.sync() // the beat goes on, and does nothing
  assert.equal(session.log.durableOffset, 1)
  await checkPoisoned(session)
  await session.log.close()
  assert.equal(session.log.durableOffset, 1)
})

describe('every call fails once', () => {
  const cases: readonly [kind: FaultKind, fsync: FsyncPolicy, step: number][] = [
    ['EIO', 'always', 2],
    ['EIO', 'everysec', 3],
    ['ENOSPC', 'always', 3],
    ['ENOSPC', 'everysec', 5],
    ['short', 'always', 2],
    ['short', 'everysec', 3],
  ]
  for (const [name, life] of LIVES) {
    for (const [kind, fsync, step] of cases) {
      test(`${name}, ${kind}, ${fsync}`, async () => {
        for (let seed = 1; seed <= WORKLOADS; seed++) {
          const { calls } = await countCalls(life, fsync, seed)
          for (let at = 1; at <= calls; at += SEEDS >= 4 ? 1 : step) {
            const disk = new SimDisk({ seed, fault: { at, kind } })
            const workload = new Workload(disk, logOptions({ fsync }), new History(), seed)
            const failure = await live(workload, life, disk)
            if (disk.faultedAt === 0) break
            const where = `${kind} in workload ${seed} at call ${disk.faultedAt} (${disk.trace[disk.faultedAt - 1]!})`
            at = disk.faultedAt
            try {
              const { session, history } = workload
              if (session !== null && session.log.poison !== null) await checkPoisoned(session)
              else if (failure === null) assert.equal(history.acknowledged, history.endOffset)
              const endings: Ending[] = SEEDS > 1 ? ['kill', 'power cut'] : [at % 2 === 0 ? 'kill' : 'power cut']
              for (const ending of endings) {
                await recoverAndGoOn(disk, ending, fsync, history, owed(workload, ending), at)
              }
            } catch (error) {
              throw new Error(`${where}: ${String(error)}`, { cause: error })
            }
          }
        }
      })
    }
  }
})
