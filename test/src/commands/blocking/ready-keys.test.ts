import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../../helpers/command-bench.js'

/** What is told of while a request runs: keys, and "all". */
function toldBy(bench: CommandBench, line: string): string[] {
  const told: string[] = []
  bench.keyspace.onReady = (key, start, end) => {
    told.push(key.toString('latin1', start, end))
  }
  bench.keyspace.onCleared = () => {
    told.push('all')
  }
  bench.run(...line.split(' '))
  return told
}

test('it is told which keys have got something to wait for, or have lost their object', async () => {
  let now = 1_700_000_000_000
  const bench = await CommandBench.open({ now: () => now })
  for (const [line, expected] of [
    ['RPUSH a 1 2', ['a']],
    ['LPUSH a 0', ['a']],
    ['RPUSHX none 1', []],
    ['LINSERT a AFTER 1 1.5', ['a']],
    ['LSET a 0 x', []],
    ['LPOP a', []],
    ['LMOVE a b LEFT LEFT', ['b']],
    ['RENAME a c', ['a', 'c']],
    ['COPY c d', ['d']],
    ['COPY c b REPLACE', ['b', 'b']],
    ['DEL b', ['b']],
    ['LPOP d 9', ['d']],
    ['SET c 1', ['c']],
    ['SET c 2', []],
    ['APPEND c 2', []],
    ['DEL c', []],
    ['RPUSH e 1', ['e']],
    ['PEXPIRE e 10', []],
  ] as const) {
    assert.deepEqual(toldBy(bench, line), expected, line)
  }
  now += 11
  assert.deepEqual(toldBy(bench, 'SET e 1'), ['e'])
  assert.deepEqual(toldBy(bench, 'FLUSHALL'), ['all'])
  await bench.log.close()
})
