import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeavyHitters } from '../../../src/models/heavy-hitters.js'

function weigh(hitters: HeavyHitters<number>, id: number, weight: number): void {
  if (hitters.add(id, weight) === undefined) hitters.addNew(id, weight, id)
}

test('up to its capacity it is exact', () => {
  const hitters = new HeavyHitters<number>(100)
  for (let i = 0; i < 1000; i++) weigh(hitters, i % 100, i % 100)
  assert.deepEqual([hitters.errorMax, hitters.count, hitters.total], [0, 100, 49_500])
  assert.deepEqual(hitters.top(2), [
    { item: 99, weight: 990 },
    { item: 98, weight: 980 },
  ])
})

test('beyond, no weight is further off than the error, nothing heavier is missing, and memory is bounded', () => {
  const things = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 50 })), { minLength: 200, maxLength: 2000 })
  fc.assert(
    fc.property(things, fc.integer({ min: 1, max: 40 }), (steps, capacity) => {
      const hitters = new HeavyHitters<number>(capacity)
      const truth = new Map<number, number>()
      for (const [id, weight] of steps) {
        weigh(hitters, id, weight)
        truth.set(id, (truth.get(id) ?? 0) + weight)
        assert.ok(hitters.count < capacity * 2)
      }
      const { errorMax, total } = hitters
      assert.ok(errorMax <= total / capacity, `an error of ${errorMax} of ${total} at ${capacity}`)
      const found = new Map(hitters.top(Infinity).map(({ item, weight }) => [item, weight]))
      for (const [id, weight] of truth) {
        const told = found.get(id) ?? 0
        assert.ok(told <= weight && told + errorMax >= weight, `${told} for ${weight}, error ${errorMax}`)
      }
    }),
  )
})
