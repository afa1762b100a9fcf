import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { CompactionResult, Liveness, Log } from '../../../segments/index.js'
import { LoopPace } from '../../../segments/compaction/pace.js'
import { stateDigest } from '../../../src/models/digest.js'
import type { Keyspace } from '../../../src/models/keyspace.js'
import { runLoaded } from '../../../src/models/cold.js'
import { runAt, untilReady } from '../../helpers/compactions.js'
import { temporaryFolder } from '../../helpers/daemon.js'
import { isFlinError } from '../../helpers/log-session.js'
import { openKeyspace } from '../../helpers/memory-log.js'

/** Writes one key, then others again and again, with values so large that what is in memory is copied from there. */
async function write({ log, keyspace }: { log: Log; keyspace: Keyspace }, count: number, size = 2000): Promise<void> {
  for (let i = 0; i < count; i++) {
    const key = Buffer.from(i === 0 ? 'first' : `key${i % 20}`)
    await runLoaded(log, () => {
      keyspace.begin(size + 1000)
      keyspace.find(key, 0, key.length)
      keyspace.put(key, 0, key.length, Buffer.alloc(size, i), 0, size, 0)
    })
    if (i % 3 === 0) await log.flush()
  }
  await log.flush()
  await untilReady(log)
}

/** Rewrites the first segments: of them only the first key is alive. */
function compactFirst({ log, keyspace }: { log: Log; keyspace: Keyspace }, liveness: Liveness = keyspace.liveness) {
  return log.compactNext(liveness, () => log.flush(), false, runAt(0, 3)) as Promise<CompactionResult>
}

test('what is in memory is copied from there: a file that was damaged since is whole again', async (t) => {
  const folder = temporaryFolder(t)
  const opened = await openKeyspace(folder, { cacheSize: 40 * 8192 })
  const { log, keyspace } = opened
  await write(opened, 40)
  const before = await stateDigest(keyspace)
  const { endOffset } = log
  const file = path.join(folder, log.segments[0]!.name)
  const bytes = fs.readFileSync(file)
  bytes[200]! ^= 1
  fs.writeFileSync(file, bytes)
  const made = await compactFirst(opened)
  assert.ok(made.recordsDropped > 5 && made.sizeAfter > 2000 && made.sizeAfter < 5000, JSON.stringify(made))
  assert.equal(log.compactionCounts.sizeRead, 0)
  assert.equal(await stateDigest(keyspace), before)
  await log.close()
  const again = await openKeyspace(folder)
  assert.equal(await stateDigest(again.keyspace), before)
  assert.equal(again.log.endOffset, endOffset)
  assert.ok(again.log.segments[0]!.generation > 0)
  // Now its segments are in their files only.
  await compactFirst(again)
  assert.ok(again.log.compactionCounts.sizeRead > 0)
  assert.equal(await stateDigest(again.keyspace), before)
  await again.log.close()
})

test('short records are left to the thread: to look at each would be the work', async (t) => {
  const opened = await openKeyspace(temporaryFolder(t))
  const { log, keyspace } = opened
  await write(opened, 400, 100)
  await log.compact(keyspace.liveness, () => log.flush())
  assert.ok(log.compactionCounts.sizeRead > 0)
  await log.close()
})

test('a batch so large that copying it would hold up the loop is left to the thread', async (t) => {
  const { log, keyspace } = await openKeyspace(temporaryFolder(t), { segmentSize: 8 << 20, cacheSize: 64 << 20 })
  const value = Buffer.alloc(5 << 20)
  for (let i = 0; i < 4; i++) {
    const key = Buffer.from(`key${i % 2}`)
    keyspace.begin(value.length + 1000)
    keyspace.find(key, 0, key.length)
    keyspace.put(key, 0, key.length, value, 0, value.length, 0)
    await log.flush()
  }
  await untilReady(log)
  const { recordsDropped } = await log.compact(keyspace.liveness, () => log.flush())
  assert.ok(recordsDropped > 0)
  assert.ok(log.compactionCounts.sizeRead > 0)
  await log.close()
})

test('memory from which is copied is not given up meanwhile', async (t) => {
  const opened = await openKeyspace(temporaryFolder(t), { cacheSize: 24 * 8192 })
  const { log, keyspace } = opened
  await write(opened, 40)
  const asked: boolean[] = []
  const liveness: Liveness = {
    moved: (...place) => keyspace.liveness.moved(...place),
    supersession: keyspace.liveness.supersession,
    isLive: (record) => {
      asked.push(log.segments.every((it) => it.number !== record.segmentNumber || it.isPinned))
      return keyspace.liveness.isLive(record)
    },
  }
  await compactFirst({ log, keyspace }, liveness)
  assert.equal(log.compactionCounts.sizeRead, 0)
  assert.ok(asked.length > 0 && asked.every((isPinned) => isPinned))
  assert.ok(log.segments.every(({ isPinned }) => !isPinned))
  const first = log.segments[0]!
  first.isPinned = true
  assert.notEqual(first.memory, null)
  await write(opened, 60)
  assert.notEqual(first.memory, null)
  first.isPinned = false
  await write(opened, 60)
  assert.equal(first.memory, null)
  await log.close()
})

test('the pace of the loop: bytes take the time that the rate gives them', async () => {
  let rate = 1 << 20
  let isStopped = false
  const pace = new LoopPace(
    () => isStopped,
    () => rate,
  )
  const began = performance.now()
  for (let i = 0; i < 10; i++) await pace.moved(10 * 1024)
  const tookMs = performance.now() - began
  assert.ok(tookMs >= 80, `100 KiB in ${tookMs} ms`)
  rate = 0
  await pace.moved(1e12)
  isStopped = true
  await assert.rejects(pace.moved(1), (error) => isFlinError(error, 'LOG_CLOSED'))
})
