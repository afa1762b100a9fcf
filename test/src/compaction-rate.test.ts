import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compactionRate, type Circumstances } from '../../src/compaction-rate.js'

const MB = 1_000_000
const BUSY: Circumstances = { rateMax: 100 * MB, idleShare: 0, deadShare: 0, writeRate: 0, isPressed: false }

function rate(changes: Partial<Circumstances>): number {
  return compactionRate({ ...BUSY, ...changes })
}

test('a busy daemon leaves little, an idle one all', () => {
  assert.equal(rate({}), 5 * MB)
  assert.equal(rate({ idleShare: 0.5 }), 50 * MB)
  assert.equal(rate({ idleShare: 1 }), 100 * MB)
})

test('the more is dead the more is needed, however busy the daemon is', () => {
  assert.equal(rate({ deadShare: 0.3 }), 5 * MB)
  assert.equal(Math.round(rate({ deadShare: 0.5 }) / MB), 50)
  assert.equal(rate({ deadShare: 0.8 }), 100 * MB)
})

test('it keeps up with the writers, within what is allowed', () => {
  assert.equal(rate({ writeRate: 10 * MB }), 60 * MB)
  assert.equal(rate({ writeRate: 50 * MB }), 100 * MB)
})

test('all of it while space is short', () => {
  assert.equal(rate({ isPressed: true }), 100 * MB)
})

test('without a bound nothing holds it back but what is said of shares', () => {
  assert.equal(rate({ rateMax: 0, idleShare: 1 }), 0)
  assert.equal(rate({ rateMax: 0, isPressed: true }), 0)
  assert.equal(rate({ rateMax: 0, idleShare: 0.5 }), 2 ** 29)
})
