import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchmarkArguments } from '../../../bench/load/redis-benchmark.js'
import { ROWS, keyOf, selectRows } from '../../../bench/load/rows.js'

test('row names are unique: results files are merged by them', () => {
  assert.equal(new Set(ROWS.map((row) => row.id)).size, ROWS.length)
})

test('selectRows: by a pattern in any case, all without one, an error for none', () => {
  assert.deepEqual(
    selectRows('^incr always p1 ').map((row) => row.id),
    ['INCR always P1 c50', 'INCR always P1 c256'],
  )
  assert.equal(selectRows(undefined).length, ROWS.length)
  assert.throws(() => selectRows('ZADD'), /no row matches ZADD/)
  assert.throws(() => selectRows('('), SyntaxError)
})

test('reads load the keys that redis-benchmark asks for', () => {
  for (const row of ROWS) {
    const looks = ['get', 'GET', 'MGET', 'GETRANGE', 'SETRANGE', 'APPEND'].some((it) => row.test.includes(it))
    assert.equal(row.loads !== null, looks, row.id)
    if (row.loads !== null && !row.test.includes('get')) assert.ok(row.test.includes(row.loads), row.id)
  }
  assert.equal(keyOf('key:__rand_int__', 99_999), 'key:000000099999')
})

test('benchmarkArguments: the flags come before the command, which takes the rest of the line', () => {
  const line = benchmarkArguments(selectRows('^GET session')[0]!, 4711, 1000)
  // prettier-ignore
  assert.deepEqual(line, ['--csv', '-p', '4711', '-n', '1000', '-c', '50', '-P', '16', '-d', '64', '-r', '100000',
    'GET', 'session:__rand_int__:profile'])
})

test('rows of larger values say so, with as many keys as memory takes', () => {
  const large = benchmarkArguments(selectRows('^SET of 1 MB always')[0]!, 4711, 10)
  // prettier-ignore
  assert.deepEqual(large, ['--csv', '-p', '4711', '-n', '10', '-c', '50', '-P', '1', '-d', '1048576', '-r', '100', '-t', 'set'])
  for (const row of ROWS) assert.ok(row.keyCount * row.valueSize <= 110e6, row.id)
})
