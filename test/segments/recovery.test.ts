import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { LOCK_NAME, segmentName, sideFileName, SPARE_NAME } from '../../segments/names.js'
import type { LogEvent } from '../../segments/options.js'
import { logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { type Files, smallLog, type SmallLog, withFile } from '../helpers/small-log.js'

let log: SmallLog
before(async () => {
  log = await smallLog('closed')
})

async function start(files: Files): Promise<{ disk: SimDisk; events: LogEvent[]; session: LogSession }> {
  const disk = SimDisk.of(files, { isQuick: true })
  const events: LogEvent[] = []
  const session = await LogSession.open(
    disk,
    logOptions({ onEvent: (event) => events.push(event) }),
    log.history.cutAt(Infinity),
  )
  await session.check(log.active.endOffset)
  return { disk, events, session }
}

describe('files that the manifest does not name', () => {
  const written = Buffer.alloc(4096, 1)
  const cases: readonly (readonly [what: string, name: string, bytes: Buffer, action: 'removed' | 'quarantined'])[] = [
    ['a work file', 'MANIFEST.tmp', written, 'removed'],
    ['a spare', SPARE_NAME, written, 'removed'],
    ['a side file without its segment', sideFileName(99, 0), written, 'removed'],
    ['another generation of a segment', segmentName(0, 3), written, 'removed'],
    ['a segment that was made, and never written', segmentName(18, 0), Buffer.alloc(4096), 'removed'],
    ['a segment that nothing explains', segmentName(3, 0), written, 'quarantined'],
  ]
  for (const [what, name, bytes, action] of cases) {
    test(`${what} is ${action}`, async () => {
      const { disk, events } = await start(withFile(log.files, name, bytes))
      assert.deepEqual(
        events.filter((event) => event.type === 'orphan'),
        [{ type: 'orphan', file: name, action }],
      )
      const kept = disk.files().get(`quarantine/${name}`)
      assert.deepEqual(kept, action === 'quarantined' ? bytes : undefined)
      // A new spare may have been begun.
      assert.ok(name === SPARE_NAME || !disk.files().has(name))
    })
  }

  test('what is no file of a log stays', async () => {
    const files = withFile(withFile(log.files, 'notes.txt', written), LOCK_NAME, Buffer.alloc(0))
    const { disk, events } = await start(files)
    assert.deepEqual(disk.files().get('notes.txt'), written)
    assert.ok(disk.files().has(LOCK_NAME))
    assert.ok(!events.some((event) => event.type === 'orphan'))
  })
})

test('a start from side files reads no byte of the sealed segments', async () => {
  const gone = new Map(log.files)
  for (const { name } of log.segments.slice(0, -1)) gone.set(name, Buffer.alloc(0))
  const session = await LogSession.open(SimDisk.of(gone, { isQuick: true }), logOptions())
  assert.equal(session.log.endOffset, log.active.endOffset)
  assert.equal(session.keyspace.count, log.history.stateAt(Infinity).size)
})

test('a start with side files and one without them make the same state and the same side files', async () => {
  const bare = new Map(log.files)
  for (const { sideName } of log.segments) bare.delete(sideName)
  const [withThem, without] = [await start(log.files), await start(bare)]
  assert.deepEqual(await without.session.keys(), await withThem.session.keys())
  for (const { sideName } of log.segments.slice(0, -1)) {
    assert.deepEqual(without.disk.files().get(sideName), log.files.get(sideName))
  }
  const rebuilt = without.events.filter((event) => event.type === 'side-file-rebuilt')
  assert.deepEqual(
    rebuilt.map(({ segment, reason }) => [segment, reason]),
    log.segments.slice(0, -1).map(({ sideName }) => [sideName, 'it is missing']),
  )
})

test('an active file that was cut short, or has grown, is written on with', async () => {
  const { name, size } = log.active
  const bytes = log.files.get(name)!
  for (const changed of [
    bytes.subarray(0, size),
    bytes.subarray(0, size + 3),
    Buffer.concat([bytes, Buffer.alloc(5001)]),
  ]) {
    const { disk, session } = await start(withFile(log.files, name, changed))
    for (let i = 0; i < 8; i++) await session.put(`more${i}`, Buffer.alloc(700, i))
    await session.close()
    const again = await LogSession.open(disk, logOptions(), session.history)
    await again.check(session.history.endOffset)
  }
})

test('what a failed sync has lost, the size of the file among it, is written again by whoever finds it', async () => {
  const options = logOptions({ fsync: 'everysec' })
  let found = 0
  // A record larger than a segment has a file that is not preallocated: its size comes with the data, and is lost with it.
  for (let at = 1, isOver = false; !isOver; at++) {
    const disk = new SimDisk({ seed: at, isQuick: true, fault: { at, kind: 'EIO' } })
    const session = await LogSession.open(disk, options).catch(() => null)
    isOver = disk.faultedAt === 0 && session === null
    if (session === null) continue
    for (const tag of ['large', 'larger']) {
      await session.put(tag, valueFor(tag, 6000)).catch(() => undefined)
      await session.flush().catch(() => undefined)
      await session.log.sync().catch(() => undefined)
    }
    isOver = disk.faultedAt === 0
    if (session.log.poison === null) continue
    const killed = disk.kill(at, { isQuick: true })
    const next = await LogSession.open(killed, options, session.history)
    const end = await next.check(session.log.committedOffset)
    for (let seed = 1; seed <= 8; seed++) {
      const left = killed.crash(seed, { isQuick: true })
      const last = await LogSession.open(left, options, session.history.cutAt(Infinity))
      assert.equal(await last.check(end), end, `fault at call ${at}, power cut ${seed}`)
    }
    found++
  }
  assert.ok(found > 5)
})

test('the size of a large record’s file, lost by the sync that failed, is made durable again', async () => {
  const options = logOptions({ fsync: 'everysec' })
  let lostCount = 0
  for (let seed = 1; seed <= 12; seed++) {
    // Fails the sync of the large segment, the last call of all: what it was to make durable counts as clean from then on.
    const write = async (disk: SimDisk): Promise<LogSession> => {
      const session = await LogSession.open(disk, options)
      await session.put('large', valueFor('large', 6000))
      await session.flush()
      await session.log.sync().catch(() => undefined)
      return session
    }
    const whole = new SimDisk({ seed, isQuick: true })
    await write(whole)
    const at = whole.trace.findLastIndex((call) => call.startsWith('sync ') && call.endsWith('.seg')) + 1
    const disk = new SimDisk({ seed, isQuick: true, fault: { at, kind: 'EIO' } })
    const { history, log: poisoned } = await write(disk)
    assert.ok(poisoned.poison !== null)
    const killed = disk.kill(seed, { isQuick: true })
    const left = [...killed.crash(1, { isQuick: true }).files()].find(([name]) => name.endsWith('.seg'))
    if ((left?.[1].length ?? 0) < 6000) lostCount++
    await LogSession.open(killed, options, history.cutAt(Infinity))
    for (let cut = 1; cut <= 4; cut++) {
      const last = await LogSession.open(killed.crash(cut, { isQuick: true }), options, history.cutAt(Infinity))
      assert.equal(await last.check(1), 1, `seed ${seed}, power cut ${cut}`)
    }
  }
  assert.ok(lostCount > 2, 'the size was never lost')
})
