import assert from 'node:assert/strict'
import { mock, test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { blocksOf } from '../../segments/metered-disk.js'
import { QUARANTINE_FOLDER, SPARE_NAME } from '../../segments/names.js'
import type { LogEvent, LogOptions } from '../../segments/options.js'
import { verifyLog } from '../../segments/verify.js'
import { Commits, untilReady } from '../helpers/compactions.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { History } from '../helpers/log-history.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { Random } from '../helpers/random.js'
import { SimDisk } from '../helpers/sim-disk.js'

const SEGMENT_SIZE = 16_384
const BOUND = 20 * SEGMENT_SIZE

/** A log on a disk of which every call is a chance to see that its files take more than they may. */
class Bounded {
  readonly disk = new SimDisk({ isQuick: true })
  readonly held = new HeldDisk(this.disk)
  readonly events: LogEvent[] = []
  largest = 0
  session!: LogSession
  commits!: Commits

  static async open(t: TestContext, changes: Partial<LogOptions> = {}): Promise<Bounded> {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => {
      mock.timers.reset()
    })
    const bounded = new Bounded()
    bounded.held.holds = () => {
      bounded.#measure()
      return false
    }
    await bounded.#open(changes)
    return bounded
  }

  async #open(changes: Partial<LogOptions>, history = new History()): Promise<void> {
    const onEvent = (event: LogEvent) => void this.events.push(event)
    const options = logOptions({ segmentSize: SEGMENT_SIZE, diskSizeMax: BOUND, onEvent, ...changes })
    this.session = await LogSession.open(this.held, options, history)
    this.commits = new Commits(this.session.log)
  }

  async reopen(changes: Partial<LogOptions> = {}): Promise<void> {
    await this.session.close()
    await this.#open(changes, this.session.history)
    await this.session.check(this.session.history.endOffset)
  }

  #measure(): void {
    this.largest = Math.max(this.largest, this.usedSize)
  }

  get usedSize(): number {
    return this.disk.fileSizes.reduce((sum, size) => sum + blocksOf(size), 0)
  }

  /** Puts so many keys of 1000 bytes, or as many as are taken; returns how many were. */
  async put(first: number, count: number): Promise<number> {
    for (let i = 0; i < count; i++) {
      try {
        await this.session.put(`key${first + i}`, valueFor(`v${this.session.log.endOffset}`, 1000))
        await this.session.flush()
      } catch (error) {
        if (!isFlinError(error, 'DISK_FULL')) throw error
        return i
      }
      await settled()
    }
    return count
  }

  /** Compacts for as long as anything is worth it. */
  async compact(): Promise<number> {
    const { log, keyspace } = this.session
    let runs = 0
    await untilReady(log)
    while ((await log.compactNext(keyspace.liveness, this.commits.durable, log.isShortOfSpace)) !== null) runs++
    return runs
  }

  /** Lets time pass until something is so. */
  async tickUntil(isSo: () => boolean): Promise<void> {
    for (let i = 0; !isSo(); i++) {
      assert.ok(i < 200, 'it does not happen')
      mock.timers.tick(250)
      await settled()
    }
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn()
}

for (const fsync of ['always', 'no'] as const) {
  test(`the files of a log never take more than its bound, and what is refused comes back (${fsync})`, async (t) => {
    const log = await Bounded.open(t, { fsync })
    const count = await log.put(0, 1000)
    assert.ok(count > 120 && count < 300, `${count} fit`)
    assert.ok(log.session.log.isShortOfSpace)
    assert.equal(log.events.filter(({ type }) => type === 'bound-reached').length, 1, 'said once')
    await assert.rejects(
      log.session.put('no', valueFor('no', 2000)),
      /the log has all of its 320 KiB of the disk: writes are refused until there is space again/,
    )
    // Nothing is dead: nothing comes of compacting.
    assert.equal(await log.compact(), 0)
    // Keys go on being removed, and their tombstones need no more than the last part.
    let runs = 0
    for (let i = 0; i < count; i += 2) {
      await log.session.remove(`key${i}`)
      await log.session.flush()
      await settled()
      if (i % 32 === 30) runs += await log.compact()
    }
    assert.ok(runs > 0)
    await log.tickUntil(() => !log.session.log.isDiskFull)
    assert.ok(log.events.some(({ type }) => type === 'disk-has-space'))
    // What is dead beside is compacted as soon as it is needed.
    for (let taken = await log.put(1000, 40); taken < 40; taken += await log.put(1000 + taken, 40 - taken)) {
      assert.ok((await log.compact()) > 0, `${taken} were taken`)
      await log.tickUntil(() => !log.session.log.isDiskFull)
    }
    assert.ok(log.largest <= BOUND, `${log.largest} of ${BOUND}`)
    assert.equal(log.session.log.diskUsedSize, log.usedSize)
    await log.reopen({ fsync })
    assert.equal(log.session.log.diskUsedSize, log.usedSize)
    assert.equal((await verifyLog(log.disk)).verdict, 'intact')
    await log.session.close()
    assert.ok(log.largest <= BOUND)
  })
}

test('overwriting for ever within the bound: whatever comes, its files never take more', async (t) => {
  for (let seed = 1; seed <= 2; seed++) {
    mock.timers.reset()
    const rng = new Random(seed)
    const log = await Bounded.open(t)
    let taken = 0
    for (let round = 0; round < 12; round++) {
      // Some of it in one commit, which begins several segments before any has its file.
      const size = rng.pick([10, 200, 2000])
      try {
        for (let i = 0; i < 40; i++) {
          await log.session.put(`key${rng.below(60)}`, valueFor(`v${round}-${i}`, size))
          if (rng.chance(0.1)) await log.commits.flush()
          taken++
        }
      } catch (error) {
        if (!isFlinError(error, 'DISK_FULL')) throw error
      }
      await log.commits.flush()
      await settled()
      if (rng.chance(0.2)) await log.session.remove(`key${rng.below(60)}`)
      await log.compact()
      if (log.session.log.isDiskFull) await log.tickUntil(() => !log.session.log.isDiskFull)
      if (rng.chance(0.2)) await log.reopen()
    }
    assert.ok(taken > 400, `${taken} were taken`)
    assert.ok(log.largest <= BOUND, `seed ${seed}: ${log.largest} of ${BOUND}`)
    await log.reopen()
    await log.session.close()
  }
})

test('segments that are begun within one commit count before they have their files', async (t) => {
  const log = await Bounded.open(t)
  let taken = 0
  const fill = async (): Promise<void> => {
    for (; ; taken++) await log.session.put(`key${taken}`, valueFor(`v${taken}`, 1000))
  }
  await assert.rejects(fill(), (error) => isFlinError(error, 'DISK_FULL'))
  assert.ok(taken > 100, `${taken} were taken`)
  await log.session.flush()
  await settled()
  assert.ok(log.largest <= BOUND, `${log.largest} of ${BOUND}`)
  await log.reopen()
  await log.session.close()
})

test('the spare gives way to compaction, and nobody who waits for one goes without', async (t) => {
  const log = await Bounded.open(t)
  for (let i = 0; i < 6; i++) await log.put(0, 14)
  await settled()
  assert.ok(log.disk.files().has(SPARE_NAME))
  // Somebody else has taken all but a little of the disk.
  log.disk.freeSize = 5000
  const { log: engine, keyspace } = log.session
  const compacting = engine.compactNext(keyspace.liveness, log.commits.durable, true, () => ({ start: 0, count: 6 }))
  await assert.rejects(compacting, (error) => isFlinError(error, 'DISK_FULL'))
  assert.ok(!log.disk.files().has(SPARE_NAME), 'the spare was given up for it')
  log.disk.freeSize = 1 << 20
  await log.put(0, 40)
  await log.reopen()
  await log.session.close()
})

test('a bound that is lowered while it runs refuses, and one that is raised takes again', async (t) => {
  const log = await Bounded.open(t, { diskSizeMax: 0 })
  assert.equal(await log.put(0, 200), 200)
  const engine = log.session.log
  assert.throws(
    () => (engine.diskSizeMax = 7 * SEGMENT_SIZE),
    (error) => isFlinError(error, 'BAD_SETTING'),
  )
  engine.diskSizeMax = 8 * SEGMENT_SIZE
  assert.ok((await log.put(0, 40)) < 40)
  engine.diskSizeMax = 40 * SEGMENT_SIZE
  await log.tickUntil(() => !engine.isDiskFull)
  assert.equal(await log.put(0, 40), 40)
  await log.session.close()
})

test('a value for which there is no room is refused at once, and smaller ones go on', async (t) => {
  const log = await Bounded.open(t)
  await assert.rejects(log.session.put('large', valueFor('large', BOUND)), (error) => isFlinError(error, 'DISK_FULL'))
  assert.equal(await log.put(0, 40), 40)
  // On the file system, too.
  log.disk.freeSize = 100_000
  log.session.log.diskSizeMax = 0
  await log.put(0, 16)
  await assert.rejects(log.session.put('large', valueFor('large', 200_000)), (error) => isFlinError(error, 'DISK_FULL'))
  assert.ok(!log.session.log.isDiskFull)
  assert.equal(await log.put(0, 20), 20)
  await log.session.close()
})

test('what is kept in quarantine counts, and counts no more when somebody has taken it away', async (t) => {
  const log = await Bounded.open(t)
  await log.session.close()
  await log.disk.makeFolder(QUARANTINE_FOLDER)
  const file = await log.disk.open(`${QUARANTINE_FOLDER}/kept`, { write: true, create: true })
  await file.write(Buffer.alloc(BOUND - 6 * SEGMENT_SIZE), 0, BOUND - 6 * SEGMENT_SIZE, 0)
  await file.close()
  await log.reopen().catch(() => undefined)
  await log.put(0, 60)
  assert.ok(log.session.log.isDiskFull)
  assert.ok(log.largest <= BOUND, `${log.largest} of ${BOUND}`)
  await log.disk.remove(`${QUARANTINE_FOLDER}/kept`)
  await log.tickUntil(() => !log.session.log.isDiskFull)
  assert.equal(await log.put(0, 60), 60)
  await log.session.close()
})

test('a segment that is being made ready when others are refused is never written to again once it is in use', async (t) => {
  const log = await Bounded.open(t, { diskSizeMax: 0 })
  await log.put(0, 100)
  // Whatever is made ready from now on is slow.
  log.held.holds = (what) => what === `write ${SPARE_NAME}`
  for (let i = 0; log.held.held.length === 0; i++) await log.put(i, 1)
  const engine = log.session.log
  engine.diskSizeMax = 8 * SEGMENT_SIZE
  assert.ok((await log.put(0, 40)) < 40, 'none was refused')
  await settled()
  log.held.holds = () => false
  engine.diskSizeMax = 40 * SEGMENT_SIZE
  for (let i = 0; i < 12; i++) {
    mock.timers.tick(250)
    await settled()
  }
  const putting = log.put(0, 40)
  await settled()
  await settled()
  log.held.letAllGo()
  await putting
  await log.tickUntil(() => !engine.isDiskFull)
  await log.put(0, 20)
  await log.reopen()
  assert.equal((await verifyLog(log.disk)).verdict, 'intact')
  await log.session.close()
})

test('a segment whose blocks come with what is written leaves the reserve alone all the same', async (t) => {
  for (const fsync of ['always', 'everysec'] as const) {
    mock.timers.reset()
    const reserveSize = 2 * SEGMENT_SIZE
    const log = await Bounded.open(t, { fsync, reserveSize, diskSizeMax: 0 })
    const engine = log.session.log
    let isRefused = false
    for (let i = 0; !isRefused && i < 400; i++) {
      const sizes = fsync === 'always' ? log.usedSize : engine.size
      log.disk.freeSize = 12 * SEGMENT_SIZE - sizes
      isRefused = (await log.put(i, 1)) === 0
    }
    assert.ok(isRefused)
    assert.ok(engine.size > 6 * SEGMENT_SIZE, `${fsync}: only ${engine.size} bytes were taken`)
    assert.ok(log.disk.freeSize > reserveSize - 2000, `${fsync}: ${log.disk.freeSize} are left of ${reserveSize}`)
    await log.session.close()
  }
})

test('a start on a full disk does not take a segment that was begun for removals for a usual one', async (t) => {
  const options = { reserveSize: 2 * SEGMENT_SIZE, diskSizeMax: 0 }
  const log = await Bounded.open(t, options)
  await log.put(0, 40)
  log.disk.freeSize = options.reserveSize
  // There is a spare already: it is used up first.
  await log.put(40, 40)
  const before = log.session.log.segments.length
  for (let i = 0; log.session.log.segments.length === before; i++) {
    await log.session.remove(`key${i}`)
    await log.session.flush()
    await settled()
  }
  await log.reopen(options)
  await assert.rejects(log.session.put('no', valueFor('no', 10)), (error) => isFlinError(error, 'DISK_FULL'))
  await log.session.remove('key39')
  await log.session.flush()
  await log.session.close()
})

for (const isReopened of [false, true]) {
  const when = isReopened ? ', also across a restart' : ''
  test(`the last part of the space is for removals: writes between them do not take it${when}`, async (t) => {
    const log = await Bounded.open(t)
    const count = await log.put(0, 1000)
    for (let i = 0; i < 40; i++) {
      // Too few of any segment for compaction to come of it.
      await log.session.remove(`key${(i * 14) % count}`)
      await log.session.flush()
      await settled()
      if (isReopened && i === 20) await log.reopen()
      for (let size = 800; size > 50; size /= 2) {
        try {
          for (let k = 0; k < 50; k++) await log.session.put(`other${i}-${size}-${k}`, valueFor('o', size))
        } catch (error) {
          if (!isFlinError(error, 'DISK_FULL')) throw error
        }
        await log.session.flush()
        await settled()
      }
    }
    assert.ok(log.largest <= BOUND, `${log.largest} of ${BOUND}`)
    await log.reopen()
    await log.session.close()
  })
}

test('a bound below what the log takes: keys can be removed, and compaction brings it within', async (t) => {
  const log = await Bounded.open(t, { diskSizeMax: 0 })
  assert.equal(await log.put(0, 200), 200)
  // Of every segment, something lives.
  for (let i = 0; i < 200; i++) if (i % 3 > 0) await log.session.remove(`key${i}`)
  await log.session.flush()
  await settled()
  const bound = 13 * SEGMENT_SIZE
  log.session.log.diskSizeMax = bound
  const before = log.usedSize
  assert.ok(before > bound)
  assert.ok((await log.put(1000, 20)) < 20)
  // Those whose place is full go on as well.
  for (let i = 0; i < 200; i += 9) await log.session.remove(`key${i}`)
  await log.session.flush()
  await settled()
  assert.ok((await log.compact()) > 0)
  assert.ok(log.usedSize <= bound, `${log.usedSize} of ${bound}`)
  assert.ok(log.largest <= before + 2 * SEGMENT_SIZE, `${log.largest} after ${before}`)
  await log.tickUntil(() => !log.session.log.isDiskFull)
  assert.ok((await log.put(1000, 20)) > 10)
  await log.reopen({ diskSizeMax: bound })
  await log.session.close()
})

test('what was taken before others were refused is written also when the log is closed at once', async (t) => {
  const log = await Bounded.open(t)
  await log.put(0, 40)
  await settled()
  // Fills the active segment and begins others, until one is refused: then the spare, which they wait for, is given up.
  const fill = async (): Promise<void> => {
    for (let i = 0; ; i++) await log.session.put(`more${i}`, valueFor('more', 1000))
  }
  for (let i = 0; i < 5; i++) await assert.rejects(fill(), (error) => isFlinError(error, 'DISK_FULL'))
  await log.reopen()
  await log.session.close()
})
