import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCsv } from '../../../bench/load/redis-benchmark.js'
import { rotated } from '../../../bench/load/run.js'
import { commandLine, parseCpuTime } from '../../../bench/load/servers.js'

const NAMES =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"'

test('parseCsv: the figures by the name of their column', () => {
  const line = '"SET","56818.18","3.263","1.576","2.943","5.431","9.567","112.447"'
  assert.deepEqual(parseCsv(`${NAMES}\n${line}\n`), { rps: 56818.18, p50Ms: 2.943, p99Ms: 9.567 })
})

test('parseCsv: warnings around it and a name with a comma do no harm', () => {
  const output = `WARNING: no config\n${NAMES}\r\n"SET a,b c","100.00","3","1","2","5","9","112"\r\n`
  assert.deepEqual(parseCsv(output), { rps: 100, p50Ms: 2, p99Ms: 9 })
})

test('parseCsv: no result, half a result and two results are errors', () => {
  assert.throws(() => parseCsv(''), /no result/)
  assert.throws(() => parseCsv(`${NAMES}\n`), /no result/)
  assert.throws(() => parseCsv(`${NAMES}\n"SET","1.0"\n`), /no result/)
  const line = '"SET","1","1","1","1","1","1","1"'
  assert.throws(() => parseCsv(`${NAMES}\n${line}\n${line}\n`), /no result/)
  assert.throws(() => parseCsv(`${NAMES.replace('rps', 'qps')}\n${line}\n`), /no rps/)
  assert.throws(() => parseCsv(`${NAMES}\n${line.replace('"1"', '"nan"')}\n`), /no rps/)
})

test('parseCpuTime: user and system ticks, whatever the name of the process', () => {
  const after = 'S 1 2 3 4 5 6 7 8 9 10 150 25 13 14 15'
  assert.equal(parseCpuTime(`42 (node) ${after}\n`), 1_750_000)
  assert.equal(parseCpuTime(`42 (a) b (c) ${after}\n`), 1_750_000)
})

test('rotated: everyone takes every place, and the list stays as it was', () => {
  const list = ['a', 'b', 'c']
  assert.deepEqual(
    [0, 1, 2, 3].map((round) => rotated(list, round).join('')),
    ['abc', 'bca', 'cab', 'abc'],
  )
  assert.equal(list.join(''), 'abc')
})

test('commandLine: every contender gets the same policy, port and folder', () => {
  for (const name of ['flin', 'redis', 'ceiling'] as const) {
    const line = commandLine(name, { port: 4711, folder: '/f', policy: 'everysec', node: '/n', cacheSizeMib: 256 })
    const value = (flag: string) => line[line.indexOf(flag) + 1]
    assert.equal(value('--port'), '4711')
    assert.equal(value(name === 'redis' ? '--appendfsync' : '--fsync'), 'everysec')
    assert.equal(value(name === 'redis' ? '--dir' : '--data'), '/f')
    assert.equal(line[0], name === 'redis' ? 'redis-server' : '/n')
  }
})
