import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { readBatches } from '../../segments/inspect.js'
import { Log } from '../../segments/log.js'
import { MANIFEST_NAME } from '../../segments/names.js'
import { decodeManifest } from '../../segments/manifest.js'
import type { LogOptions } from '../../segments/options.js'
import { History } from '../helpers/log-history.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { openKeyspace } from '../helpers/memory-log.js'
import { SimDisk } from '../helpers/sim-disk.js'

function quickDisk(): SimDisk {
  return new SimDisk({ isQuick: true })
}

function epochsOn(disk: SimDisk): readonly (readonly [number, number])[] {
  return decodeManifest(disk.files().get(MANIFEST_NAME)!).epochs
}

/** Epoch of each record, as the files have it. */
async function writtenEpochs(disk: SimDisk): Promise<number[]> {
  const epochs: number[] = []
  for await (const step of readBatches(disk)) {
    assert.ok(step.type === 'batch')
    for (let i = 0; i < step.header.count; i++) epochs.push(step.header.epoch)
  }
  return epochs
}

test('epochs rise by one at every open, and the manifest tells where each began that has written', async () => {
  let disk = quickDisk()
  const history = new History()
  const writes = [2, 0, 0, 3, 1, 0]
  const expected: [number, number][] = []
  const perRecord: number[] = []
  for (const [i, count] of writes.entries()) {
    const session = await LogSession.open(disk, logOptions(), history)
    const epoch = i + 1
    assert.equal(session.log.epoch, epoch)
    assert.deepEqual(epochsOn(disk), [...expected, [epoch, perRecord.length]])
    if (count > 0) expected.push([epoch, perRecord.length])
    for (let n = 0; n < count; n++) {
      await session.put(`key${n}`, valueFor(`${epoch}-${n}`))
      perRecord.push(epoch)
    }
    await session.flush()
    // Killed or closed: it makes no difference.
    if (i % 2 === 0) await session.close()
    else disk = disk.kill(i, { isQuick: true })
  }
  assert.deepEqual(await writtenEpochs(disk), perRecord)
})

test('who only reads raises no epoch', async () => {
  const disk = quickDisk()
  const session = await LogSession.open(disk, logOptions())
  await session.put('a', valueFor('a'))
  await session.close()
  const files = disk.files()
  for (const changes of [{ readOnly: true }, { serveDamaged: true }]) {
    const reader = await LogSession.open(disk, logOptions(changes), session.history)
    await reader.check(1)
    assert.throws(
      () => reader.log.appender.begin(10),
      (error) => isFlinError(error, 'LOG_READ_ONLY'),
    )
    assert.ok(!reader.log.isPending)
    await reader.log.flush()
    await reader.log.sync()
    await reader.log.vouch()
    await reader.close()
    assert.deepEqual(disk.files(), files)
  }
  await assert.rejects(LogSession.open(quickDisk(), logOptions({ readOnly: true })), (error) =>
    isFlinError(error, 'BAD_SETTING'),
  )
})

test('a log that was made and never written is read as empty', async () => {
  const disk = quickDisk()
  await Log.openOn(disk, logOptions())
  assert.deepEqual([...disk.files().keys()], [MANIFEST_NAME])
  const reader = await LogSession.open(disk, logOptions({ readOnly: true }))
  assert.deepEqual([await reader.check(0), await reader.read('a')], [0, null])
  await reader.close()
})

test('id and seeds are made once', async () => {
  const disk = quickDisk()
  const first = await Log.openOn(disk, logOptions())
  const second = await Log.openOn(disk, logOptions({ randomBytes: (size) => Buffer.alloc(size, 9) }))
  assert.equal(second.id, first.id)
  assert.match(first.id, /^[0-9a-f]{32}$/)
  const third = await Log.openOn(quickDisk(), logOptions({ randomBytes: (size) => Buffer.alloc(size, 9) }))
  assert.notEqual(third.id, first.id)
})

test('time never goes back: not behind the log, not across a restart, whatever the clock says', async () => {
  const disk = quickDisk()
  let clock = 1_000_000
  const options = logOptions({ now: () => clock })
  let session = await LogSession.open(disk, options)
  const times: number[] = []
  const write = async (time: number): Promise<void> => {
    clock = time
    await session.put('a', valueFor('a'))
    await session.flush()
    times.push(session.log.now())
  }
  await write(1_000_000)
  await write(500)
  await write(1_000_001)
  await session.close()
  session = await LogSession.open(disk, options)
  clock = 0
  assert.equal(session.log.now(), 1_000_001)
  await write(7)
  session.roll()
  await write(9)
  await session.close()
  session = await LogSession.open(disk, options)
  clock = 1
  assert.equal(session.log.now(), 1_000_001)
  await write(2_000_000)
  assert.deepEqual(times, [1_000_000, 1_000_000, 1_000_001, 1_000_001, 1_000_001, 2_000_000])
  const stamps: number[] = []
  for await (const step of readBatches(disk)) if (step.type === 'batch') stamps.push(step.header.timestampMs)
  assert.deepEqual(
    stamps,
    [...stamps].sort((a, b) => a - b),
  )
  await session.close()
})

test('a closed log takes nothing, tells so, and closes once', async () => {
  const disk = quickDisk()
  const session = await LogSession.open(disk, logOptions())
  await session.put('a', valueFor('a'))
  await session.close()
  assert.equal(session.log.durableOffset, 1, 'what was appended is committed at the end')
  assert.equal(disk.openCount, 0)
  const { calls } = disk
  await session.log.close()
  assert.equal(disk.calls, calls)
  assert.throws(
    () => session.log.appender.begin(10),
    (error) => isFlinError(error, 'LOG_CLOSED'),
  )
})

describe('settings', () => {
  for (const segmentSize of [0, 4095, 4096.5, 2 ** 32, NaN]) {
    test(`a segment size of ${segmentSize} is refused`, async () => {
      await assert.rejects(Log.openOn(quickDisk(), logOptions({ segmentSize })), (error) =>
        isFlinError(error, 'BAD_SETTING'),
      )
    })
  }
})

test('a folder has one owner; a reader needs not be it', async (t) => {
  const folder = path.join(temporaryFolder(t), 'made', 'by', 'it')
  const { log } = await openKeyspace(folder)
  await assert.rejects(openKeyspace(folder), (error) => isFlinError(error, 'FOLDER_LOCKED'))
  const reader = await openKeyspace(folder, { readOnly: true })
  await reader.log.close()
  await log.close()
  const next = await openKeyspace(folder)
  await next.log.close()
  // A start that fails lets the folder go.
  fs.writeFileSync(path.join(folder, MANIFEST_NAME), 'x')
  for (let i = 0; i < 2; i++) await assert.rejects(openKeyspace(folder), (error) => isFlinError(error, 'LOG_CORRUPT'))
})

describe('in memory only', () => {
  const memory: Partial<LogOptions> = { memorySizeMax: 40_000, segmentSize: 8192 }

  test('the bound is kept, what does not fit is refused, and what is there stays readable', async (t) => {
    const folder = path.join(temporaryFolder(t), 'none')
    const { log } = await openKeyspace(folder, memory)
    await log.close()
    assert.ok(!fs.existsSync(folder), 'a folder was made')
    const session = await LogSession.open(quickDisk(), logOptions(memory))
    let refused = 0
    for (let i = 0; i < 100; i++) {
      try {
        await session.put(`key${i}`, valueFor(`v${i}`, 700))
      } catch (error) {
        assert.ok(isFlinError(error, 'MEMORY_FULL'), String(error))
        refused++
      }
      await session.flush()
      assert.ok(session.log.cacheUsedSize <= 40_000 + 8192, `${session.log.cacheUsedSize} bytes`)
    }
    assert.ok(refused >= 50 && refused <= 62, `${refused} refused`)
    assert.equal(session.log.poison, null)
    assert.ok(session.log.segments.length > 3)
    // Nothing of it is ever read from a disk.
    assert.ok(!session.log.hasCold)
    await session.check(session.log.endOffset)
    await session.close()
  })

  test('one batch larger than all of the memory is refused, one larger than a segment is not', async () => {
    const session = await LogSession.open(quickDisk(), logOptions(memory))
    await assert.rejects(session.put('huge', valueFor('h', 50_000)), (error) => isFlinError(error, 'MEMORY_FULL'))
    await session.put('large', valueFor('l', 20_000))
    await session.flush()
    assert.deepEqual((await session.read('large'))?.value, valueFor('l', 20_000))
    await session.close()
  })

  test('each start has a fresh id', async () => {
    const options = logOptions(memory)
    const ids = [await Log.open('', options), await Log.open('', options)].map((log) => log.id)
    assert.notEqual(ids[0], ids[1])
  })
})
