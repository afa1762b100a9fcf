import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Liveness } from '../../segments/compaction/liveness.js'
import { selectRun, type Select } from '../../segments/compaction/select.js'
import { segmentName } from '../../segments/names.js'
import { runAt, untilReady } from '../helpers/compactions.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { SimDisk } from '../helpers/sim-disk.js'

/** Ends the segment that is written, so that it can be compacted. */
async function seal(session: LogSession): Promise<void> {
  session.roll()
  await session.put('filler', valueFor('filler'))
  await session.flush()
  await untilReady(session.log)
}

function tombstones(session: LogSession): number {
  return session.log.segments.reduce((sum, it) => sum + it.tombstoneCount, 0)
}

/** A key whose value lies in the first segment and whose tombstone lies in the second. */
async function buried(disk: SimDisk | HeldDisk): Promise<LogSession> {
  const session = await LogSession.open(disk, logOptions())
  await session.put('stays', valueFor('stays'))
  await session.put('goes', valueFor('goes'))
  await seal(session)
  await session.remove('goes')
  await seal(session)
  return session
}

async function reopened(disk: SimDisk, { history }: LogSession): Promise<void> {
  const again = await LogSession.open(disk, logOptions(), history.cutAt(Infinity))
  await again.check(history.endOffset)
  await again.close()
}

const first = runAt(0, 1)
const second = runAt(0.5, 1)

test('a tombstone stays for as long as anything older lies in the log, and no longer', async () => {
  const disk = new SimDisk({ isQuick: true })
  const session = await buried(disk)
  await session.compact(second)
  assert.equal(tombstones(session), 1)
  await reopened(disk.kill(1, { isQuick: true }), session)
  await session.compact(first)
  assert.equal(tombstones(session), 1)
  assert.equal(session.log.manifest.compactionHorizon, 0)
  await session.compact(second)
  assert.equal(tombstones(session), 0)
  assert.equal(session.log.manifest.compactionHorizon, 3)
  await reopened(disk.kill(1, { isQuick: true }), session)
  await session.close()
})

test('what is known to be gone from a segment outlives a restart', async () => {
  const disk = new SimDisk({ isQuick: true })
  const session = await buried(disk)
  await session.compact(first)
  await session.close()
  const again = await LogSession.open(disk, logOptions(), session.history)
  await again.compact(second)
  assert.equal(tombstones(again), 0)
  await reopened(disk.kill(1, { isQuick: true }), again)
  await again.close()
})

/** A key is judged alive, and copied; before the manifest names the copy, `change` is committed. */
async function whileCopied(key: string, change: (session: LogSession) => Promise<void>) {
  const inner = new SimDisk({ isQuick: true })
  const disk = new HeldDisk(inner)
  const session = await LogSession.open(disk, logOptions())
  for (const name of ['stays', key, 'dead']) await session.put(name, valueFor(name))
  await session.remove('dead')
  await seal(session)
  disk.holds = (what) => /^write .*-0001\.side$/.test(what)
  const compacting = session.compact(first)
  await disk.untilHeld(1)
  await change(session)
  await session.flush()
  disk.letAllGo()
  await compacting
  return { inner, session }
}

test('a key that is deleted while its segment is rewritten stays deleted', async () => {
  const { inner, session } = await whileCopied('goes', (it) => it.remove('goes'))
  await seal(session)
  await session.compact(runAt(0.99, 1))
  assert.equal(tombstones(session), 1, 'the copy still lies in the log')
  await reopened(inner.kill(1, { isQuick: true }), session)
  await session.close()
})

test('a key that is written while its segment is rewritten keeps its newer value', async () => {
  const { inner, session } = await whileCopied('changes', (it) => it.put('changes', valueFor('new')))
  await session.check(session.history.endOffset)
  await reopened(inner.kill(1, { isQuick: true }), session)
  await session.close()
})

test('a value goes only when what replaces it is durable, not when the index points to it', async () => {
  const inner = new SimDisk({ isQuick: true })
  const disk = new HeldDisk(inner)
  const session = await LogSession.open(disk, logOptions())
  await session.put('key', valueFor('old'))
  await seal(session)
  await session.put('key', valueFor('new')) // applied, not committed
  const told = session.history.acknowledged
  disk.hold()
  const switches = () => disk.trace.filter((what) => what.startsWith('rename MANIFEST')).length
  const before = switches()
  const compacting = session.log.compactNext(session.keyspace.liveness, () => session.flush(), false, first)
  await disk.untilHeld(1)
  for (let i = 0; i < 50; i++) await turn()
  assert.equal(switches(), before, 'it has switched while the overwrite is not durable')
  for (let seed = 0; seed < 20; seed++) {
    const left = inner.crash(seed, { isQuick: true })
    const again = await LogSession.open(left, logOptions(), session.history.cutAt(Infinity))
    await again.check(told)
    await again.close()
  }
  disk.letAllGo()
  await compacting
  assert.equal(switches(), before + 1)
  await reopened(inner.crash(1, { isQuick: true }), session)
  await session.close()
})

test('what is dead to the last record goes unread; while something is alive it is waited for once', async () => {
  const disk = new SimDisk({ isQuick: true })
  const session = await LogSession.open(disk, logOptions())
  const name = segmentName(0, 0)
  for (let i = 0; i < 40; i++) await session.put(`key${i % 2}`, valueFor(`v${i}`, 64))
  await seal(session)
  const compact = () => session.compact((...args) => selectRun(...args))
  await session.put('key0', valueFor('new'))
  await compact()
  assert.equal(session.log.segments[0]!.name, name, 'the other may be overwritten soon')
  await session.put('key1', valueFor('new'))
  await compact()
  assert.notEqual(session.log.segments[0]!.name, name)
  assert.equal(session.log.compactionCounts.segmentsDropped, 1)
  assert.equal(session.log.compactionCounts.sizeRead, 0)
  await reopened(disk.crash(1, { isQuick: true }), session)
  await session.close()
})

/** A segment of little but two keys that are overwritten again and again, and then in the next one. */
async function overwritten(session: LogSession, beside?: () => Promise<void>): Promise<void> {
  for (let i = 0; i < 12; i++) await session.put(`key${i % 2}`, valueFor(`v${i}`, 240))
  await beside?.()
  await seal(session)
}

test('a segment in which all is dead but a tombstone that is needed does not go unread', async () => {
  const disk = new SimDisk({ isQuick: true })
  const session = await LogSession.open(disk, logOptions())
  for (let i = 0; i < 20; i++) await session.put(`stays${i}`, valueFor('stays', 100))
  await session.put('victim', valueFor('victim'))
  await seal(session)
  await overwritten(session, () => session.remove('victim'))
  for (const key of ['key0', 'key1']) await session.put(key, valueFor('new'))
  await session.flush()
  await session.compact((...args) => selectRun(...args))
  assert.equal(session.log.compactionCounts.segmentsDropped, 0)
  await reopened(disk.crash(1, { isQuick: true }), session)
  await session.close()
})

test('what is dead to the last record goes only when what made it so is durable', async () => {
  const session = await LogSession.open(new SimDisk({ isQuick: true }), logOptions())
  await overwritten(session)
  for (const key of ['key0', 'key1']) await session.put(key, valueFor('new'))
  const { log, keyspace } = session
  const [first] = log.segments
  const { endOffset } = log
  const asked: number[] = []
  const durable = (offset: number): Promise<void> => {
    asked.push(offset)
    return Promise.reject(new Error('it never will be'))
  }
  await assert.rejects(
    log.compactNext(keyspace.liveness, durable, false, () => ({ start: 0, count: 1 })),
    /it never will be/,
  )
  assert.deepEqual(asked, [endOffset])
  assert.equal(log.segments[0], first)
  await session.close()
})

test('what is dead to the last record stays while what made it so lies within the history window', async () => {
  const session = await LogSession.open(new SimDisk({ isQuick: true }), logOptions({ history: { size: 100 } }))
  await overwritten(session)
  for (const key of ['key0', 'key1']) await session.put(key, valueFor('new'))
  await session.flush()
  const [first] = session.log.segments
  await session.compact(() => ({ start: 0, count: 1 }))
  assert.equal(session.log.compactionCounts.segmentsDropped, 0)
  assert.equal(session.log.segments[0]!.baseOffset, first!.baseOffset)
  assert.ok(session.log.segments[0]!.size > 2 * 240, 'both are there')
  await session.close()
})

test('what is dead to the last record does not go unread before a later record keeps the time of the log', async () => {
  const session = await LogSession.open(new SimDisk({ isQuick: true }), logOptions())
  for (let i = 0; i < 12; i++) await session.put(`key${i % 2}`, valueFor(`v${i}`, 240))
  await session.flush()
  session.roll()
  // They supersede the last ones, in a segment that has no committed record yet.
  for (const key of ['key0', 'key1']) await session.put(key, valueFor('new'))
  await untilReady(session.log)
  await session.compact(() => ({ start: 0, count: 1 }))
  assert.equal(session.log.compactionCounts.segmentsDropped, 0)
  await session.close()
})

test('segments that are sealed while it is counted what is alive in others are not taken for dead', async () => {
  const session = await LogSession.open(new SimDisk({ isQuick: true }), logOptions())
  for (let i = 0; i < 40; i++) await session.put(`key${i % 2}`, valueFor(`v${i}`, 64))
  await seal(session)
  await session.put('key0', valueFor('new'))
  await session.flush()
  const { liveness } = session.keyspace
  const busy: Liveness = {
    isLive: (record) => liveness.isLive(record),
    moved: (...args) => liveness.moved(...args),
    supersession: liveness.supersession,
    countLive: async (numbers) => {
      for (let i = 0; i < 80; i++) await session.put(`stays${i}`, valueFor('stays', 64))
      await seal(session)
      return liveness.countLive(numbers)
    },
  }
  const selected: number[] = []
  const select: Select = (segments, dead, options) => {
    selected.push(segments.length)
    for (const { number } of segments)
      assert.ok(dead[number]! >= 0, `segment ${number}: ${dead[number]} bytes are dead`)
    return selectRun(segments, dead, options)
  }
  const durable = (): Promise<void> => session.flush()
  assert.equal(await session.log.compactNext(busy, durable, false, select), null)
  assert.ok(
    selected.length === 2 && selected[1]! > selected[0]!,
    'it was selected once before they were sealed, and once after',
  )
  await session.close()
})

test('a power cut at any call between the copy and the manifest leaves the old generation, and nothing else', async () => {
  const life = async (disk: SimDisk): Promise<LogSession> => {
    const session = await buried(disk)
    await Promise.race([session.compact(runAt(0, 2)), disk.stopped])
    return session
  }
  const whole = new SimDisk({ isQuick: true })
  await (await life(whole)).close()
  const from = whole.trace.findIndex((what) => what.includes('-0001.seg'))
  const to = whole.trace.findIndex((what, i) => i > from && what.startsWith('rename MANIFEST'))
  assert.ok(from > 0 && to > from + 5)
  // Counted from 1; two calls behind the rename of the manifest: before the folder is synced, and after.
  for (let stopAt = from + 1; stopAt <= to + 3; stopAt++) {
    const disk = new SimDisk({ isQuick: true, stopAt })
    const session = await life(disk)
    for (let seed = 0; seed < 6; seed++) {
      const left = disk.crash(seed, { isQuick: true })
      const again = await LogSession.open(left, logOptions(), session.history.cutAt(Infinity))
      await again.check(session.history.acknowledged)
      await again.close()
      const named = again.log.manifest.segments.map((it) => segmentName(it.baseOffset, it.generation))
      const present = (await left.list()).filter((name) => name.endsWith('.seg'))
      assert.deepEqual(present.sort(), named, `after ${whole.trace[stopAt - 1]!}`)
    }
  }
})

test('a cold segment under very many tombstones is looked at, not copied, and they go', async () => {
  const disk = new SimDisk({ isQuick: true })
  const segmentSize = 64 * 1024
  const session = await LogSession.open(disk, logOptions({ segmentSize, fsync: 'no', cacheSize: 1 << 24 }))
  const { log, keyspace } = session
  for (let i = 0; i < 120; i++) await session.put(`cold${i}`, valueFor(`cold${i}`, 500))
  session.roll(segmentSize)
  const hot = Buffer.from('cold7')
  let largest = 0
  for (let round = 0; round < 300; round++) {
    for (let i = 0; i < 30; i++) {
      const key = Buffer.from(`short${round}-${i}`)
      keyspace.begin(1000)
      keyspace.find(key, 0, key.length)
      keyspace.put(key, 0, key.length, key, 0, key.length, 0)
      keyspace.find(key, 0, key.length)
      keyspace.remove(key, 0, key.length)
      // The tombstone of an expiry names the offset of its value, which lies in the cold segment.
      keyspace.find(hot, 0, hot.length)
      keyspace.expire(hot, 0, hot.length, keyspace.now + 1e9)
      keyspace.find(hot, 0, hot.length)
      keyspace.persist(hot, 0, hot.length)
    }
    await session.log.flush()
    await untilReady(log)
    const durable = () => log.sync()
    while ((await log.compactNext(keyspace.liveness, durable, false, selectRun)) !== null);
    largest = Math.max(largest, log.size)
  }
  const cold = log.segments[0]!
  assert.equal(cold.generation, 0, 'the cold segment was copied')
  assert.ok(cold.cleanOffset > 0, 'the cold segment was never looked at')
  assert.ok(largest < 8 * segmentSize, `${largest} bytes, for ${cold.size} that are alive`)
  await log.close()
  const again = await LogSession.open(disk, logOptions({ segmentSize, fsync: 'no', cacheSize: 1 << 24 }))
  assert.equal(again.keyspace.count, 120)
  await again.log.close()
})
