import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RestartColumns, SPARSE_STEP, SparseIndex } from '../../segments/restart-columns.js'

const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const row = fc.record({
  hi: int32,
  lo: int32,
  position: fc.nat(0xffff_ffff),
  kind: fc.nat(255),
  flags: fc.nat(255),
  datum: fc.option(fc.maxSafeNat(), { nil: null }),
})

test('columns hold what was added, in order, from any capacity on', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), fc.nat(20), (rows, capacity) => {
      const columns = new RestartColumns(capacity)
      for (const { hi, lo, position, kind, flags, datum } of rows) {
        columns.add(hi, lo, position, kind, flags)
        if (datum !== null) columns.addDatum(datum)
      }
      assert.equal(columns.count, rows.length)
      let next = 0
      rows.forEach(({ hi, lo, position, kind, flags, datum }, i) => {
        assert.deepEqual([columns.words[i * 3], columns.words[i * 3 + 1]], [hi, lo])
        assert.equal(columns.words[i * 3 + 2]! >>> 0, position)
        assert.equal(columns.kinds[i]! & 0xff, kind)
        assert.equal(columns.kinds[i]! >>> 8, flags)
        if (datum === null) return
        assert.deepEqual([columns.datumRecords[next], columns.data[next]], [i, datum])
        next++
      })
      assert.equal(columns.datumCount, next)
    }),
  )
})

/** Batches as they lie in a segment: sizes and record counts; a count of 0 is a batch that only vouches. */
const batches = fc.array(fc.record({ size: fc.integer({ min: 8, max: 1200 }).map((n) => n * 8), count: fc.nat(5) }), {
  minLength: 1,
  maxLength: 150,
})

test('the sparse index keeps the first batch, and every batch starts less than a step behind an entry', () => {
  fc.assert(
    fc.property(batches, fc.nat(3), (all, capacity) => {
      const { sparse, starts } = indexOf(all, capacity)
      assert.equal(sparse.positions[0], 0)
      for (let i = 1; i < sparse.count; i++) {
        assert.ok(sparse.positions[i]! - sparse.positions[i - 1]! >= SPARSE_STEP)
      }
      for (const { position } of starts) {
        const entry = sparse.entryOf(position)
        assert.ok(position >= sparse.positions[entry]! && position - sparse.positions[entry]! < SPARSE_STEP)
      }
    }),
  )
})

test('positions and offsets find the last entry at or before them', () => {
  fc.assert(
    fc.property(batches, fc.nat(1), (all, capacity) => {
      const { sparse, starts, end, endOffset } = indexOf(all, capacity)
      const positions = [...sparse.positions.subarray(0, sparse.count)]
      const offsets = [...sparse.offsets.subarray(0, sparse.count)]
      const probes = starts.flatMap(({ position }) => [position, position + 1, Math.max(0, position - 1)])
      for (const probe of [...probes, end, 0xffff_ffff]) {
        assert.equal(
          sparse.entryOf(probe),
          positions.findLastIndex((it) => it <= probe),
        )
      }
      for (let offset = BASE; offset <= endOffset; offset++) {
        assert.equal(
          sparse.entryOfOffset(offset),
          offsets.findLastIndex((it) => it <= offset),
        )
      }
    }),
  )
})

test('an entry is the start of a batch, with that batch’s first offset', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const { sparse, starts } = indexOf(all, 64)
      for (let i = 0; i < sparse.count; i++) {
        const start = starts.find((it) => it.position === sparse.positions[i])
        assert.equal(start?.offset, sparse.offsets[i])
      }
    }),
  )
})

/** Beyond 2^32, so that offsets are not mistaken for 32-bit numbers. */
const BASE = 0x1_2345_6789

function indexOf(all: readonly { size: number; count: number }[], capacity: number) {
  const sparse = new SparseIndex(capacity)
  const starts: { position: number; offset: number }[] = []
  let position = 0
  let offset = BASE
  for (const { size, count } of all) {
    sparse.add(position, offset)
    starts.push({ position, offset })
    position += size
    offset += count
  }
  return { sparse, starts, end: position, endOffset: offset }
}

test('no batch is larger than the largest step of the index, to the end', () => {
  const sparse = new SparseIndex()
  assert.equal(sparse.stepMax(500), 500)
  for (const position of [0, 5000, 20_000]) sparse.add(position, position)
  assert.equal(sparse.stepMax(21_000), 15_000)
  assert.equal(sparse.stepMax(40_000), 20_000)
})
