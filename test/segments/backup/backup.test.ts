import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backupLog, type BackupOptions, type BackupReport } from '../../../segments/backup/backup.js'
import type { Disk } from '../../../segments/disk.js'
import { Log } from '../../../segments/log.js'
import { decodeManifest, encodeManifest, type Manifest } from '../../../segments/manifest.js'
import { MANIFEST_NAME, segmentName } from '../../../segments/names.js'
import { applyRepair, planRepair } from '../../../segments/repair.js'
import { verifyLog } from '../../../segments/verify.js'
import {
  backupOf,
  diskOf,
  emptyDisk,
  GrowingLog,
  heldBy,
  manifestOf,
  restored,
  WatchedDisk,
} from '../../helpers/backups.js'
import { isFlinError, logOptions, LogSession } from '../../helpers/log-session.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { withFlip } from '../../helpers/small-log.js'

/** Segments that a run wrote into a folder. */
function written(disk: SimDisk): string[] {
  return disk.trace.flatMap((call) => /^rename (\S+\.seg)\.tmp /.exec(call)?.[1] ?? [])
}

describe('what is in a backup', () => {
  test('all that was acknowledged; a second one copies only what was sealed since, and the active segment', async () => {
    const log = await GrowingLog.of(20)
    const disk = emptyDisk()
    const first = await backupLog(log.disk, disk, { now: () => 1000 })
    assert.equal(await heldBy(disk, [log.snapshot()]), 0)
    assert.deepEqual([first.madeAtMs, first.formerEndOffset, first.kept.count], [1000, null, 0])
    assert.deepEqual((await manifestOf(disk)).backup, {
      madeAtMs: 1000,
      endOffset: 20,
      tailSize: log.session.log.segments.at(-1)!.size,
    })
    await log.write('b', 15, 30)
    const before = disk.files()
    disk.trace.length = 0
    const second = await backupLog(log.disk, disk)
    assert.equal(await heldBy(disk, [log.snapshot()]), 0)
    const sealed = first.segmentCount - 1
    assert.deepEqual([second.formerEndOffset, second.kept.count, second.isRenewed], [20, sealed, false])
    assert.equal(second.copied.count, second.segmentCount - sealed)
    assert.equal(second.copied.size + second.kept.size, log.session.log.size)
    const kept = [...before.keys()].filter((name) => /-0000\.(seg|side)$/.test(name))
    assert.equal(kept.length, 2 * sealed)
    for (const name of kept)
      assert.ok(!disk.trace.some((call) => call.includes(` ${name}`) && !/^(open|size|read|close)/.test(call)))
  })

  test('every tool that reads a log reads it, and it is not opened for writing', async () => {
    const log = await GrowingLog.of(20)
    const disk = await backupOf(diskOf(log.snapshot()))
    const report = await verifyLog(disk)
    assert.deepEqual([report.verdict, report.findings, report.endOffset], ['intact', [], 20])
    const reader = await LogSession.open(disk, logOptions({ readOnly: true }), log.history)
    await reader.check(20)
    await reader.close()
    const before = disk.files()
    await assert.rejects(Log.openOn(disk, logOptions()), (error) => isFlinError(error, 'BAD_SETTING'))
    assert.deepEqual(disk.files(), before)
  })

  test('a log in which nothing was written yet, and one that has never been opened for writing', async () => {
    const log = await GrowingLog.begin()
    assert.equal((await restored(await backupOf(diskOf(log.snapshot())))).endOffset, 0)
    const disk = emptyDisk()
    await (await Log.openOn(disk, logOptions())).close()
    const backup = emptyDisk()
    await backupLog(disk, backup)
    assert.equal((await restored(backup)).endOffset, 0)
  })

  test('a batch that is being written does not count, and what stands before it does', async () => {
    const log = await GrowingLog.of(20)
    const { files, history } = log.snapshot()
    const { active } = log.session.log.appender
    files.get(active.name)!.write('half a batch', active.size)
    const disk = emptyDisk()
    const { endOffset } = await backupLog(SimDisk.of(files, { isQuick: true }), disk)
    assert.equal(endOffset, 20)
    assert.equal(await heldBy(disk, [{ files, history, endOffset }]), 0)
  })

  test('of a backup, another one is made in the same way', async () => {
    const log = await GrowingLog.of(20)
    const second = emptyDisk()
    await backupLog(await backupOf(diskOf(log.snapshot())), second)
    await log.write('b', 0, 9)
    await backupLog(await backupOf(diskOf(log.snapshot())), second)
    assert.equal(await heldBy(second, [log.snapshot()]), 0)
  })

  test('what a run has left that did not end is used, if it is whole', async () => {
    const log = await GrowingLog.of(20)
    const whole = await backupOf(diskOf(log.snapshot()))
    const files = whole.files()
    files.delete(MANIFEST_NAME)
    files.set('backup.tmp', Buffer.alloc(0))
    const [first, second] = (await manifestOf(whole)).segments.map((it) => segmentName(it.baseOffset, it.generation))
    const left = SimDisk.of(withFlip(files, second!, 8000), { isQuick: true })
    const report = await backupLog(log.disk, left)
    assert.equal(report.kept.count, report.segmentCount - 2)
    assert.deepEqual(
      written(left).filter((name) => name === first || name === second),
      [second],
    )
    assert.equal(await heldBy(left, [log.snapshot()]), 0)
  })
})

describe('beside an owner that compacts', () => {
  /** Makes a backup while something happens before the n-th segment is opened; returns what it was at the beginning. */
  async function meanwhile(log: GrowingLog, n: number, job: () => Promise<void>): Promise<[SimDisk, number]> {
    const { endOffset } = log.session.log
    let opened = 0
    const source = new WatchedDisk(log.disk, async (name) => {
      if (name.endsWith('.seg') && ++opened === n) await job()
    })
    const disk = emptyDisk()
    await backupLog(source, disk)
    return [disk, endOffset]
  }

  for (const n of [1, 2, 3, 5]) {
    test(`segments are rewritten and removed before segment ${n} is opened`, async () => {
      const log = await GrowingLog.of(20)
      await log.write('b', 0, 20)
      const [disk, atLeast] = await meanwhile(log, n, async () => {
        await log.write('c', 0, 15)
        await log.session.compact()
      })
      const { endOffset, state } = await restored(disk)
      assert.ok(endOffset >= atLeast)
      assert.deepEqual(state, log.history.stateAt(endOffset))
    })
  }

  test('the log gets another owner, and an epoch that the manifest did not know, before the active segment is read', async () => {
    const log = await GrowingLog.of(20)
    await log.write('c', 0, 1) // the active segment has room
    const [disk, atLeast] = await meanwhile(log, 1, async () => {
      await log.session.close()
      await log.open()
      await log.write('d', 0, 1)
    })
    const { endOffset, state } = await restored(disk)
    assert.ok(endOffset >= atLeast)
    assert.deepEqual(state, log.history.stateAt(endOffset))
    assert.equal((await manifestOf(disk)).epochs.at(-1)![0], log.session.log.epoch)
  })

  test('a segment that the manifest names and that is not there is missing, however often one looks', async () => {
    const log = await GrowingLog.of(20)
    const { files } = log.snapshot()
    files.delete(segmentName(0, 0))
    const source = SimDisk.of(files, { isQuick: true })
    await assert.rejects(backupLog(source, emptyDisk()), (error) => isFlinError(error, 'LOG_CORRUPT'))
  })

  test('a log that is never the same twice ends it, in the end', async () => {
    const log = await GrowingLog.of(20)
    let isEnough = false
    const source = new WatchedDisk(log.disk, async (name) => {
      if (!name.endsWith('.seg') || isEnough) return
      isEnough = log.session.log.epoch > 500
      await log.write('e', 0, 16)
      await log.session.compact()
    })
    await assert.rejects(backupLog(source, emptyDisk()), (error) => isFlinError(error, 'BAD_SETTING'))
  })
})

describe('a damaged log', () => {
  test('its backup is refused, and the former one stays', async () => {
    const log = await GrowingLog.of(20)
    const disk = await backupOf(diskOf(log.snapshot()))
    const before = disk.files()
    await log.write('b', 10, 30)
    const { files } = log.snapshot()
    const sealed = log.session.log.segments.at(-2)!
    const { active } = log.session.log.appender
    for (const [name, at] of [
      [sealed.name, 900],
      [active.name, 100],
    ] as const) {
      const source = SimDisk.of(withFlip(files, name, at * 8), { isQuick: true })
      await assert.rejects(
        backupLog(source, disk),
        (error) => isFlinError(error, 'LOG_CORRUPT') && error.message.includes(name) && /offsets?/.test(error.message),
      )
      assert.equal(await heldBy(disk, [{ ...log.snapshot(), endOffset: 20 }]), 0)
    }
    assert.deepEqual(disk.files().get(MANIFEST_NAME), before.get(MANIFEST_NAME))
  })

  test('damage in what the backup has already does not hurt it', async () => {
    const log = await GrowingLog.of(20)
    const disk = await backupOf(diskOf(log.snapshot()))
    await log.write('b', 10, 12)
    const source = SimDisk.of(withFlip(log.disk.files(), segmentName(0, 0), 8000), { isQuick: true })
    await backupLog(source, disk)
    assert.equal(await heldBy(disk, [log.snapshot()]), 0)
  })
})

describe('what a backup cannot go into', () => {
  async function assertRefused(source: Disk, target: SimDisk, why: RegExp): Promise<void> {
    const before = target.files()
    await assert.rejects(
      backupLog(source, target),
      (error) => isFlinError(error, 'BAD_SETTING') && why.test(error.message),
    )
    assert.deepEqual(target.files(), before)
  }

  test('a folder with anything else in it, or a log, this one too', async () => {
    const log = await GrowingLog.of(20)
    const letters = SimDisk.of([['letter.txt', Buffer.from('x')]], { isQuick: true })
    await assertRefused(log.disk, letters, /not empty/)
    await assertRefused(log.disk, log.disk, /holds a log/)
  })

  test('a backup of another log', async () => {
    const other = await GrowingLog.begin(9)
    await assertRefused(
      (await GrowingLog.of(20)).disk,
      await backupOf(diskOf(other.snapshot())),
      /backup of the log 0909/,
    )
  })

  test('a backup of what came after: the log has been put back', async () => {
    const log = await GrowingLog.of(20)
    const old = log.snapshot()
    await log.session.close()
    await log.open()
    await assertRefused(diskOf(old), await backupOf(diskOf(log.snapshot())), /is older/)
  })

  test('a folder without a log has no backup', async () => {
    await assert.rejects(backupLog(emptyDisk(), emptyDisk()), (error) => isFlinError(error, 'BAD_SETTING'))
  })
})

describe('what is kept', () => {
  async function again(log: GrowingLog, disk: SimDisk, options: Partial<BackupOptions> = {}): Promise<BackupReport> {
    disk.trace.length = 0
    const report = await backupLog(log.disk, disk, options)
    assert.equal(await heldBy(disk, [log.snapshot()]), 0)
    return report
  }

  test('nothing, when compaction has dropped a tombstone behind the end of the backup', async () => {
    const log = await GrowingLog.of(20)
    const disk = await backupOf(diskOf(log.snapshot()))
    await log.remove(0, 10)
    await log.write('b', 30, 45)
    await log.session.compact()
    const { compactionHorizon } = log.session.log.manifest
    assert.ok(compactionHorizon >= 20)
    const renewed = await again(log, disk)
    assert.deepEqual([renewed.isRenewed, renewed.kept.count, renewed.formerEndOffset], [true, 0, 20])
    assert.equal(renewed.compactionHorizon, compactionHorizon)
    const next = await again(log, disk)
    assert.deepEqual([next.isRenewed, next.copied.count], [false, 1])
  })

  test('what is damaged is copied anew when it is looked at', async () => {
    const log = await GrowingLog.of(20)
    const whole = await backupOf(diskOf(log.snapshot()))
    const name = segmentName(0, 0)
    for (const files of [withFlip(whole.files(), name, 8000), new Map(whole.files())]) {
      if (files.get(name)!.equals(whole.files().get(name)!)) files.delete(name)
      const disk = SimDisk.of(files, { isQuick: true })
      await again(log, disk, { verify: true })
      assert.equal(written(disk).length, 2)
    }
  })

  test('a repaired segment has no digest any more, and is copied anew', async () => {
    const log = await GrowingLog.of(20)
    const whole = await backupOf(diskOf(log.snapshot()))
    const disk = SimDisk.of(withFlip(whole.files(), segmentName(0, 0), 8000), { isQuick: true })
    await applyRepair(disk, await planRepair(disk))
    assert.ok((await restored(disk)).state.size < 20, 'what is left of it can be restored')
    await again(log, disk)
  })
})

test('a manifest keeps what this Flin does not know of', () => {
  const manifest = { logId: '00', restores: [[5, 6]], backup: { madeAtMs: 1, endOffset: 2, tailSize: 3 } }
  assert.deepEqual(decodeManifest(encodeManifest(manifest as unknown as Manifest)), manifest)
})
