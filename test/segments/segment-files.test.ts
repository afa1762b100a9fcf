import assert from 'node:assert/strict'
import { describe, mock, test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { decodeManifest } from '../../segments/manifest.js'
import { MANIFEST_NAME, segmentName, sideFileName, SPARE_NAME } from '../../segments/names.js'
import type { LogEvent, LogOptions } from '../../segments/options.js'
import { verifyLog } from '../../segments/verify.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { SimDisk } from '../helpers/sim-disk.js'

async function opened(
  changes: Partial<LogOptions> = {},
): Promise<{ disk: SimDisk; held: HeldDisk; session: LogSession; events: LogEvent[] }> {
  const disk = new SimDisk({ isQuick: true })
  const held = new HeldDisk(disk)
  const events: LogEvent[] = []
  const session = await LogSession.open(held, logOptions({ onEvent: (event) => events.push(event), ...changes }))
  return { disk, held, session, events }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await turn()
}

/** Lets time pass until something is so. */
async function tickUntil(isSo: () => boolean): Promise<void> {
  for (let i = 0; !isSo(); i++) {
    assert.ok(i < 200, 'it does not happen')
    mock.timers.tick(250)
    await settled()
  }
}

function withTimers(t: TestContext): void {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => {
    mock.timers.reset()
  })
}

describe('rolling and sealing', () => {
  test('a segment that is full is sealed, gets its side file, and the next one begins where it ended', async () => {
    const { disk, session, events } = await opened()
    for (let i = 0; i < 12; i++) await session.put(`key${i}`, valueFor(`v${i}`, 1000))
    await session.flush()
    await settled()
    const { segments } = session.log
    assert.equal(segments.length, 4)
    segments.forEach((segment, i) => {
      assert.equal(segment.baseOffset, segments[i - 1]?.endOffset ?? 0)
      assert.equal(segment.sealed, i < 3)
      assert.ok(segment.size <= 4096)
    })
    const files = disk.files()
    for (const { baseOffset, sealed } of segments) {
      assert.ok(files.has(segmentName(baseOffset, 0)))
      assert.equal(files.has(sideFileName(baseOffset, 0)), sealed)
    }
    assert.equal(events.filter((event) => event.type === 'sealed').length, 3)
    const { verdict, findings } = await verifyLog(disk)
    assert.deepEqual([verdict, findings], ['intact', []])
    await session.close()
    assert.ok(!disk.files().has(SPARE_NAME), 'the spare is left behind')
  })

  test('the next file is made ready ahead, in zeroes and of full size', async () => {
    const { disk, session } = await opened()
    await settled()
    const spare = disk.files().get(SPARE_NAME)
    assert.deepEqual(spare, Buffer.alloc(4096))
    await session.close()
  })

  test('a batch larger than a segment gets a segment of its own size, wherever it comes', async () => {
    for (const before of [0, 1]) {
      const { disk, session } = await opened()
      if (before > 0) await session.put('small', valueFor('small'))
      await session.write([
        ['large', valueFor('large', 10_000)],
        ['with', valueFor('it', 10_000)],
      ])
      await session.put('behind', valueFor('behind'))
      await session.flush()
      await settled()
      assert.equal(session.log.segments.length, 2 + before)
      assert.equal((await verifyLog(disk)).verdict, 'intact')
      const again = await LogSession.open(disk.crash(1), logOptions(), session.history)
      await again.check(session.history.endOffset)
      await session.close()
    }
  })

  test('several segments filled within one commit are sealed in their order', async () => {
    const { session, disk } = await opened({ fsync: 'everysec' })
    for (let i = 0; i < 40; i++) await session.put(`key${i}`, valueFor(`v${i}`, 900))
    await session.flush()
    assert.equal(session.log.committedOffset, 40)
    const again = await LogSession.open(disk.kill(1), logOptions(), session.history)
    await again.check(40)
    await session.close()
  })
})

test('whoever reads the manifest at any time finds all files that it names', async () => {
  const { disk, held, session } = await opened()
  let checked = 0
  const check = (): void => {
    const files = disk.files()
    for (const { baseOffset, generation, sealed } of decodeManifest(files.get(MANIFEST_NAME)!).segments) {
      const bytes = files.get(segmentName(baseOffset, generation))
      assert.ok(bytes !== undefined, `the manifest names ${segmentName(baseOffset, generation)}, which is missing`)
      if (sealed !== null) assert.ok(bytes.length >= sealed.size)
      checked++
    }
  }
  held.holds = () => {
    check()
    return false
  }
  const durable = async (): Promise<void> => {
    await session.flush()
    await session.log.sync()
  }
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 12; i++) {
      await session.put(`key${i % 5}`, valueFor(`v${round}-${i}`, 1000))
      if (i % 3 === 0) await session.flush()
    }
    await session.flush()
    await settled()
    await session.log.compact(session.keyspace.liveness, durable)
    check()
  }
  await session.close()
  assert.ok(checked > 200)
  assert.equal((await verifyLog(disk)).verdict, 'intact')
})

describe('disk space', () => {
  const reserveSize = 10_000

  test('writes are refused before the disk is full, reads go on, and writes come back by themselves', async (t) => {
    withTimers(t)
    const { disk, session, events } = await opened({ reserveSize })
    await session.put('a', valueFor('a', 1000))
    await session.flush()
    await settled()
    // There is a spare already: it is used up first.
    disk.freeSize = reserveSize + 4095
    let refusal: unknown = null
    for (let i = 0; refusal === null && i < 20; i++) {
      try {
        await session.put(`key${i}`, valueFor(`v${i}`, 1000))
        await session.flush()
      } catch (error) {
        refusal = error
      }
      await settled()
    }
    assert.ok(isFlinError(refusal, 'DISK_FULL'), String(refusal))
    assert.ok(session.log.isDiskFull)
    assert.equal(session.log.poison, null)
    assert.deepEqual(
      events.filter((event) => event.type === 'disk-full'),
      [{ type: 'disk-full', freeSize: reserveSize + 4095, reserveSize }],
      'said once',
    )
    assert.deepEqual((await session.read('a'))?.value, valueFor('a', 1000))
    const { endOffset } = session.log
    await assert.rejects(session.put('no', valueFor('no', 1000)), (error) => isFlinError(error, 'DISK_FULL'))
    assert.equal(session.log.endOffset, endOffset)
    // What still fits into the segment is taken.
    await session.put('tiny', valueFor('t', 10))
    await session.flush()

    disk.freeSize = reserveSize + 4096
    await tickUntil(() => !session.log.isDiskFull)
    assert.ok(events.some((event) => event.type === 'disk-has-space'))
    await session.put('yes', valueFor('yes', 1000))
    await session.flush()
    await session.close()
    const again = await LogSession.open(disk, logOptions(), session.history)
    await again.check(session.history.endOffset)
  })

  test('a commit that needs a segment while there is no space waits, is not acknowledged, and ends when there is', async (t) => {
    withTimers(t)
    const { disk, session } = await opened({ reserveSize })
    await settled()
    disk.freeSize = 0
    // All of it is appended before the log can know; the spare serves for the first roll only.
    for (let i = 0; i < 12; i++) await session.put(`key${i}`, valueFor(`v${i}`, 1000))
    let isOver = false
    const flushed = session.flush().then(() => (isOver = true))
    for (let i = 0; i < 8; i++) {
      mock.timers.tick(250)
      await settled()
    }
    assert.deepEqual([isOver, session.log.committedOffset < 12], [false, true])
    disk.freeSize = 1 << 20
    await tickUntil(() => isOver)
    await flushed
    assert.equal(session.log.committedOffset, 12)
    await session.close()
  })

  test('what fits in no usual segment is refused unless it has its space, which what was taken before counts for', async (t) => {
    withTimers(t)
    for (const fsync of ['always', 'everysec'] as const) {
      const { disk, session } = await opened({ reserveSize, fsync })
      const large = (name: string): Promise<void> => session.put(name, valueFor(name, 9000))
      const isRefused = (error: unknown): boolean =>
        isFlinError(error, 'DISK_FULL') && error.message.startsWith('the disk is full: writes are refused until')
      // Under `always` the file that grows, and the spare, which gives way, have their zeroes already.
      const steps = [
        ['into a segment that has no record yet', fsync === 'always' ? 9_500 : 18_000],
        ['behind one that has', fsync === 'always' ? 13_500 : 18_000],
      ] as const
      for (const [step, spaceForOne] of steps) {
        const { endOffset } = session.log
        // Room for a usual segment beside the active one, whose blocks come as it is written but under `always`.
        disk.freeSize = reserveSize + (fsync === 'always' ? 4096 : 8192)
        await assert.rejects(large('none'), isRefused, step)
        assert.deepEqual([session.log.endOffset, session.log.isDiskFull], [endOffset, false], step)
        // Nobody else is hurt by it.
        await session.put('small', valueFor('small'))
        await session.flush()
        await settled()
        // Space for one more, and not for two of one commit, nor for another one beside what waits to be written.
        disk.freeSize = reserveSize + spaceForOne
        await large('first')
        await assert.rejects(large('second'), isRefused, step)
        await session.flush()
        disk.freeSize = reserveSize + spaceForOne
        await large('third')
        await session.flush()
        await settled()
      }
      await session.close()
      const again = await LogSession.open(disk, logOptions(), session.history)
      await again.check(session.history.endOffset)
      await again.close()
    }
  })

  test('what fits in no usual segment waits when its space is gone after it was taken, and leaves the reserve alone', async (t) => {
    withTimers(t)
    const { disk, session } = await opened({ reserveSize })
    await session.put('a', valueFor('a'))
    await session.flush()
    await settled()
    await session.put('large', valueFor('large', 9000))
    disk.freeSize = reserveSize + 4096
    let isOver = false
    const flushed = session.flush().then(() => (isOver = true))
    for (let i = 0; i < 8; i++) {
      mock.timers.tick(250)
      await settled()
    }
    assert.deepEqual([isOver, session.log.isDiskFull], [false, true], 'the reserve was used')
    disk.freeSize = 1 << 20
    await tickUntil(() => isOver)
    await flushed
    await session.close()
  })

  test('closing while the disk is full does not hang', async (t) => {
    withTimers(t)
    const { disk, session } = await opened({ reserveSize })
    disk.freeSize = 0
    for (let i = 0; i < 4; i++) await session.put(`key${i}`, valueFor(`v${i}`, 1000))
    await session.flush()
    await settled()
    await session.close()
    assert.equal(disk.openCount, 0)
  })
})

test('while a segment of unusual size takes its name, nobody zeroes the file that it will be', async (t) => {
  withTimers(t)
  const { disk, held, session } = await opened()
  await session.put('a', valueFor('a'))
  await session.flush()
  await settled()
  await session.put('large', valueFor('large', 6000))
  disk.freeSize = 0
  const flushed = session.flush()
  await settled() // it waits for space; and in a second a spare is tried again
  for (let i = 0; i < 2; i++) {
    mock.timers.tick(250)
    await settled()
  }
  disk.freeSize = 1 << 30
  held.holds = (what) => what === `sync ${SPARE_NAME}`
  await tickUntil(() => held.held.length > 0)
  const callsBefore = held.trace.length
  for (let i = 0; i < 8; i++) {
    mock.timers.tick(250)
    await settled()
  }
  assert.deepEqual(held.trace.slice(callsBefore), [])
  held.letAllGo()
  await flushed
  const reopened = await LogSession.open(disk.crash(1, { isQuick: true }), logOptions(), session.history)
  await reopened.check(2)
  await reopened.close()
})
