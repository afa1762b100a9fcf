import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, merge, renderPage, renderTable, summarize, type RowResult } from '../../../bench/load/report.js'
import type { Run, RunsOf } from '../../../bench/load/run.js'

const at = (...rps: number[]): Run[] => rps.map((value, i) => ({ rps: value, p50Ms: 1, p99Ms: 2, cpuUs: 10 + i }))

function result(runs: RunsOf, floor: number | null = 1.5, id = 'SET always P16 c50'): RowResult {
  return { id, policy: 'always', connections: 50, pipeline: 16, floor, measuredAt: '2020-01-02T03:04:05.000Z', runs }
}

test('median: the middle one, the mean of two middle ones, sorted as numbers, the input untouched', () => {
  const numbers = [100, 9, 20]
  assert.equal(median(numbers), 20)
  assert.deepEqual(numbers, [100, 9, 20])
  assert.equal(median([1, 10, 2, 100]), 6)
  assert.equal(median([7]), 7)
  assert.equal(median([]), NaN)
})

test('summarize: ratios of medians, not of single runs', () => {
  const summary = summarize(result({ flin: at(900, 300, 310), redis: at(150, 100, 900), ceiling: at(400, 310, 1) }))
  assert.deepEqual(summary.rps, { flin: 310, redis: 150, ceiling: 310 })
  assert.deepEqual(summary.cpuUs, { flin: 11, redis: 11, ceiling: 11 })
  assert.equal(summary.overRedis, 310 / 150)
  assert.equal(summary.overCeiling, 1)
  assert.equal(summary.reached, true)
})

test('summarize: each floor alone fails a row, and a floor itself is reached', () => {
  const reached = (flin: number, redis: number, ceiling: number, floor: number | null) =>
    summarize(result({ flin: at(flin), redis: at(redis), ceiling: at(ceiling) }, floor)).reached
  assert.equal(reached(150, 100, 100, 1.5), true)
  assert.equal(reached(149, 100, 100, 1.5), false)
  assert.equal(reached(85, 10, 100, 1.5), true)
  assert.equal(reached(84, 10, 100, 1.5), false)
  assert.equal(reached(85, 1000, 100, null), true)
})

test('summarize: without a contender there is no ratio and no praise', () => {
  const alone = summarize(result({ redis: at(1), ceiling: at(1) }))
  assert.deepEqual([alone.overRedis, alone.overCeiling, alone.reached], [null, null, null])
  const withoutRedis = { flin: at(100), ceiling: at(100) }
  assert.equal(summarize(result(withoutRedis)).reached, null)
  assert.equal(summarize(result(withoutRedis, null)).reached, true)
  assert.equal(summarize(result({ flin: at(10), ceiling: at(100) })).reached, false)
})

test('summarize: a row without a ceiling is held against Redis alone', () => {
  const of = (flin: number, withoutCeiling: boolean) =>
    summarize({ ...result({ flin: at(flin), redis: at(100) }, 1), withoutCeiling }).reached
  assert.deepEqual([of(100, true), of(99, true), of(100, false)], [true, false, null])
})

test('renderTable: one line a row, cells under their headings', () => {
  const table = renderTable([
    result({ flin: at(1_234_567), redis: at(500_000), ceiling: at(1_300_000) }),
    result({ redis: at(5) }, null, 'INCR'),
  ])
  const lines = table.split('\n')
  assert.equal(new Set(lines.map((line) => line.length)).size, 1)
  const read = (line: string) => line.split('|').map((cell) => cell.trim())
  // prettier-ignore
  assert.deepEqual(read(lines[0]!), ['', 'row', 'flin req/s', 'redis req/s', 'ceiling req/s', 'flin/redis', 'wanted',
    'flin/ceiling', 'flin CPU us/op', 'redis CPU us/op', 'ceiling CPU us/op', 'reached', ''])
  assert.match(lines[1]!, /^\|-+(\|-+:)+\|$/)
  // prettier-ignore
  assert.deepEqual(read(lines[2]!), ['', 'SET always P16 c50', '1,234,567', '500,000', '1,300,000', '2.47', '1.50',
    '0.95', '10.00', '10.00', '10.00', 'yes', ''])
  assert.deepEqual(read(lines[3]!), ['', 'INCR', '', '5', '', '', '', '', '', '10.00', '', '', ''])
})

test('merge: newer rows take the place of older ones, in the order of the table', () => {
  const rows = merge(
    [result({ flin: at(1) }, null, 'c'), result({ flin: at(2) }, null, 'a')],
    [result({ flin: at(3) }, null, 'b'), result({ flin: at(4) }, null, 'a')],
    ['a', 'b', 'c'],
  )
  assert.deepEqual(
    rows.map((row) => [row.id, row.runs.flin?.[0]?.rps]),
    [
      ['a', 4],
      ['b', 3],
      ['c', 1],
    ],
  )
})

test('renderPage: a section a Node version, with the machine, the date and the table', () => {
  const machine = {
    cpu: 'Some CPU',
    cores: 2,
    memoryMiB: 4096,
    kernel: '6.1',
    filesystem: 'ext4',
    loadAverage: 0.1,
    node: '20.1.2',
    redis: '7.0.15',
  }
  const rows = [result({ flin: at(3, 4), redis: at(1, 2), ceiling: at(5, 6) })]
  const page = renderPage([
    { machine, rows },
    { machine: { ...machine, node: '24.0.0' }, rows },
  ])
  assert.equal(page.match(/^## Node /gm)?.length, 2)
  for (const text of ['## Node 24.0.0', '2020-01-02', 'medians of 2 ', 'Some CPU, 2 cores', 'Linux 6.1', '7.0.15']) {
    assert.ok(page.includes(text), text)
  }
  assert.ok(page.includes(renderTable(rows)))
})
