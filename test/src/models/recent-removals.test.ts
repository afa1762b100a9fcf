import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RecentRemovals } from '../../../src/models/recent-removals.js'

test('a removal is waited for until it is committed, and is forgotten with that', () => {
  const removals = new RecentRemovals()
  assert.ok(removals.isEmpty)
  removals.add(1, 2, 10)
  assert.equal(removals.gate(1, 2), 10)
  assert.equal(removals.gate(2, 1), 0)
  assert.ok(!removals.isEmpty)
  removals.committed(9)
  assert.equal(removals.gate(1, 2), 10)
  removals.committed(10)
  assert.equal(removals.gate(1, 2), 0)
  assert.ok(removals.isEmpty)
})

test('the newest removal of a key counts, whenever the older one was', () => {
  const removals = new RecentRemovals()
  removals.add(1, 2, 10)
  removals.committed(5)
  removals.add(1, 2, 20)
  assert.equal(removals.gate(1, 2), 20)
  removals.committed(10)
  assert.equal(removals.gate(1, 2), 20)
})

test('hashes that differ in one of the bits that are kept do not take each other’s place', () => {
  const removals = new RecentRemovals()
  const hashes: [number, number][] = [[0, 0]]
  for (let bit = 0; bit < 32; bit++) hashes.push([0, 1 << bit])
  for (let bit = 11; bit < 32; bit++) hashes.push([1 << bit, 0])
  hashes.push([-1, -1], [-1, 0], [0, -1])
  const distinct = new Set(hashes.map(([hi, lo]) => `${hi}:${lo}`))
  hashes.forEach(([hi, lo], i) => {
    removals.add(hi, lo, i + 1)
  })
  const gates = new Set(hashes.map(([hi, lo]) => removals.gate(hi, lo)))
  assert.equal(gates.size, distinct.size)
})

test('nothing uncommitted is forgotten, and nothing stays for good', () => {
  const step = fc.record({
    key: fc.nat(4),
    /** How far the log grows before the step. */
    grows: fc.nat(3),
    /** What is committed after it, counted back from the log end; null: nothing is said. */
    lag: fc.option(fc.nat(12), { nil: null, freq: 2 }),
    removes: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const removals = new RecentRemovals()
      const newest = new Map<number, number>()
      let end = 0
      let committed = 0
      for (const { key, grows, lag, removes } of steps) {
        end += grows
        if (removes) {
          removals.add(key, -key, ++end)
          newest.set(key, end)
        }
        if (lag !== null && end - lag >= committed) {
          committed = end - lag
          removals.committed(committed)
        }
        for (let k = 0; k <= 4; k++) {
          const gate = newest.get(k) ?? 0
          const told = removals.gate(k, -k)
          assert.ok(told === gate || (told === 0 && gate <= committed), `told ${told}, not ${gate}`)
        }
        if (removals.isEmpty) for (const gate of newest.values()) assert.ok(gate <= committed)
      }
      removals.committed(end)
      removals.committed(end)
      assert.ok(removals.isEmpty)
    }),
    { numRuns: 500 },
  )
})
