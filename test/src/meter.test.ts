import assert from 'node:assert/strict'
import { test } from 'node:test'
import { human } from '../../src/facts.js'
import { Meter } from '../../src/meter.js'

test('a rate is that of the last samples', () => {
  const meter = new Meter(0)
  assert.equal(meter.rate, 0)
  meter.sample(100, 50)
  assert.equal(meter.rate, 500)
  meter.sample(200, 50)
  assert.equal(meter.rate, 250)
  meter.sample(200, 99) // no time has passed
  assert.equal(meter.rate, 250)
  for (let i = 3; i <= 18; i++) meter.sample(i * 100, 50 + (i - 2) * 10)
  assert.equal(meter.rate, 100, 'older ones are forgotten')
})

test('a count that was reset gives no negative rate', () => {
  const meter = new Meter(0)
  meter.sample(100, 1000)
  meter.sample(200, 0)
  assert.equal(meter.rate, 5000)
  for (let i = 3; i < 30; i++) meter.sample(i * 100, 0)
  assert.equal(meter.rate, 0)
})

test('sizes for people, as Redis writes them', () => {
  const cases: [number, string][] = [
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.00K'],
    [916456, '894.98K'],
    [6594560, '6.29M'],
    [25276514304, '23.54G'],
    [2 ** 50, '1024.00T'],
  ]
  for (const [size, text] of cases) assert.equal(human(size), text)
})
