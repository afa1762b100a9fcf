import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Liveness } from '../../../segments/compaction/liveness.js'
import { CONTROL, ThreadPace } from '../../../segments/compaction/pace.js'
import { ThreadRewriter } from '../../../segments/compaction/thread-rewriter.js'
import { isFlinError } from '../../helpers/log-session.js'
import { untilReady } from '../../helpers/compactions.js'
import { temporaryFolder } from '../../helpers/daemon.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { until } from '../../helpers/until.js'

/** A log in a folder with some sealed segments, of which most is dead, in records too small to be rewritten from memory. */
async function filled(folder: string) {
  const opened = await openKeyspace(folder, { fsync: 'no' })
  const { log, keyspace } = opened
  for (let i = 0; i < 80; i++) {
    const key = Buffer.from(`key${i % 20}`)
    keyspace.begin(1000)
    keyspace.find(key, 0, key.length)
    keyspace.put(key, 0, key.length, Buffer.alloc(500, i), 0, 500, 0)
  }
  await log.flush()
  await log.sync()
  await untilReady(log)
  return opened
}

test('a failure of the models in a decision is told as it was, and leaves the log as it was', async (t) => {
  const folder = temporaryFolder(t)
  const { log, keyspace } = await filled(folder)
  const failure = new Error('the model is wrong')
  const liveness: Liveness = {
    isLive: () => {
      throw failure
    },
    moved: () => false,
    supersession: keyspace.liveness.supersession,
  }
  const { segments } = log.manifest
  await assert.rejects(
    log.compact(liveness, () => log.sync()),
    failure,
  )
  assert.deepEqual(log.manifest.segments, segments)
  assert.equal(log.poison, null)
  const { recordsDropped } = await log.compact(keyspace.liveness, () => log.sync())
  assert.ok(recordsDropped > 0)
  await log.close()
})

test('what the disk says no to in the thread has its code, and the next compaction works', async (t) => {
  const folder = temporaryFolder(t)
  const { log, keyspace } = await filled(folder)
  const blocked = path.join(folder, '00000000000000000000-0001.seg')
  fs.mkdirSync(blocked)
  await assert.rejects(
    log.compact(keyspace.liveness, () => log.sync()),
    (error) => error instanceof Error && 'code' in error && error.code === 'EISDIR',
  )
  fs.rmdirSync(blocked)
  assert.ok((await log.compact(keyspace.liveness, () => log.sync())).recordsDropped > 0)
  await log.close()
})

test('a damaged segment is named, and not touched', async (t) => {
  const folder = temporaryFolder(t)
  const { log, keyspace } = await filled(folder)
  const file = path.join(folder, log.segments[0]!.name)
  const bytes = fs.readFileSync(file)
  bytes[200]! ^= 1
  fs.writeFileSync(file, bytes)
  await assert.rejects(
    log.compact(keyspace.liveness, () => log.sync()),
    (error) => isFlinError(error, 'LOG_CORRUPT') && error.message.includes(log.segments[0]!.name),
  )
  assert.ok(log.segments[0]!.isDamaged)
  assert.ok(fs.readFileSync(file).equals(bytes))
  assert.equal((await log.compact(keyspace.liveness, () => log.sync())).recordsDropped, 0)
  await log.close()
})

test('closing ends a compaction that its rate would keep for hours', async (t) => {
  const folder = temporaryFolder(t)
  const { log, keyspace } = await filled(folder)
  log.setCompactionRate(1024)
  const ended = assert.rejects(
    log.compact(keyspace.liveness, () => log.sync()),
    (error) => isFlinError(error, 'LOG_CLOSED'),
  )
  await until('it is under way', () => log.isCompacting)
  await log.close()
  await ended
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.includes('-0001.')),
    [],
  )
})

test('the pace of a thread: bytes take the time that the rate gives them', async () => {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL.count * 4))
  const pace = new ThreadPace(control)
  control[CONTROL.rate] = 1024 // a MiB a second
  const began = performance.now()
  for (let i = 0; i < 10; i++) await pace.moved(10 * 1024)
  const tookMs = performance.now() - began
  assert.ok(tookMs >= 80, `100 KiB in ${tookMs} ms`)
  control[CONTROL.rate] = 0
  await pace.moved(1e12)
  control[CONTROL.stop] = 1
  await assert.rejects(pace.moved(1), (error) => isFlinError(error, 'LOG_CLOSED'))
  await assert.rejects(pace.worked(), (error) => isFlinError(error, 'LOG_CLOSED'))
})

test('a thread that is idle ends, with its memory; the next run begins another', async (t) => {
  const folder = temporaryFolder(t)
  const rewriter = new ThreadRewriter(folder, [1, 2], 5)
  t.after(() => rewriter.close())
  const missing = { name: '00000000000000000000-0000.seg', baseOffset: 0, size: 64, memory: null, isTrusted: false }
  const range = { baseOffset: 0, generation: 1, endOffset: 1, firstTimestampMs: 0, lastTimestampMs: 0, lastEpoch: 1 }
  const task = {
    ...range,
    seed: 0,
    sources: [missing],
    mayVanish: true,
    isResident: false,
    hasFile: true,
    history: null,
  }
  const asked = { decide: () => Promise.resolve(new Uint8Array(0)), makeRoom: () => Promise.resolve() }
  for (let run = 0; run < 2; run++) {
    const failing = rewriter.rewrite(task, asked)
    assert.ok(rewriter.hasThread)
    await assert.rejects(failing, { code: 'ENOENT' })
    await until('the thread has ended', () => !rewriter.hasThread)
  }
})
