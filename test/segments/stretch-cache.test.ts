import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StretchCache } from '../../segments/stretch-cache.js'

const bytes = (size: number) => Buffer.alloc(size)

test('keeps what the budget allows and gives back the very bytes', () => {
  const cache = new StretchCache(() => 100)
  const a = bytes(60)
  const b = bytes(40)
  cache.put(1, a)
  cache.put(2, b)
  assert.equal(cache.get(1), a)
  assert.equal(cache.get(2), b)
  assert.equal(cache.get(3), undefined)
  assert.equal(cache.size, 100)
})

test('a stretch larger than the whole budget is not kept, and drives nothing out', () => {
  const cache = new StretchCache(() => 100)
  cache.put(1, bytes(100))
  cache.put(2, bytes(101))
  assert.equal(cache.get(2), undefined)
  assert.equal(cache.get(1)?.length, 100)
  assert.equal(cache.size, 100)
})

test('a stretch that was used since it was last looked at outlives one that was not', () => {
  const cache = new StretchCache(() => 30)
  for (const key of [1, 2, 3]) cache.put(key, bytes(10))
  cache.get(1)
  cache.put(4, bytes(10))
  assert.deepEqual(kept(cache, [1, 2, 3, 4]), [1, 3, 4])
})

test('a second chance is one chance: what is not used again goes in its turn', () => {
  const cache = new StretchCache(() => 20)
  cache.put(1, bytes(10))
  cache.put(2, bytes(10))
  cache.get(1)
  cache.put(3, bytes(10)) // 1 has its second chance, 2 goes
  cache.put(4, bytes(10)) // 1 was not used since
  assert.deepEqual(kept(cache, [1, 2, 3, 4]), [3, 4])
})

test('a stretch that was just loaded stays, also when all others are in use', () => {
  const cache = new StretchCache(() => 20)
  cache.put(1, bytes(10))
  cache.put(2, bytes(10))
  cache.get(1)
  cache.get(2)
  cache.put(3, bytes(10))
  assert.deepEqual(kept(cache, [3]), [3])
  assert.equal(cache.size, 20)
})

test('a budget that shrinks takes effect with the next put', () => {
  let budget = 100
  const cache = new StretchCache(() => budget)
  for (let key = 0; key < 10; key++) cache.put(key, bytes(10))
  budget = 25
  cache.put(10, bytes(10))
  assert.equal(cache.size, 20)
  budget = -5
  cache.put(11, bytes(1))
  assert.equal(cache.size, 0)
  assert.deepEqual(kept(cache, [...Array(12).keys()]), [])
})

test('whatever happens: within the budget, the size is that of what is held, and the newest is there', () => {
  const step = fc.record({
    key: fc.nat(7),
    size: fc.nat(40),
    budget: fc.integer({ min: -5, max: 100 }),
    what: fc.constantFrom('put', 'put', 'put', 'get', 'get', 'delete'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let budget = 0
      const cache = new StretchCache(() => budget)
      const newest = new Map<number, Buffer>()
      for (const { key, size, budget: next, what } of steps) {
        if (what === 'get') {
          const found = cache.get(key)
          if (found !== undefined) assert.equal(found, newest.get(key), 'an older stretch under the key')
        } else if (what === 'delete') {
          cache.delete(key)
          assert.equal(cache.get(key), undefined)
        } else {
          budget = next
          const stretch = bytes(size)
          newest.set(key, stretch)
          cache.put(key, stretch)
          assert.ok(cache.size <= Math.max(0, budget), 'over the budget')
          assert.equal(cache.get(key), size <= budget ? stretch : undefined)
        }
        let held = 0
        for (let k = 0; k < 8; k++) held += cache.get(k)?.length ?? 0
        assert.equal(cache.size, held)
      }
    }),
    { numRuns: 300 },
  )
})

/** Which of the keys are held. Using them is what it takes to know. */
function kept(cache: StretchCache, keys: readonly number[]): number[] {
  return keys.filter((key) => cache.get(key) !== undefined)
}
