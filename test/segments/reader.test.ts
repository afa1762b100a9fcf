import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { LogOptions } from '../../segments/options.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { SimDisk } from '../helpers/sim-disk.js'

const KEYS = 40
const isRead = (what: string): boolean => what.startsWith('read ') && what.endsWith('.seg')

/** A log of cold segments, about 3 records each, opened anew with nothing but the active one in memory. */
async function coldLog(
  changes: Partial<LogOptions> = {},
): Promise<{ session: LogSession; held: HeldDisk; disk: SimDisk }> {
  const disk = new SimDisk({ isQuick: true })
  const first = await LogSession.open(disk, logOptions())
  for (let i = 0; i < KEYS; i++) await first.put(`key${i}`, valueFor(`v${i}`, 1000))
  await first.put('key1', valueFor('v1', 1000)) // something in the first segment is dead
  await first.flush()
  await first.close()
  const held = new HeldDisk(disk)
  const session = await LogSession.open(held, logOptions({ cacheSize: 1 << 20, ...changes }), first.history)
  return { session, held, disk }
}

/** Where the newest records of all keys lie that have to be loaded. */
function coldPlaces({ log, keyspace }: LogSession): { segmentNumber: number; position: number }[] {
  const places: { segmentNumber: number; position: number }[] = []
  for (let i = 0; i < KEYS; i++) {
    const key = Buffer.from(`key${i}`)
    keyspace.collectCold(key, 0, key.length, places)
  }
  assert.ok(log.hasCold)
  return places
}

test('two cold reads are under way at a time, however many are wanted and however they end', async () => {
  const { session, held } = await coldLog()
  const places = coldPlaces(session)
  assert.ok(places.length > 20)
  held.holds = isRead
  const loads = places.map((place) => session.log.load([place]))
  let done = 0
  for (const load of loads) {
    load.then(
      () => done++,
      () => done++,
    )
  }
  await held.untilHeld(2)
  while (done < loads.length) {
    for (let i = 0; i < 5; i++) await turn()
    assert.ok(held.held.length <= 2, `${held.held.length} reads at a time`)
    if (held.held.length > 0) held.letGo(done % 7 === 3 ? new Error('EIO') : null)
  }
  held.letAllGo()
  assert.equal((await session.log.load(places)).size, places.length)
  await session.close()
})

test('a read that begins just when another ends does not pass the ones that wait', async () => {
  const { session, held } = await coldLog()
  const places = coldPlaces(session)
  held.holds = isRead
  // Whoever has got a record asks for the next one at once.
  const chain = async (some: typeof places): Promise<void> => {
    for (const place of some) await session.log.load([place])
  }
  const running = Promise.all([0, 1, 2, 3, 4].map((k) => chain(places.filter((_, i) => i % 5 === k))))
  let isOver = false
  void running.then(() => (isOver = true))
  while (!isOver) {
    await turn()
    assert.ok(held.held.length <= 2, `${held.held.length} reads at a time`)
    if (held.held.length > 0) held.letGo()
  }
  await running
  await session.close()
})

test('a read that is wanted in the very moment in which another hands its place on finds none free', async () => {
  for (let hops = 0; hops < 30; hops++) {
    const { session, held } = await coldLog()
    const places = [...new Map(coldPlaces(session).map((it) => [it.segmentNumber, it])).values()]
    held.holds = isRead
    const loads = places.slice(0, 3).map((place) => session.log.load([place]))
    await held.untilHeld(2)
    held.letGo()
    for (let i = 0; i < hops; i++) await Promise.resolve()
    loads.push(session.log.load([places[3]!]))
    for (let i = 0; i < 3; i++) await turn()
    assert.equal(held.held.length, 2)
    held.letAllGo()
    await Promise.all(loads)
    await session.close()
  }
})

test('a stretch that is wanted many times at once is read once, and from then on not at all', async () => {
  const { session, held } = await coldLog()
  const [place] = coldPlaces(session)
  held.holds = isRead
  const loads = Promise.all(Array.from({ length: 10 }, () => session.log.load([place!])))
  await held.untilHeld(1)
  await turn()
  assert.equal(held.held.length, 1)
  held.letAllGo()
  for (const records of await loads) assert.equal(records.size, 1)
  const reads = held.trace.filter(isRead).length
  await session.log.load([place!])
  assert.equal(held.trace.filter(isRead).length, reads)
  await session.close()
})

test('a failed read fails all who wait for it, and is tried anew', async () => {
  const { session, held } = await coldLog()
  const [place] = coldPlaces(session)
  held.holds = isRead
  const loads = [session.log.load([place!]), session.log.load([place!])]
  for (const load of loads) load.catch(() => undefined)
  await held.untilHeld(1)
  held.letGo(new Error('EIO'))
  for (const load of loads) await assert.rejects(load, /EIO/)
  held.letAllGo()
  assert.equal((await session.log.load([place!])).size, 1)
  await session.close()
})

test('reads of one segment that begin together open it once, and every file is closed at the end', async () => {
  const disk = new SimDisk({ seed: 3 })
  // Several stretches a segment: one opening of it could meet another.
  const options = { segmentSize: 1 << 16, cacheSize: 1 << 20 }
  const first = await LogSession.open(disk, logOptions(options))
  for (let i = 0; i < 90; i++) {
    await first.put(`key${i}`, valueFor(`v${i}`, 1500))
    await first.flush()
  }
  await first.close()
  const held = new HeldDisk(disk)
  const session = await LogSession.open(held, logOptions(options), first.history)
  const { name, sparse } = session.log.segments[0]!
  assert.ok(sparse.count > 4)
  await Promise.all([0, 5, 10, 15].map((i) => session.read(`key${i}`)))
  assert.equal(held.trace.filter((what) => what === `open ${name}`).length, 1)
  await session.close()
  assert.equal(disk.openCount, 0)
})

test('segments and cold stretches together stay within the cache, whatever is read and written', async () => {
  const cacheSize = 40_000
  const { session } = await coldLog({ cacheSize })
  const { log } = session
  /** The active segment, and those whose side file is being written, are in memory in any case. */
  const limit = cacheSize + 3 * 4096
  for (let i = 0; i < 400; i++) {
    const key = `key${(i * 7) % KEYS}`
    if (i < 150 || (i > 250 && i % 2 === 0)) await session.read(key)
    else {
      // What is new needs no look at what is cold, which would make room in passing.
      await session.put(`new${i % 60}`, valueFor(`w${i}`, 900))
      await session.flush()
      await turn()
    }
    assert.ok(log.cacheUsedSize <= limit, `${log.cacheUsedSize} bytes after step ${i}`)
  }
  assert.ok(log.cacheUsedSize > cacheSize / 2, 'the test is pointless: the cache was hardly used')
  for (let i = 0; i < KEYS; i++) {
    const found = await session.read(`key${i}`)
    assert.deepEqual(found, session.history.stateAt(Infinity).get(`key${i}`))
  }
  await session.close()
})

test('a file that a reader holds is not deleted under it', async () => {
  const { session, held } = await coldLog()
  const { log, keyspace } = session
  for (let i = 0; i < 10; i++) await session.put('key39', valueFor(`x${i}`, 900))
  await session.flush()
  const [place] = coldPlaces(session)
  const { name } = log.segments.find((segment) => segment.number === place!.segmentNumber)!
  held.holds = (what) => what === `read ${name}`
  const loading = log.load([place!])
  await held.untilHeld(1)
  // Compaction reads the same file: only that which was asked for first waits.
  held.holds = () => false
  const compacting = log.compact(keyspace.liveness, async () => {
    await session.flush()
    await log.sync()
  })
  while (
    !held.trace.some((what) => what.startsWith('rename MANIFEST.tmp')) ||
    log.manifest.segments[0]!.generation === 0
  )
    await turn()
  for (let i = 0; i < 20; i++) await turn()
  assert.ok(!held.trace.includes(`remove ${name}`), 'the file is gone under its reader')
  held.letAllGo()
  assert.equal((await loading).size, 1)
  await compacting
  assert.ok(held.trace.includes(`remove ${name}`))
  assert.deepEqual((await session.read('key0'))?.value, valueFor('v0', 1000))
  await session.close()
})

test('who asks a closed log is told so', async () => {
  const { session } = await coldLog()
  const [place] = coldPlaces(session)
  await session.close()
  await assert.rejects(session.log.load([place!]), (error) => isFlinError(error, 'LOG_CLOSED'))
})
