import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { CommandBench } from '../../helpers/command-bench.js'
import { OK, QUEUED } from '../../helpers/resp-client.js'

const FULL = /OOM the log in memory holds/

/** A log in memory that takes no further value, however small. */
async function full(): Promise<CommandBench> {
  const bench = await CommandBench.open({ memorySizeMax: 1 << 16 })
  for (const key of ['a', 'b', 'c', 'd']) assert.deepEqual(bench.run('set', key, key, 'EX', '1000'), OK)
  assert.equal(bench.run('rpush', 'list', 'a', 'b', 'a', 'c'), 4)
  let count = 0
  for (const size of [1000, 100, 1]) {
    while (isDeepStrictEqual(bench.run('set', `key${count}`, 'x'.repeat(size)), OK)) count++
  }
  return bench
}

test('where memory is full, what brings no value runs', async () => {
  const cases: [string[], unknown][] = [
    [['getex', 'a'], 'a'],
    [['getex', 'a', 'EX', '10'], 'a'],
    [['getex', 'a', 'PERSIST'], 'a'],
    [['persist', 'a'], 1],
    [['expire', 'a', '10'], 1],
    [['pexpireat', 'a', '1'], 1],
    [['getdel', 'a'], 'a'],
    [['del', 'a', 'b'], 2],
    [['unlink', 'a'], 1],
    [['mdel', 'a'], 1],
    [['flin.del', 'a', 'IFREV', '1'], 1],
    [['flushall'], OK],
    [['lpop', 'list'], 'a'],
    [
      ['rpop', 'list', '2'],
      ['c', 'a'],
    ],
    [
      ['lpop', 'list', '9'],
      ['a', 'b', 'a', 'c'],
    ],
    [['ltrim', 'list', '1', '2'], OK],
    [['lrem', 'list', '0', 'a'], 2],
    [
      ['lmpop', '1', 'list', 'LEFT'],
      ['list', ['a']],
    ],
  ]
  for (const [request, reply] of cases) assert.deepEqual((await full()).run(...request), reply, request.join(' '))
  // What is left when no value fits may still hold a tombstone or two.
  const bench = await full()
  for (const key of ['a', 'b', 'c', 'd']) assert.equal(bench.run('persist', key), 1, key)
})

test('... and what brings one is refused', async () => {
  const bench = await full()
  for (const line of [
    'set a x',
    'append a x',
    'incr n',
    'rename a b',
    'copy a z',
    'mset a x',
    'setbit a 1 1',
    'rpush list x',
    `lset list 0 ${'x'.repeat(500)}`,
  ]) {
    assert.match(JSON.stringify(bench.run(...line.split(' '))), FULL, line)
  }
})

test('... also in a transaction, which runs only where none of its commands brings a value', async () => {
  const bench = await full()
  const exec = (...lines: string[]): unknown => {
    assert.deepEqual(bench.run('multi'), OK)
    for (const line of lines) assert.deepEqual(bench.run(...line.split(' ')), QUEUED)
    return bench.run('exec')
  }
  assert.match(JSON.stringify(exec('del a', 'set a x')), FULL)
  assert.match(JSON.stringify(exec('del b', 'rename a b')), FULL)
  assert.match(JSON.stringify(exec('lpop list', 'lmove list other left left')), FULL)
  assert.deepEqual(exec('del a', 'expire b 10', 'get c', 'persist c'), [1, 1, 'c', 1])
  assert.deepEqual(exec('lpop list', 'ltrim list 1 -1', 'lrange list 0 -1'), ['a', OK, ['a', 'c']])
})
