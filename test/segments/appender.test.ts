import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BATCH_SIZE_MAX, KEY_SIZE_MAX, RECORD_FLAG, SEGMENT_SIZE_LIMIT } from '../../segments/format.js'
import { type LogStep, readBatches } from '../../segments/inspect.js'
import { Log } from '../../segments/log.js'
import { RecordView } from '../../segments/record.js'
import { isFlinError, logOptions } from '../helpers/log-session.js'
import { SimDisk } from '../helpers/sim-disk.js'

const NOTHING = Buffer.alloc(0)

async function opened(segmentSize = 1 << 20): Promise<{ disk: SimDisk; log: Log }> {
  const disk = new SimDisk({ isQuick: true })
  const log = await Log.openOn(disk, logOptions({ segmentSize, cacheSize: 1 << 24 }))
  await log.replay(() => undefined)
  return { disk, log }
}

interface Fields {
  readonly flags?: number
  readonly datum?: number
  readonly since?: number
}

/** Appends a record that `begin` has been told of. */
function append(
  { appender }: Log,
  key: Buffer,
  value: Buffer,
  { flags = 0, datum = 0, since = 0 }: Fields = {},
): number {
  return appender.append(1, flags, 16, datum, since, 11, 12, key, 0, key.length, value, 0, value.length)
}

async function batchesOn(disk: SimDisk): Promise<(LogStep & { type: 'batch' })[]> {
  const batches: (LogStep & { type: 'batch' })[] = []
  for await (const step of readBatches(disk)) {
    assert.ok(step.type === 'batch')
    batches.push({ ...step, bytes: Buffer.from(step.bytes) })
  }
  return batches
}

test('records are read back field by field, whatever they have', async () => {
  const { disk, log } = await opened()
  const key = Buffer.from('key')
  const cases: readonly (Fields & { readonly value: Buffer })[] = [
    { value: NOTHING },
    { value: Buffer.from('v') },
    { value: Buffer.alloc(5000, 7), flags: RECORD_FLAG.since, since: 2 ** 40 + 3 },
    { value: NOTHING, flags: RECORD_FLAG.datum | RECORD_FLAG.tombstone, datum: 2 ** 52 + 1 },
    { value: Buffer.from('both'), flags: RECORD_FLAG.datum | RECORD_FLAG.since, datum: 5, since: 6 },
  ]
  const offsets = cases.map((it) => {
    log.appender.begin(6000)
    return append(log, key, it.value, it)
  })
  assert.deepEqual(offsets, [0, 1, 2, 3, 4])
  await log.flush()
  const [batch] = await batchesOn(disk)
  const view = new RecordView()
  let at = batch!.position + 64
  for (const { value, flags = 0, datum, since } of cases) {
    view.at(batch!.bytes, at)
    assert.deepEqual([view.kind, view.flags, view.command], [1, flags, 16])
    assert.deepEqual([view.key(), Buffer.from(view.value())], [key, value])
    if (datum !== undefined) assert.equal(view.datum, datum)
    if (since !== undefined) assert.equal(view.since, since)
    at = view.next
  }
  assert.equal(at, batch!.position + batch!.header.size)
  await log.close()
})

describe('how records become batches', () => {
  test('what is appended between two commits is one batch, up to its size', async () => {
    const { disk, log } = await opened()
    const value = Buffer.alloc(1000)
    for (let i = 0; i < 200; i++) {
      log.appender.begin(1100)
      append(log, Buffer.from(`key${i}`), value)
    }
    await log.flush()
    const batches = await batchesOn(disk)
    assert.equal(batches.length, 4)
    for (const { header } of batches) assert.ok(header.size <= BATCH_SIZE_MAX)
    assert.equal(
      batches.reduce((count, { header }) => count + header.count, 0),
      200,
    )
    await log.close()
  })

  test('one command stays in one batch, however large, and an atomic stretch of commands as well', async () => {
    const { disk, log } = await opened()
    log.appender.begin(150_000)
    for (let i = 0; i < 3; i++) append(log, Buffer.from(`key${i}`), Buffer.alloc(49_000))
    await log.flush()
    log.appender.begin(1000)
    log.appender.isAtomic = true
    for (let i = 0; i < 100; i++) {
      log.appender.begin(1000)
      append(log, Buffer.from(`key${i}`), Buffer.alloc(900))
    }
    log.appender.isAtomic = false
    await log.flush()
    assert.deepEqual(
      (await batchesOn(disk)).map(({ header }) => header.count),
      [3, 100],
    )
    await log.close()
  })

  test('a stretch that turns out longer than was foreseen makes the segment longer, not two batches', async () => {
    const { disk, log } = await opened(4096)
    log.appender.begin(100)
    log.appender.isAtomic = true
    for (let i = 0; i < 30; i++) {
      log.appender.begin(1000)
      append(log, Buffer.from(`key${i}`), Buffer.alloc(900, i))
    }
    log.appender.isAtomic = false
    await log.flush()
    assert.deepEqual(
      (await batchesOn(disk)).map(({ header }) => header.count),
      [30],
    )
    await log.close()
  })

  test('the open batch tells offset and time of its records before it is closed', async () => {
    const { log } = await opened()
    log.appender.begin(1000)
    append(log, Buffer.from('a'), NOTHING)
    append(log, Buffer.from('b'), NOTHING)
    const { segmentNumber, position } = log.appender
    const open = log.locate(segmentNumber, position)
    assert.equal(open?.offset, 1)
    await log.flush()
    assert.deepEqual(log.locate(segmentNumber, position), open)
    await log.close()
  })
})

describe('what is refused, leaving nothing behind', () => {
  test('a key that is too long', async () => {
    const { log } = await opened()
    log.appender.begin(100_000)
    assert.throws(
      () => append(log, Buffer.alloc(KEY_SIZE_MAX + 1), NOTHING),
      (error) => isFlinError(error, 'KEY_TOO_LARGE'),
    )
    assert.deepEqual([log.endOffset, log.isPending, log.undurableSize], [0, false, 0])
    assert.equal(append(log, Buffer.alloc(KEY_SIZE_MAX), NOTHING), 0)
    await log.close()
  })

  test('a command that no segment could hold', async () => {
    const { log } = await opened()
    assert.throws(
      () => log.appender.begin(SEGMENT_SIZE_LIMIT / 2 + 1),
      (error) => isFlinError(error, 'RECORD_TOO_LARGE'),
    )
    assert.deepEqual([log.endOffset, log.isPending, log.segments.length], [0, false, 1])
    await log.close()
  })
})

test('memory that served another segment leaves nothing of it in the next one', async () => {
  // The cache holds so little that segments give their memory up and the next ones take it.
  const disk = new SimDisk({ isQuick: true })
  const log = await Log.openOn(disk, logOptions({ cacheSize: 0 }))
  await log.replay(() => undefined)
  for (let i = 0; i < 300; i++) {
    log.appender.begin(500)
    // Sizes that leave pads of every length.
    append(log, Buffer.from(`k${i}`), Buffer.alloc(300 + (i % 8), 0xff))
    await log.flush()
    await new Promise(setImmediate)
  }
  await log.close()
  const view = new RecordView()
  for (const { bytes, position, header } of await batchesOn(disk)) {
    let at = position + 64
    for (let i = 0; i < header.count; i++, at = view.next) {
      view.at(bytes, at)
      assert.ok(
        bytes.subarray(view.valueEnd, view.next).every((byte) => byte === 0),
        'a pad holds old bytes',
      )
    }
  }
})

test('a value with room for more: what it had, zeroes, and what fills it, whatever the memory held before', async () => {
  const { disk, log } = await opened()
  const { appender } = log
  const key = Buffer.from('key')
  const given = Buffer.from('given')
  appender.begin(1000)
  appender.active.memory!.fill(0xff, appender.active.size)
  for (const [at, wanted] of [
    [9, 'value\0\0\0\0given'],
    [5, 'valuegiven'],
    [2, 'vagiven'],
  ] as const) {
    const old = Buffer.from('value')
    const room = Math.max(0, at + given.length - old.length)
    appender.append(1, 0, 16, 0, 0, 11, 12, key, 0, key.length, old, 0, old.length, room)
    appender.fillValue(old.length, at, given, 0, given.length)
    const view = new RecordView().at(appender.active.memory!, appender.position)
    assert.equal(view.value().toString(), wanted)
  }
  await log.flush()
  const [batch] = await batchesOn(disk)
  assert.equal(batch!.header.count, 3)
  await log.close()
})
