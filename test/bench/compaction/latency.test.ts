import assert from 'node:assert/strict'
import { test } from 'node:test'
import { latencyAt } from '../../../bench/compaction/latency.js'

const OUTPUT = `Latency by percentile distribution:
0.000% <= 0.215 milliseconds (cumulative count 1)
99.805% <= 2.343 milliseconds (cumulative count 99806)
99.902% <= 3.103 milliseconds (cumulative count 99906)
100.000% <= 4.135 milliseconds (cumulative count 100000)

Cumulative distribution of latencies:
99.906% <= 9.103 milliseconds (cumulative count 99906)
`

test('the first percentile at or above the one that is asked for tells', () => {
  assert.equal(latencyAt(OUTPUT, 99.9), 3.103)
  assert.equal(latencyAt(OUTPUT, 0), 0.215)
  assert.equal(latencyAt(OUTPUT, 100), 4.135)
})

test('no such line is an error', () => {
  assert.throws(() => latencyAt('', 99.9), /no latency at 99.9 %/)
})
