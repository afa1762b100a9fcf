import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ExpiryTable } from '../../../src/models/expiry-table.js'
import { Random } from '../../helpers/random.js'

/** Few hashes, so that different keys have the same one. */
const HASHES: readonly [number, number][] = [
  [0, 0],
  [-1, -1],
  [-1, 7],
  [0x7fff_ffff, -0x8000_0000],
]
/** Places of values: the highest position and segment among them. */
const PLACES: readonly [number, number][] = [
  [0, 0],
  [0, 0xffff_fff8],
  [3, 0x8000_0000],
  [3, 64],
  [(1 << 20) - 1, 64],
]

interface Row {
  readonly expireAt: number
  readonly recordSegment: number
  readonly recordPosition: number
}

const key = fc.record({ hash: fc.nat(HASHES.length - 1), place: fc.nat(PLACES.length - 1) })
const row = fc.record({
  expireAt: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  recordSegment: fc.nat((1 << 20) - 1),
  recordPosition: fc.nat(0xffff_ffff),
})
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('set' as const), key, row }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('remove' as const), key }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('move' as const), key, to: fc.nat(PLACES.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('clear' as const), really: fc.nat(4) }) },
)

test('agrees with a plain map under any operations', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new ExpiryTable()
      const model = new Map<string, Row>()
      for (const it of steps) {
        if (it.what === 'clear') {
          if (it.really > 0) continue
          table.clear()
          model.clear()
        } else {
          const [hi, lo] = HASHES[it.key.hash]!
          const [segment, position] = PLACES[it.key.place]!
          const name = `${it.key.hash} ${it.key.place}`
          if (it.what === 'set') {
            const { expireAt, recordSegment, recordPosition } = it.row
            table.set(hi, lo, segment, position, expireAt, recordSegment, recordPosition)
            model.set(name, it.row)
          } else if (it.what === 'remove') {
            table.remove(hi, lo, segment, position)
            model.delete(name)
          } else {
            // Compaction moves a value to a place where nothing else lies.
            const target = `${it.key.hash} ${it.to}`
            const known = model.get(name)
            if (model.has(target)) continue
            const [newSegment, newPosition] = PLACES[it.to]!
            table.moveValue(hi, lo, segment, position, newSegment, newPosition)
            if (known !== undefined) {
              model.delete(name)
              model.set(target, known)
            }
          }
        }
        assertSame(table, model)
        assert.equal(table.rows, model.size, 'no gaps: else sampling hardly finds the last ones')
      }
    }),
    { numRuns: 300 },
  )
})

function assertSame(table: ExpiryTable, model: ReadonlyMap<string, Row>): void {
  assert.equal(table.count, model.size)
  HASHES.forEach(([hi, lo], hash) => {
    PLACES.forEach(([segment, position], place) => {
      const expected = model.get(`${hash} ${place}`)
      assert.equal(table.find(hi, lo, segment, position), expected !== undefined)
      if (expected !== undefined) assert.deepEqual(rowOf(table), { ...expected, segment, position })
    })
  })
  // The rows are what the expiry cycle samples.
  const times: number[] = []
  for (let i = 0; i < table.rows; i++) {
    assert.ok(table.seekRow(i))
    times.push(table.expireAt)
  }
  const expected = [...model.values()].map((it) => it.expireAt)
  assert.deepEqual(times.sort(compare), expected.sort(compare))
}

function rowOf(table: ExpiryTable) {
  const { expireAt, recordSegment, recordPosition, valueSegment: segment, valuePosition: position } = table
  return { expireAt, recordSegment, recordPosition, segment, position }
}

const compare = (a: number, b: number) => a - b

test('many rows, across its chunks, at a bounded price, and rows given up are used again', () => {
  const table = new ExpiryTable()
  const random = new Random(3)
  const count = 50_000
  const hashes = Array.from({ length: count }, (): [number, number] => [
    (random.next() * 0x1_0000_0000) | 0,
    (random.next() * 0x1_0000_0000) | 0,
  ])
  const fill = (base: number) => {
    hashes.forEach(([hi, lo], i) => {
      table.set(hi, lo, i % 7, i * 8, base + i, i % 3, i)
    })
  }
  fill(1000)
  assert.equal(table.count, count)
  assert.equal(table.rows, count)
  assert.ok(table.byteSize < count * 80, `${table.byteSize} bytes`)
  hashes.forEach(([hi, lo], i) => {
    assert.ok(table.find(hi, lo, i % 7, i * 8))
    assert.equal(table.expireAt, 1000 + i)
    assert.equal(table.recordPosition, i)
  })
  hashes.forEach(([hi, lo], i) => {
    table.remove(hi, lo, i % 7, i * 8)
  })
  assert.equal(table.count, 0)
  assert.equal(table.rows, 0)
  assert.ok(!table.seekRow(0))
  fill(5)
  assert.equal(table.rows, count)
  table.clear()
  assert.deepEqual([table.count, table.rows], [0, 0])
  assert.ok(!table.find(...hashes[0]!, 0, 0))
})
