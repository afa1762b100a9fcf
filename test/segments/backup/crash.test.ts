import assert from 'node:assert/strict'
import { backupLog } from '../../../segments/backup/backup.js'
import { restoreLog } from '../../../segments/backup/restore.js'
import { Log } from '../../../segments/log.js'
import { MANIFEST_NAME } from '../../../segments/names.js'
import { verifyLog } from '../../../segments/verify.js'
import { apart } from '../../helpers/apart.js'
import { backupOf, diskOf, endsOn, GrowingLog, heldBy, restored, type Snapshot } from '../../helpers/backups.js'
import { fasterTimers } from '../../helpers/faster-timers.js'
import { isFlinError, logOptions } from '../../helpers/log-session.js'
import { SimDisk } from '../../helpers/sim-disk.js'

const { describe, test } = apart(import.meta.url)

fasterTimers()

/** For longer runs: endings tried at each call; from 4 on every call is tried instead of each third or fifth. */
const SEEDS = Number(process.env['FLIN_CRASH_SEEDS'] ?? 1)

/** At a switch much depends on which of several names a power cut leaves. */
const SWITCH_SEEDS = 4 * SEEDS

type Ending = 'power cut' | 'kill'

function leftBy(ending: Ending, disk: SimDisk, seed: number): SimDisk {
  return ending === 'kill' ? disk.kill(seed, { isQuick: true }) : disk.crash(seed, { isQuick: true })
}

/** The same log three times: segments are sealed between the first two, and rewritten before the third. */
async function lifeOfALog(): Promise<[Snapshot, Snapshot, Snapshot]> {
  const log = await GrowingLog.begin()
  await log.write('a', 0, 12)
  const first = log.snapshot()
  await log.write('b', 8, 20)
  const second = log.snapshot()
  await log.write('c', 0, 16)
  await log.session.compact()
  await log.write('d', 0, 3)
  return [first, second, log.snapshot()]
}

/** The same log twice: what was written between lies in the segment that was active before. */
async function growingSegment(): Promise<[Snapshot, Snapshot]> {
  const log = await GrowingLog.begin()
  await log.write('a', 0, 9)
  const first = log.snapshot()
  await log.write('b', 9, 10)
  return [first, log.snapshot()]
}

/** Two logs that have everything in common but what was written: names stand for other bytes in each. */
async function twins(): Promise<[Snapshot, Snapshot]> {
  const snapshots: Snapshot[] = []
  for (const tag of ['one', 'two']) {
    const log = await GrowingLog.begin()
    await log.write(tag, 0, 16)
    snapshots.push(log.snapshot())
  }
  return [snapshots[0]!, snapshots[1]!]
}

/** A backup is brought from one snapshot to another, or made, and ends at every call: the one or the other is there, whole. */
async function endAtEveryCall(from: Snapshot | null, to: Snapshot, ending: Ending): Promise<void> {
  const step = SEEDS >= 4 ? 1 : ending === 'kill' ? 5 : 3
  const before = from === null ? new Map<string, Buffer>() : (await backupOf(diskOf(from))).files()
  const whole = SimDisk.of(before)
  await backupLog(diskOf(to), whole)
  const { calls, trace } = whole
  const snapshots = from === null ? [to] : [from, to]
  let heldBefore = 0
  for (let stopAt = 1; stopAt <= calls; stopAt++) {
    const isSwitch = /MANIFEST|syncFolder/.test(trace[stopAt - 1]!)
    if (!isSwitch && stopAt % step > 0) continue
    for (let i = 0; i < (isSwitch && ending === 'power cut' ? SWITCH_SEEDS : SEEDS); i++) {
      const disk = SimDisk.of(before, { seed: i, stopAt })
      const ended = await endsOn(disk, backupLog(diskOf(to), disk))
      assert.ok(!ended, 'two runs differ')
      const where = `call ${stopAt} (${disk.trace.at(-1)!}), seed ${i}`
      try {
        const left = leftBy(ending, disk, stopAt * 1000 + i)
        const names = await left.list()
        if (from !== null || names.includes(MANIFEST_NAME)) {
          if ((await heldBy(left, snapshots)) === 0) heldBefore++
          // It waits for what an owner may be removing.
          if (stopAt % 4 === 0) assert.equal((await verifyLog(left)).verdict, 'intact')
        } else if (names.length > 0) await assertNoLog(left)
        await backupLog(diskOf(to), left)
        assert.equal(await heldBy(left, [to]), 0)
        assert.equal((await left.list()).length, (await whole.list()).length, 'something else is left')
      } catch (error) {
        throw new Error(`${where}: ${String(error)}`, { cause: error })
      }
    }
  }
  assert.ok(heldBefore > 0)
}

/** What is not finished must not be taken for a log, nor for an empty folder. */
async function assertNoLog(disk: SimDisk): Promise<void> {
  const copy = SimDisk.of(disk.files(), { isQuick: true })
  await assert.rejects(Log.openOn(copy, logOptions()), (error) => isFlinError(error, 'LOG_CORRUPT'))
}

describe('a backup ends at its calls', () => {
  for (const ending of ['power cut', 'kill'] as const) {
    test(`the first one, ${ending}`, async () => {
      const [first] = await lifeOfALog()
      await endAtEveryCall(null, first, ending)
    })
    test(`a later one, ${ending}`, async () => {
      const [first, second] = await lifeOfALog()
      await endAtEveryCall(first, second, ending)
    })
    test(`one of a log whose active segment has grown, ${ending}`, async () => {
      const [first, second] = await growingSegment()
      await endAtEveryCall(first, second, ending)
    })
    test(`one of a log that has been compacted since, ${ending}`, async () => {
      const [, second, third] = await lifeOfALog()
      await endAtEveryCall(second, third, ending)
    })
    test(`one whose names stand for other bytes than before, ${ending}`, async () => {
      const [one, two] = await twins()
      await endAtEveryCall(one, two, ending)
    })
  }
})

test('calls of a backup fail: the former one stays, and the next run makes the new one', async () => {
  const [first, second] = await lifeOfALog()
  const before = (await backupOf(diskOf(first))).files()
  for (const kind of ['EIO', 'ENOSPC'] as const) {
    for (let at = 1; ; at += 2) {
      const disk = SimDisk.of(before, { fault: { at, kind }, isQuick: true })
      const outcome = await backupLog(diskOf(second), disk).then(
        () => null,
        (error: unknown) => error as NodeJS.ErrnoException,
      )
      if (disk.faultedAt === 0) break
      at = disk.faultedAt
      if (outcome !== null) assert.equal(outcome.code, kind, disk.trace[at - 1])
      assert.equal(disk.openCount, 0, `files are left open after ${disk.trace[at - 1]!}`)
      const left = disk.crash(at, { isQuick: true })
      const held = await heldBy(left, [first, second])
      if (outcome === null) assert.equal(held, 1)
      await backupLog(diskOf(second), left)
      assert.equal(await heldBy(left, [second]), 0)
    }
  }
})

describe('a restore ends at its calls', () => {
  for (const ending of ['power cut', 'kill'] as const) {
    test(ending, async () => {
      const [, second] = await lifeOfALog()
      const files = (await backupOf(diskOf(second))).files()
      const backup = (): SimDisk => SimDisk.of(files, { isQuick: true })
      const expected = await restored(backup())
      const whole = new SimDisk()
      await restoreLog(backup(), whole)
      for (let stopAt = 1; stopAt <= whole.calls; stopAt += SEEDS >= 4 ? 1 : 3) {
        const disk = new SimDisk({ stopAt, seed: stopAt })
        assert.ok(!(await endsOn(disk, restoreLog(backup(), disk))), 'two runs differ')
        const left = leftBy(ending, disk, stopAt)
        const names = await left.list()
        if (names.includes(MANIFEST_NAME)) {
          await assert.rejects(restoreLog(backup(), left), (error) => isFlinError(error, 'BAD_SETTING'))
        } else {
          if (names.length > 0) await assertNoLog(left)
          await restoreLog(backup(), left)
        }
        // Made a backup of again, it can be compared in the same way.
        const again = new SimDisk({ isQuick: true })
        await backupLog(left, again)
        assert.deepEqual(await restored(again), expected, `${ending} at call ${stopAt} (${disk.trace.at(-1)!})`)
      }
    })
  }
})
