import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatencyHistogram } from '../../../src/commands/latency-histogram.js'

/** What a histogram says of a single time. */
function told(ns: number): number {
  const histogram = new LatencyHistogram()
  histogram.add(ns, 1)
  return histogram.percentile(50)
}

test('times are told as Redis tells them: the end of their bucket', () => {
  // Redis's own, seen in INFO latencystats.
  for (const ns of [3007, 19_071, 32_127, 14_015, 85_503, 22_015, 15_039, 401_407, 1_351_679]) {
    assert.equal(told(ns), ns)
    assert.notEqual(told(ns + 1), ns)
  }
  assert.deepEqual([0, 1, 255, 256, 257, 511, 512].map(told), [0, 1, 255, 257, 257, 511, 515])
})

test('no bucket is wider than a 128th, and no value lies in a wrong one', () => {
  for (let ns = 1; ns < 1e9; ns = Math.ceil(ns * 1.0037)) {
    const end = told(ns)
    assert.ok(end >= ns && end - ns < Math.max(1, ns / 128), `${ns} is told as ${end}`)
  }
  assert.ok(told(5e9) >= 1e9 && told(5e9) < 1.01e9, 'longer times count as a second')
  assert.equal(told(-3), 0, 'a clock that goes back')
})

test('percentiles of many times, each of which may stand for several calls', () => {
  const histogram = new LatencyHistogram()
  assert.equal(histogram.percentile(50), 0)
  for (let ns = 1; ns <= 100; ns++) histogram.add(ns, 1)
  assert.deepEqual(
    [0, 1, 50, 99, 99.9, 100].map((it) => histogram.percentile(it)),
    [1, 1, 50, 99, 100, 100],
  )
  histogram.add(200, 900)
  assert.deepEqual(
    [5, 10, 11, 100].map((it) => histogram.percentile(it)),
    [50, 100, 200, 200],
  )
})
