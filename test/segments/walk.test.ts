import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readHeader, sealBatch } from '../../segments/batch.js'
import { aligned, BATCH_HEADER_SIZE, BATCH_MAGIC, HEADER, RECORD_HEADER_SIZE } from '../../segments/format.js'
import { writeU32 } from '../../segments/record.js'
import { isZero, lastNonZero, walkSegment, type Damage, type Step } from '../../segments/walk.js'
import { batchOf } from '../helpers/batch-bytes.js'

const SEED = 0x1234_5678
const BASE = 0x1_0000_0010

/** A batch to be made: the values of its records, and how far behind its own start the log was durable. */
interface Plan {
  readonly values: readonly Uint8Array[]
  /** Durable offset, counted back from the batch's first one. */
  readonly lag: number
  /** Offsets left out before the batch, as compaction leaves them. */
  readonly gap: number
}

interface Batch {
  readonly position: number
  readonly size: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly durableOffset: number
}

/** Lays batches one behind the other, as the appender does, with `room` zeroes behind them. */
function segmentOf(
  plans: readonly Plan[],
  room: number,
  seed = SEED,
): { bytes: Buffer; batches: Batch[]; end: number } {
  const parts: Buffer[] = []
  const batches: Batch[] = []
  let position = 0
  let offset = BASE
  for (const { values, lag, gap } of plans) {
    offset += gap
    const durableOffset = Math.max(0, offset - lag)
    const bytes = batchOf(values, offset, durableOffset, seed)
    const lastOffset = offset + values.length - 1
    batches.push({ position, size: bytes.length, baseOffset: offset, lastOffset, durableOffset })
    parts.push(bytes)
    position += bytes.length
    offset = lastOffset + 1
  }
  return { bytes: Buffer.concat([...parts, Buffer.alloc(room)]), batches, end: position }
}

function walk(bytes: Buffer, end = bytes.length, firstOffset = BASE): Step[] {
  return [...walkSegment(bytes, 0, end, SEED, firstOffset)]
}

/** Steps in brief: positions of intact batches, and damages as they are. */
function brief(steps: readonly Step[]): (number | Damage)[] {
  return steps.map((step) => (step.type === 'batch' ? step.position : step.damage))
}

/** What a walk must say when batch `k`, and nothing else, is not what was written; found without looking at bytes. */
function expected(batches: readonly Batch[], k: number, damagedEnd: number): (number | Damage)[] {
  const { position } = batches[k]!
  const firstOffset = k === 0 ? BASE : batches[k - 1]!.lastOffset + 1
  const behind = batches.slice(k + 1)
  const damage: Damage = {
    position,
    size: (behind[0]?.position ?? damagedEnd) - position,
    firstOffset,
    endOffset: behind[0]?.baseOffset ?? null,
    vouched: behind.some((it) => it.durableOffset > firstOffset),
  }
  return [...batches.slice(0, k).map((it) => it.position), damage, ...behind.map((it) => it.position)]
}

const plans = fc.array(
  fc.record({
    values: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
    lag: fc.nat(6),
    gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
  }),
  { minLength: 1, maxLength: 6 },
)

test('an intact segment is its batches, and zeroes behind them end it', () => {
  fc.assert(
    fc.property(plans, fc.nat(12), (some, room) => {
      const { bytes, batches } = segmentOf(some, room * 8)
      const steps = walk(bytes)
      assert.deepEqual(
        brief(steps),
        batches.map((it) => it.position),
      )
      steps.forEach((step, i) => {
        assert.ok(step.type === 'batch')
        const { baseOffset, lastOffset, durableOffset, size } = batches[i]!
        const { header } = step
        assert.deepEqual(
          [header.baseOffset, header.lastOffset, header.durableOffset, header.size],
          [baseOffset, lastOffset, durableOffset, size],
        )
      })
    }),
  )
})

const THREE: Plan[] = [
  { values: [Buffer.from('one'), Buffer.from('two')], lag: 0, gap: 0 },
  { values: [Buffer.from('three')], lag: 1, gap: 0 },
  { values: [], lag: 0, gap: 0 },
  { values: [Buffer.from('four'), Buffer.alloc(20)], lag: 3, gap: 2 },
]

test('every flipped bit of a segment is damage of the batch in which it lies, and of no other', () => {
  const { bytes, batches, end } = segmentOf(THREE, 64)
  for (let bit = 0; bit < end * 8; bit++) {
    const at = bit >> 3
    bytes[at]! ^= 1 << (bit & 7)
    const k = batches.findIndex((it) => at < it.position + it.size)
    assert.deepEqual(brief(walk(bytes)), expected(batches, k, lastNonZero(bytes, 0, bytes.length)), `bit ${bit}`)
    bytes[at]! ^= 1 << (bit & 7)
  }
})

test('a flipped bit in the zeroes behind the last batch is damage that nothing vouches for', () => {
  const { bytes, batches, end } = segmentOf(THREE, 32)
  for (let at = end; at < end + 32; at++) {
    bytes[at] = 1
    const steps = brief(walk(bytes))
    const firstOffset = batches.at(-1)!.lastOffset + 1
    const damage = { position: end, size: at + 1 - end, firstOffset, endOffset: null, vouched: false }
    assert.deepEqual(steps, [...batches.map((it) => it.position), damage], `byte ${at}`)
    bytes[at] = 0
  }
})

test('every truncation leaves the batches before it, and what is cut off is torn', () => {
  const { bytes, batches, end } = segmentOf(THREE, 0)
  for (let size = 0; size <= end; size++) {
    const cut = Buffer.alloc(aligned(size))
    bytes.copy(cut, 0, 0, size)
    // A batch that ends in zeroes is whole before its last byte is there.
    const isWhole = (it: Batch) => {
      const stop = it.position + it.size
      return stop <= cut.length && bytes.compare(cut, it.position, stop, it.position, stop) === 0
    }
    const whole = batches.filter(isWhole)
    const rest = whole.at(-1)
    const from = rest === undefined ? 0 : rest.position + rest.size
    const steps = brief(walk(cut))
    assert.deepEqual(
      steps.slice(0, whole.length),
      whole.map((it) => it.position),
    )
    if (isZero(cut, from, cut.length)) assert.equal(steps.length, whole.length)
    else {
      const damage = steps[whole.length] as Damage
      assert.equal(steps.length, whole.length + 1)
      assert.deepEqual([damage.position, damage.endOffset, damage.vouched], [from, null, false])
      assert.equal(damage.position + damage.size, lastNonZero(cut, 0, cut.length))
    }
  }
})

test('any damaged batch of any segment is told as a naive reading tells it', () => {
  fc.assert(
    fc.property(plans, fc.nat(), fc.nat(), fc.nat(7), (some, which, where, bit) => {
      const { bytes, batches } = segmentOf(some, 40)
      const k = which % batches.length
      const { position, size } = batches[k]!
      bytes[position + (where % size)]! ^= 1 << bit
      assert.deepEqual(brief(walk(bytes)), expected(batches, k, lastNonZero(bytes, 0, bytes.length)))
    }),
    { numRuns: 300 },
  )
})

test('damage of several batches in a row is one damage', () => {
  const { bytes, batches } = segmentOf(THREE, 0)
  bytes[batches[0]!.position + 20]! ^= 1
  bytes[batches[1]!.position + 70]! ^= 1
  const vouched = batches.slice(2).some((it) => it.durableOffset > BASE)
  const damage = {
    position: 0,
    size: batches[2]!.position,
    firstOffset: BASE,
    endOffset: batches[2]!.baseOffset,
    vouched,
  }
  assert.deepEqual(brief(walk(bytes)), [damage, batches[2]!.position, batches[3]!.position])
})

test('evidence comes from any batch behind the damage, not from the next one only', () => {
  const values = [Buffer.from('v')]
  const some = [0, 9, 9, 9].map((lag) => ({ values, lag, gap: 0 }))
  const silent = segmentOf(some, 0)
  silent.bytes[silent.batches[1]!.position + 64]! ^= 1
  assert.equal((brief(walk(silent.bytes))[1] as Damage).vouched, false)

  const telling = segmentOf([...some.slice(0, 3), { values, lag: 0, gap: 0 }], 0)
  telling.bytes[telling.batches[1]!.position + 64]! ^= 1
  assert.equal((brief(walk(telling.bytes))[1] as Damage).vouched, true)
})

test('what is durable up to the damage, and no further, vouches for nothing in it', () => {
  const values = [Buffer.from('v')]
  for (const [lag, vouched] of [
    [2, false],
    [1, true],
  ] as const) {
    // The damaged batch holds BASE + 1 and BASE + 2; the one behind it, BASE + 3, says BASE + 3 - lag.
    const { bytes, batches } = segmentOf(
      [
        { values, lag: 9, gap: 0 },
        { values: [values[0]!, values[0]!], lag: 9, gap: 0 },
        { values, lag, gap: 0 },
      ],
      0,
    )
    bytes[batches[1]!.position + 64]! ^= 1
    assert.equal((brief(walk(bytes))[1] as Damage).vouched, vouched)
  }
})

test('a batch inside a value does not pass for the continuation: not an older one, not one of another log', () => {
  const older = batchOf([Buffer.from('old')], BASE - 5, BASE - 5, SEED)
  const current = batchOf([Buffer.from('same')], BASE, BASE, SEED)
  const foreign = batchOf([Buffer.from('foreign')], BASE + 50, BASE + 50, SEED ^ 1)
  for (const inner of [older, current, foreign]) {
    const { bytes, batches } = segmentOf(
      [
        { values: [Buffer.from('first')], lag: 0, gap: 0 },
        // 16 bytes of the record's header in front, so the value lies where a batch could.
        { values: [inner], lag: 0, gap: 0 },
        { values: [Buffer.from('last')], lag: 9, gap: 0 },
      ],
      0,
    )
    assert.deepEqual(
      brief(walk(bytes)),
      batches.map((it) => it.position),
    )
    bytes[batches[1]!.position + HEADER.size]! ^= 1
    assert.deepEqual(brief(walk(bytes)), expected(batches, 1, 0))
  }
})

test('the header alone tells that a batch is one of another log', () => {
  for (const values of [[], [Buffer.from('value')]]) {
    const batch = batchOf(values, BASE, BASE, SEED)
    assert.equal(readHeader(batch, 0, batch.length, SEED)?.baseOffset, BASE)
    assert.equal(readHeader(batch, 0, batch.length, SEED ^ 1), null)
  }
})

test('the magic without a batch behind it misleads nobody', () => {
  const { bytes, batches, end } = segmentOf(THREE, 4096)
  for (let at = end; at < bytes.length; at += 8) writeU32(bytes, BATCH_MAGIC, at)
  const damage = {
    position: end,
    size: 4096 - 4,
    firstOffset: batches.at(-1)!.lastOffset + 1,
    endOffset: null,
    vouched: false,
  }
  assert.deepEqual(brief(walk(bytes)), [...batches.map((it) => it.position), damage])
})

test('a batch that lies about its records is no batch, though its checksums hold', () => {
  const bytes = Buffer.concat([batchOf([Buffer.from('a')], BASE, 0, SEED), Buffer.alloc(64)])
  writeU32(bytes, 1000, BATCH_HEADER_SIZE)
  const size = BATCH_HEADER_SIZE + aligned(RECORD_HEADER_SIZE + 1)
  const header = { size, baseOffset: BASE, lastOffset: BASE, count: 1, epoch: 1, timestampMs: 5, durableOffset: 0 }
  sealBatch(bytes, 0, header, SEED)
  assert.equal(walk(bytes)[0]?.type, 'damage')
})

test('nothing behind the end is looked at', () => {
  const { bytes, batches } = segmentOf(THREE, 0)
  const end = batches[1]!.position
  assert.deepEqual(brief(walk(bytes, end)), [0])
})

test('the last byte that is not zero, wherever it is', () => {
  const chunk = 64 * 1024
  const bytes = Buffer.alloc(3 * chunk + 100)
  for (const start of [0, 1, 7, chunk - 1, chunk, chunk + 1]) {
    for (const end of [start, start + 1, chunk + 1, 2 * chunk, 2 * chunk + start, bytes.length]) {
      if (end < start) continue
      assert.equal(lastNonZero(bytes, start, end), start)
      assert.ok(isZero(bytes, start, end))
      for (const at of [start, start + 1, end - chunk - 1, end - chunk, end - chunk + 1, end - 2, end - 1]) {
        if (at < start || at >= end) continue
        bytes[at] = 1
        assert.equal(lastNonZero(bytes, start, end), at + 1, `${at} in ${start}..${end}`)
        assert.ok(!isZero(bytes, start, end))
        bytes[at] = 0
      }
      // Bytes around the range do not count.
      if (start > 0) bytes[start - 1] = 1
      if (end < bytes.length) bytes[end] = 1
      assert.ok(isZero(bytes, start, end))
      bytes.fill(0, Math.max(0, start - 1), Math.min(bytes.length, end + 1))
    }
  }
})
