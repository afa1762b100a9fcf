import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backupLog } from '../../../segments/backup/backup.js'
import { EPOCH_LEAP, restoreLog } from '../../../segments/backup/restore.js'
import { MANIFEST_NAME, segmentName } from '../../../segments/names.js'
import { verifyLog } from '../../../segments/verify.js'
import { backupOf, emptyDisk, GrowingLog, manifestOf } from '../../helpers/backups.js'
import { isFlinError, logOptions, LogSession } from '../../helpers/log-session.js'
import { valueFor } from '../../helpers/log-workload.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { type Files, withFile, withFlip } from '../../helpers/small-log.js'

describe('a restored log', () => {
  test('holds what the backup did, takes writes, and is a log like others', async () => {
    const log = await GrowingLog.of(18)
    const disk = emptyDisk()
    const report = await restoreLog(await backupOf(log.disk), disk)
    assert.deepEqual([report.endOffset, report.startOffset], [18, 0])
    const manifest = await manifestOf(disk)
    assert.ok(manifest.backup === undefined && manifest.segments.every(({ digest }) => digest === undefined))
    assert.deepEqual(manifest.segments.at(-1)!.generation, 0)
    const session = await LogSession.open(disk, logOptions(), log.history.cutAt(18))
    await session.check(18)
    for (let i = 0; i < 12; i++) {
      await session.put(`key${i}`, valueFor(`after-${i}`, 800))
      await session.flush()
    }
    await session.check(30)
    await session.close()
    assert.equal((await verifyLog(disk)).verdict, 'intact')
  })

  test('goes on in an epoch that neither the original nor another restored one ever has', async () => {
    const log = await GrowingLog.of(18)
    const backup = await backupOf(log.disk)
    let seed = 1
    const randomBytes = (size: number): Buffer => Buffer.alloc(size, seed++)
    const epochs: number[] = []
    for (let i = 0; i < 2; i++) {
      const disk = emptyDisk()
      const { epoch } = await restoreLog(backup, disk, { randomBytes })
      const session = await LogSession.open(disk, logOptions(), log.history.cutAt(18))
      assert.equal(session.log.epoch, epoch + 1)
      await session.put('key0', valueFor('restored'))
      await session.close()
      const { epochs: table, restores } = await manifestOf(disk)
      assert.deepEqual(restores, [[epoch, 18]])
      // What the original has written in its epoch behind the backup is not in the table: such a place leads nowhere.
      assert.deepEqual(table, [
        [1, 0],
        [epoch + 1, 18],
      ])
      epochs.push(epoch)
    }
    assert.ok(epochs.every((epoch) => epoch >= 1 + EPOCH_LEAP && epoch < 2 + 2 * EPOCH_LEAP))
    assert.notEqual(epochs[0], epochs[1])
  })

  test('can be backed up into the backup that it came from, and not into one that has more', async () => {
    const log = await GrowingLog.of(18)
    const backup = await backupOf(log.disk)
    await log.write('b', 0, 8)
    const later = await backupOf(log.disk)
    const disk = emptyDisk()
    await restoreLog(backup, disk)
    const session = await LogSession.open(disk, logOptions(), log.history.cutAt(18))
    await session.put('key0', valueFor('restored'))
    await session.close()
    await assert.rejects(
      backupLog(disk, later),
      (error) => isFlinError(error, 'BAD_SETTING') && /restored/.test(error.message),
    )
    const { kept, endOffset } = await backupLog(disk, backup)
    assert.ok(kept.count > 0)
    assert.equal(endOffset, 19)
    // The original has not got what the restored one has written.
    await assert.rejects(backupLog(log.disk, backup), (error) => isFlinError(error, 'BAD_SETTING'))
  })
})

describe('a damaged backup', () => {
  async function assertCorrupt(files: Files, what: string): Promise<void> {
    const disk = emptyDisk()
    await assert.rejects(
      restoreLog(SimDisk.of(files, { isQuick: true }), disk),
      (error) => isFlinError(error, 'LOG_CORRUPT'),
      what,
    )
    assert.ok(!(await disk.list()).includes(MANIFEST_NAME), what)
    const report = await verifyLog(SimDisk.of(files, { isQuick: true })).catch(() => null)
    assert.ok(report === null || report.verdict === 'corrupt', `verify: ${what}`)
  }

  test('is not restored: a bit of any segment or of the manifest, a file too short or missing', async () => {
    const log = await GrowingLog.of(18)
    const files = (await backupOf(log.disk)).files()
    for (const [name, bytes] of files) {
      if (!/\.seg$|MANIFEST/.test(name)) continue
      for (let bit = 5; bit < bytes.length * 8; bit += 4001)
        await assertCorrupt(withFlip(files, name, bit), `${name} ${bit}`)
      await assertCorrupt(withFile(files, name, bytes.subarray(0, bytes.length - 8)), `${name} too short`)
      if (name !== MANIFEST_NAME) await assertCorrupt(withFile(files, name, null), `${name} missing`)
    }
  })

  test('is not restored when batches are missing at its end, though all others are intact', async () => {
    const log = await GrowingLog.of(18)
    const backup = await backupOf(log.disk)
    const files = backup.files()
    const { baseOffset, generation } = (await manifestOf(backup)).segments.at(-1)!
    const name = segmentName(baseOffset, generation)
    const half = files.get(name)!.length / 2
    await assertCorrupt(withFile(files, name, files.get(name)!.subarray(0, half)), 'cut at a batch')
    await assertCorrupt(withFile(files, name, Buffer.alloc(0)), 'empty')
  })

  test('is restored without its side files, whatever has become of them', async () => {
    const log = await GrowingLog.of(18)
    const backup = await backupOf(log.disk)
    const side = segmentName(0, 0).replace('.seg', '.side')
    for (const files of [withFlip(backup.files(), side, 1000), withFile(backup.files(), side, null)]) {
      const disk = emptyDisk()
      await restoreLog(SimDisk.of(files, { isQuick: true }), disk)
      assert.ok(!(await disk.list()).includes(side))
      const session = await LogSession.open(disk, logOptions(), log.history.cutAt(18))
      await session.check(18)
      await session.close()
    }
  })
})

describe('what is not restored', () => {
  test('a log, and a folder without one', async () => {
    for (const disk of [(await GrowingLog.of(18)).disk, emptyDisk()]) {
      await assert.rejects(restoreLog(disk, emptyDisk()), (error) => isFlinError(error, 'BAD_SETTING'))
    }
  })

  test('anything into a folder that is not empty', async () => {
    const log = await GrowingLog.of(18)
    const backup = await backupOf(log.disk)
    const targets = [
      log.disk,
      backup,
      SimDisk.of([['letter.txt', Buffer.from('x')]]),
      SimDisk.of([[segmentName(0, 0), Buffer.from('x')]]),
    ]
    for (const target of targets) {
      const before = target.files()
      await assert.rejects(restoreLog(backup, target), (error) => isFlinError(error, 'BAD_SETTING'))
      assert.deepEqual(target.files(), before)
    }
  })
})
