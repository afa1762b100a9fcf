import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { FlinError } from '../../segments/errors.js'
import { KEY_SIZE_MAX } from '../../segments/format.js'
import { Log } from '../../segments/log.js'
import type { NewRecord } from '../../segments/log-record.js'
import type { ReplayedRecord } from '../../segments/recovery.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { logOptions } from '../helpers/log-session.js'
import { SimDisk } from '../helpers/sim-disk.js'

const plain = { noNullPrototype: true }
const records: fc.Arbitrary<NewRecord[]> = fc.array(
  fc.record(
    {
      kind: fc.nat(255),
      key: fc.uint8Array({ maxLength: 40 }),
      value: fc.uint8Array({ maxLength: 3000 }),
      isTombstone: fc.boolean(),
      datum: fc.maxSafeNat(),
      since: fc.maxSafeNat(),
      command: fc.nat(0xffff),
      collides: fc.boolean(),
    },
    { requiredKeys: ['kind', 'key'], ...plain },
  ),
  { minLength: 1, maxLength: 4 },
)

async function openLog(disk = new SimDisk({ isQuick: true })): Promise<Log> {
  const log = await Log.openOn(disk, logOptions({ cacheSize: 1 << 20 }))
  await log.replay(() => undefined)
  return log
}

/** A record with everything that may be left out. */
function complete({ kind, key, value, isTombstone, datum, command }: NewRecord) {
  return {
    kind,
    key: Buffer.from(key).toString('hex'),
    value: Buffer.from(value ?? []).toString('hex'),
    isTombstone: isTombstone ?? false,
    datum: datum ?? 0,
    command: command ?? 0,
  }
}

/** As FORMAT.md has the flags. */
function flagsOf({ isTombstone, collides, datum, since }: NewRecord): number {
  const bits = [isTombstone === true, collides === true, datum !== undefined, since !== undefined]
  return bits.reduce((flags, isSet, i) => flags | (Number(isSet) << i), 0)
}

test('what is appended is read by its place: at once, when it is committed, and after a restart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(records, { minLength: 1, maxLength: 6 }), async (groups) => {
      const disk = new SimDisk({ isQuick: true })
      const log = await openLog(disk)
      const expected: object[] = []
      const placed: { segmentNumber: number; position: number }[] = []
      const check = async (): Promise<void> => {
        for (const [i, place] of placed.entries()) {
          const { offset, timestampMs, ...found } = await log.read(place)
          assert.equal(offset, i)
          assert.ok(timestampMs >= 1_700_000_000_000)
          assert.deepEqual(complete(found), expected[i])
        }
      }
      for (const group of groups) {
        const appended = log.append(...group)
        assert.deepEqual(
          appended.map(({ offset }) => offset),
          group.map((_, i) => placed.length + i),
        )
        placed.push(...appended)
        expected.push(...group.map(complete))
        await check()
        await log.flush()
        await check()
      }
      await log.close()

      const replayed: ReplayedRecord[] = []
      const next = await Log.openOn(disk, logOptions({ cacheSize: 1 << 20 }))
      await next.replay((record) => void replayed.push({ ...record }))
      assert.equal(replayed.length, expected.length)
      assert.deepEqual(
        replayed.map(({ flags }) => flags),
        groups.flat().map(flagsOf),
      )
      for (const [i, { kind, datum, segmentNumber, position }] of replayed.entries()) {
        const found = await next.read({ segmentNumber, position })
        assert.deepEqual(complete(found), expected[i])
        assert.deepEqual([found.offset, found.kind, found.datum], [i, kind, datum])
      }
      await next.close()
    }),
    { numRuns: 40 },
  )
})

test('records that are appended together lie in one batch, however large', async () => {
  const log = await openLog()
  const [before] = log.append({ kind: 1, key: Buffer.from('before') })
  const many = Array.from({ length: 30 }, (_, i) => ({ kind: 1, key: Buffer.from(`k${i}`), value: Buffer.alloc(9000) }))
  const [first, ...others] = log.append(...many)
  await log.flush()
  assert.notEqual(
    first!.segmentNumber,
    before!.segmentNumber,
    'their size was foreseen: they have a segment of their own',
  )
  const { timestampMs } = await log.read(first!)
  for (const place of others) {
    assert.equal(place.segmentNumber, first!.segmentNumber)
    // The clock of these tests counts: one time means one batch.
    assert.equal((await log.read(place)).timestampMs, timestampMs)
  }
  await log.close()
})

const isTooLarge = (error: unknown) => error instanceof FlinError && error.code === 'KEY_TOO_LARGE'

test('a record that cannot be is refused with all that were to stand beside it', async () => {
  const log = await openLog()
  const good = { kind: 1, key: Buffer.from('good') }
  assert.throws(() => log.append(good, { kind: 1, key: Buffer.alloc(KEY_SIZE_MAX + 1) }), isTooLarge)
  for (const bad of [
    { kind: -1 },
    { kind: 256 },
    { kind: 1.5 },
    { kind: 1, command: 65_536 },
    { kind: 1, datum: -1 },
    { kind: 1, datum: 2 ** 53 },
    { kind: 1, since: NaN },
  ]) {
    assert.throws(() => log.append(good, { key: good.key, ...bad }), RangeError, JSON.stringify(bad))
  }
  assert.equal(log.endOffset, 0)
  assert.equal(log.isPending, false)
  log.append({ kind: 255, key: Buffer.alloc(KEY_SIZE_MAX), command: 65_535 })
  assert.equal(log.endOffset, 1)
  await log.close()
})

async function withOneRecord(t: TestContext): Promise<{ folder: string; first: number }> {
  const folder = temporaryFolder(t)
  const log = await Log.open(folder, { segmentSize: 4096 })
  await log.replay(() => undefined)
  const [place] = log.append({ kind: 1, key: Buffer.from('key'), value: Buffer.from('value') })
  await log.close()
  return { folder, first: place!.position }
}

test('a log takes no writes before its replay, nor when it is open for reading only; reading it then works', async (t) => {
  const { folder, first } = await withOneRecord(t)
  const isReadOnly = (error: unknown) => error instanceof FlinError && error.code === 'LOG_READ_ONLY'
  const log = await Log.open(folder, { segmentSize: 4096 })
  assert.throws(() => log.append({ kind: 1, key: Buffer.from('early') }), isReadOnly)
  await log.close()
  const reading = await Log.open(folder, { readOnly: true })
  const places: number[] = []
  await reading.replay(({ position }) => void places.push(position))
  assert.deepEqual(places, [first])
  assert.throws(() => reading.append({ kind: 1, key: Buffer.from('late') }), isReadOnly)
  const { key, value } = await reading.read({ segmentNumber: 0, position: first })
  assert.deepEqual([key.toString(), value.toString()], ['key', 'value'])
  await reading.close()
})

test('what has been read belongs to the reader', async () => {
  const log = await openLog()
  const [place] = log.append({ kind: 1, key: Buffer.from('key'), value: Buffer.from('value') })
  const first = await log.read(place!)
  first.key.fill(0)
  first.value.fill(0)
  const { key, value } = await log.read(place!)
  assert.deepEqual([key.toString(), value.toString()], ['key', 'value'])
  await log.close()
})

test('a place in no segment has no record', async () => {
  const log = await openLog()
  await assert.rejects(log.read({ segmentNumber: 7, position: 64 }), RangeError)
  await log.close()
})
