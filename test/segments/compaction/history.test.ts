import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { firstWithin, type History } from '../../../segments/compaction/history.js'
import { BATCH_HEADER_SIZE, type Log, NullDisk, readBatches, RecordView } from '../../../segments/index.js'
import { Segment } from '../../../segments/segment.js'
import type { Keyspace } from '../../../src/models/keyspace.js'
import { KIND } from '../../../src/models/kinds.js'
import { runAt, untilReady } from '../../helpers/compactions.js'
import { applyKeyStep, keySteps, type KeyStep } from '../../helpers/key-steps.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { TwinLogs } from '../../helpers/twin-logs.js'

interface Told {
  readonly offset: number
  readonly timestampMs: number
  readonly kind: number
  readonly key: string
  readonly isTombstone: boolean
  /** Bytes of the log up to its end. */
  readonly end: number
}

/** All records that a log holds, as its files have them. */
async function recordsOf(disk: SimDisk): Promise<Told[]> {
  const view = new RecordView()
  const records: Told[] = []
  let before = 0
  for await (const step of readBatches(disk)) {
    assert.ok(step.type === 'batch')
    let at = step.position + BATCH_HEADER_SIZE
    for (let i = 0; i < step.header.count; i++, at = view.next) {
      view.at(step.bytes, at)
      const offset = step.header.baseOffset + view.offsetDelta
      const { kind, isTombstone } = view
      const end = before + view.next - step.position
      records.push({
        offset,
        kind,
        isTombstone,
        end,
        timestampMs: step.header.timestampMs,
        key: view.key().toString(),
      })
    }
    before += step.header.size
  }
  return records
}

/** The first record behind a value, or an expiry, that takes its place or buries it; undefined while it is alive. */
function supersederOf(record: Told, records: readonly Told[]): Told | undefined {
  return records.find(
    (it) =>
      it.offset > record.offset &&
      (it.kind === KIND.floor || (it.key === record.key && (it.kind === KIND.string || it.kind === record.kind))),
  )
}

/** What an upsert must be there for: it is alive, or was when what lies within the window was written. */
function owed(records: readonly Told[], isWithin: (superseder: Told) => boolean): number[] {
  return records
    .filter((it) => !it.isTombstone)
    .filter((it) => {
      const superseder = supersederOf(it, records)
      return superseder === undefined || isWithin(superseder)
    })
    .map(({ offset }) => offset)
}

/** Which records the state is made of, after all up to an offset. */
function stateAt(records: readonly Told[], offset: number): string[] {
  const values = new Map<string, number>()
  const expiries = new Map<string, number>()
  for (const it of records) {
    if (it.offset > offset) break
    if (it.kind === KIND.floor) values.clear()
    if (it.kind !== KIND.expiry || it.isTombstone) expiries.delete(it.key)
    if (it.kind === KIND.floor) expiries.clear()
    if (it.kind === KIND.string && it.isTombstone) values.delete(it.key)
    if (it.kind === KIND.string && !it.isTombstone) values.set(it.key, it.offset)
    if (it.kind === KIND.expiry && !it.isTombstone && values.has(it.key)) expiries.set(it.key, it.offset)
  }
  return [...values, ...expiries].map(([key, at]) => `${key} ${at}`).sort()
}

type Step = KeyStep | { op: 'later' | 'all' | 'some' | 'clear' | 'reopen' }

const step: fc.Arbitrary<Step> = fc.oneof(
  ...keySteps(10, [0, 0, 0, 5_000_000]),
  { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('later' as const, 'all' as const, 'some' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('clear' as const, 'reopen' as const) }) },
)

fc.configureGlobal({ endOnFailure: process.env['FLIN_NO_SHRINKING'] === '1' })

const WINDOW_MS = 5000
const WINDOW_SIZE = 12_000

/** Two logs with the same life, of which one is compacted. */
async function live(history: History, steps: readonly Step[], seed: number): Promise<void> {
  let now = 1_700_000_000_000
  const twins = await TwinLogs.open({ now: () => now, history, segmentSize: 4096 })
  const { disk, plainDisk } = twins
  for (const [count, it] of steps.entries()) {
    if (it.op === 'later') now += 700
    await twins.apply(it)
    if (count % 3 === 0) await twins.flush()
    if (it.op === 'all' || it.op === 'some') {
      const { log, keyspace } = twins.first
      await twins.flush()
      await untilReady(log)
      const before = await recordsOf(disk)
      await compact(log, keyspace, it.op === 'all', (count + seed) % 7)
      check(history, before, await recordsOf(disk), await recordsOf(plainDisk), now)
    }
    if (it.op === 'reopen') {
      // What a side file says, the segment does, too.
      if (seed % 2 === 0) await twins.reopen(removeSideFiles)
      else await twins.reopen()
    }
  }
  await twins.compare()
}

async function removeSideFiles(disk: SimDisk): Promise<void> {
  for (const name of await disk.list()) if (name.endsWith('.side')) await disk.remove(name)
}

async function compact(log: Log, { liveness }: Keyspace, isAll: boolean, at: number): Promise<void> {
  if (isAll) await log.compact(liveness, () => log.flush())
  else await log.compactNext(liveness, () => log.flush(), false, runAt(at / 7, 1 + (at % 3)))
}

function check(history: History, before: Told[], after: Told[], all: Told[], now: number): void {
  const left = new Set(after.map(({ offset }) => offset))
  const end = all.at(-1)?.offset ?? 0
  const missing = (offsets: readonly number[]): number[] => offsets.filter((offset) => !left.has(offset))
  if (history === 'forever') assert.deepEqual(after, before)
  else if (history !== 'none' && 'ms' in history) {
    const isWithin = ({ timestampMs }: Told): boolean => timestampMs >= now - history.ms
    // Time only goes on: whatever is owed now was owed at each compaction before.
    assert.deepEqual(missing(owed(all, isWithin)), [])
    const since = all.find(isWithin)?.offset ?? end
    for (let offset = since; offset <= end; offset++) assert.deepEqual(stateAt(after, offset), stateAt(all, offset))
  } else if (history !== 'none') {
    const isWithin = ({ end: at }: Told): boolean => before.at(-1)!.end - at < history.size
    assert.deepEqual(missing(owed(before, isWithin)), [])
  }
  assert.deepEqual(stateAt(after, end), stateAt(all, end))
}

const HISTORIES: readonly History[] = [{ ms: WINDOW_MS }, { size: WINDOW_SIZE }, 'forever', 'none']
for (const history of HISTORIES) {
  test(`what has been superseded within the window is there after any compaction, and the state is the same: ${JSON.stringify(history)}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 160, size: 'max' }), fc.nat(), (steps, seed) =>
        live(history, steps, seed),
      ),
      { numRuns: typeof history === 'string' ? 5 : Number(process.env['FLIN_HISTORIES'] ?? 6) },
    )
  })
}

test('a value that had an expiry time long ago stays as long as what replaces it is within the window', async () => {
  const others = Array.from({ length: 10 }, (_, key): Step => ({ op: 'set', key: key + 1, size: 1000, ttl: 0 }))
  const later = Array.from({ length: 10 }, (): Step => ({ op: 'later' }))
  const replaced: Step = { op: 'set', key: 0, size: 500, ttl: 0 }
  const steps: Step[] = [replaced, { op: 'expire', key: 0 }, ...others, ...later, replaced, ...others, { op: 'all' }]
  await live({ ms: WINDOW_MS }, steps, 0)
})

async function overwritten(keyspace: Keyspace, rounds: number, from = 0): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let key = 0; key < 10; key++) await applyKeyStep(keyspace, { op: 'set', key, size: 500, ttl: 0 }, from + round)
    await keyspace.log.flush()
  }
  await untilReady(keyspace.log)
}

test('what has left the window goes: the log does not grow for ever under keys that are always written', async () => {
  const disk = new SimDisk({ isQuick: true })
  let now = 1_700_000_000_000
  const { log, keyspace } = await openKeyspace(disk, { now: () => now, history: { ms: 10_000 } })
  let largest = 0
  let runs = 0
  for (let round = 0; round < 60; round++) {
    now += 1000
    await overwritten(keyspace, 1, round)
    // By itself, as the daemon has it: it begins nothing that gives nothing back.
    while ((await log.compactNext(keyspace.liveness, () => log.flush())) !== null) assert.ok(runs++ < 300)
    largest = Math.max(largest, log.size)
  }
  // A round is about 5,500 bytes: eleven are within the window, what is alive among them.
  assert.ok(largest > 10 * 5500, String(largest))
  assert.ok(largest < 28 * 5500, String(largest))
  now += 20_000
  await overwritten(keyspace, 3)
  await log.compact(keyspace.liveness, () => log.flush())
  assert.ok(log.size < 6 * 5500, String(log.size))
  await log.close()
})

test('a tombstone stays with what it buries, and both go when the window has passed', async () => {
  let now = 1_700_000_000_000
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk, { now: () => now, history: { ms: 10_000 } })
  const compactAll = async (): Promise<number> => {
    await untilReady(log)
    await log.compact(keyspace.liveness, () => log.flush())
    return (await recordsOf(disk)).filter(({ key }) => key === 'key-0' || key.endsWith('0')).length
  }
  // The last of them begins the segment in which the tombstone will lie.
  for (const key of [0, 7, 8]) await applyKeyStep(keyspace, { op: 'set', key, size: 3000, ttl: 0 }, 1)
  await log.flush()
  now += 60_000
  await applyKeyStep(keyspace, { op: 'del', key: 0 }, 2)
  for (let key = 1; key < 9; key++) await applyKeyStep(keyspace, { op: 'set', key, size: 3000, ttl: 0 }, 3)
  await log.flush()
  const kept = await compactAll()
  assert.equal(kept, 2)
  now += 60_000
  // What it buries has been kept, so the tombstone may not go alone, though its own segment is looked at first.
  await log.compactNext(
    keyspace.liveness,
    () => log.flush(),
    false,
    (segments) => ({ start: segments.findIndex(({ endOffset }) => endOffset > 3), count: 1 }),
  )
  assert.equal((await recordsOf(disk)).filter(({ offset }) => offset === 0 || offset === 3).length, 2)
  for (let key = 1; key < 9; key++) await applyKeyStep(keyspace, { op: 'set', key, size: 3000, ttl: 0 }, 4)
  await log.flush()
  await compactAll()
  assert.equal(await compactAll(), 0)
  await log.close()
})

test('it can be set while the log is open, gives way when space is short unless it is for ever, and works in memory', async () => {
  const { log, keyspace } = await openKeyspace(new NullDisk(), { memorySizeMax: 1 << 22, history: 'forever' })
  await overwritten(keyspace, 10)
  const { size } = log
  const next = (isPressed: boolean) => log.compactNext(keyspace.liveness, () => log.flush(), isPressed)
  assert.equal(await next(true), null)
  log.history = { ms: 1_000_000 }
  assert.equal(await next(false), null)
  assert.equal(log.size, size)
  assert.ok((await next(true)) !== null)
  assert.ok(log.size < size)
  log.history = 'none'
  while ((await next(false)) !== null);
  assert.ok(log.size < size / 2)
  await log.close()
})

test('where the window begins', () => {
  const segments = [0, 1, 2, 3].map((i) => {
    const segment = new Segment(i, i * 10, 0)
    return Object.assign(segment, { sealed: i < 3, size: 1000, lastTimestampMs: i * 100 })
  })
  const first = (history: History): number => firstWithin(history, segments, 300)
  assert.equal(first('none'), 4)
  assert.equal(first('forever'), 0)
  assert.deepEqual(
    [0, 99, 100, 101, 200, 300].map((ms) => first({ ms })),
    [3, 3, 2, 2, 1, 0],
  )
  assert.deepEqual(
    [0, 1, 1000, 1001, 2001, 4000].map((size) => first({ size })),
    [3, 3, 3, 2, 1, 0],
  )
})
