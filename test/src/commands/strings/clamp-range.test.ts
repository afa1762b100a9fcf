import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clampRange } from '../../../../src/commands/strings/clamp-range.js'

test('ranges of five bytes', () => {
  const cases: [number, number, number[]][] = [
    [0, -1, [0, 4]],
    [0, 0, [0, 0]],
    [1, 3, [1, 3]],
    [-3, -1, [2, 4]],
    [-100, 100, [0, 4]],
    [-100, -100, [0, 0]],
    [-100, -5, [0, 0]],
    [4, 4, [4, 4]],
    [5, 9, []],
    [3, 2, []],
    [-1, -2, []],
    [2, -5, []],
  ]
  for (const [first, last, expected] of cases) {
    const range = clampRange(first, last, 5)
    assert.deepEqual(range === null ? [] : [range.first, range.last], expected, `${first} ${last}`)
  }
  assert.equal(clampRange(0, -1, 0), null)
})

/** Each index by itself, and slow. */
function naive(first: number, last: number, size: number): number[] {
  if (first < 0 && last < 0 && first > last) return []
  const from = first < 0 ? first + size : first
  const to = Math.max(0, last < 0 ? last + size : last)
  return Array.from({ length: size }, (_, i) => i).filter((i) => i >= from && i <= to)
}

test('whatever the range, what is left is what lies in it', () => {
  const index = fc.integer({ min: -12, max: 12 })
  fc.assert(
    fc.property(index, index, fc.integer({ min: 0, max: 8 }), (first, last, size) => {
      const range = clampRange(first, last, size)
      const kept = range === null ? [] : naive(range.first, range.last, size)
      assert.deepEqual(kept, naive(first, last, size))
      if (range !== null) assert.ok(range.first >= 0 && range.first <= range.last && range.last < size)
    }),
    { numRuns: 2000 },
  )
})
