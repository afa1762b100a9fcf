import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../helpers/command-bench.js'
import { OK, QUEUED } from '../../helpers/resp-client.js'

test('FLIN.GET: value, revision, commit time', async () => {
  const bench = await CommandBench.open()
  assert.deepEqual(bench.run('flin.get', 'a'), { nil: 'array' })
  bench.run('set', 'first', 'x')
  bench.run('set', 'a', 'y')
  assert.deepEqual(bench.run('flin.get', 'first'), ['x', 1, 1_700_000_000_000])
  assert.deepEqual(bench.run('FLIN.GET', 'a'), ['y', 2, 1_700_000_000_000])
  bench.run('expire', 'a', '100')
  assert.deepEqual(bench.run('flin.get', 'a'), ['y', 2, 1_700_000_000_000], 'its time is no part of the value')
  await bench.log.flush()
  assert.deepEqual(bench.run('flin.get', 'a'), ['y', 2, 1_700_000_000_000])
})

test('FLIN.SET: only at the revision that is named', async () => {
  const bench = await CommandBench.open()
  assert.deepEqual(bench.run('flin.set', 'a', '1', 'IFREV', '5'), {
    error: 'REVMISMATCH expected revision 5, the key is at 0',
  })
  assert.equal(bench.run('flin.set', 'a', '1', 'ifrev', '0'), 1)
  assert.deepEqual(bench.run('flin.set', 'a', '2', 'IFREV', '0'), {
    error: 'REVMISMATCH expected revision 0, the key is at 1',
  })
  assert.equal(bench.run('flin.set', 'a', '2', 'IFREV', '1'), 2)
  bench.run('expire', 'a', '100')
  assert.equal(bench.run('flin.set', 'a', '3', 'IFREV', '2'), 4)
  assert.equal(bench.run('ttl', 'a'), -1, 'as SET does, it takes the expiry away')
  bench.run('del', 'a')
  assert.equal(bench.run('flin.set', 'a', '4', 'IFREV', '0'), 6)
  assert.equal(bench.run('get', 'a'), '4')
})

test('FLIN.SET: what it takes', async () => {
  const bench = await CommandBench.open()
  for (const n of ['-1', 'x', '', '1.5', '9007199254740993']) {
    assert.deepEqual(bench.run('flin.set', 'a', '1', 'IFREV', n), {
      error: 'ERR value is not an integer or out of range',
    })
  }
  assert.deepEqual(bench.run('flin.set', 'a', '1', 'IF', '1'), { error: 'ERR syntax error' })
  assert.equal(bench.run('exists', 'a'), 0)
})

test('a revision that is wrong aborts the whole transaction, wherever it stands', async () => {
  const bench = await CommandBench.open()
  bench.run('set', 'a', '1')
  bench.run('watch', 'a')
  bench.run('multi')
  assert.deepEqual(bench.run('set', 'b', '1'), QUEUED)
  assert.deepEqual(bench.run('flin.set', 'a', '2', 'IFREV', '1'), QUEUED)
  assert.deepEqual(bench.run('flin.set', 'c', '2', 'IFREV', '7'), QUEUED)
  const end = bench.log.endOffset
  assert.deepEqual(bench.run('exec'), { error: 'REVMISMATCH expected revision 7, the key is at 0' })
  assert.equal(bench.log.endOffset, end, 'nothing is written')
  assert.equal(bench.session.queue, null)
  assert.ok(bench.keyspace.watches.isEmpty)
  assert.deepEqual(bench.run('mget', 'a', 'b', 'c'), ['1', null, null])

  bench.run('multi')
  bench.run('set', 'b', '1')
  bench.run('flin.set', 'a', '2', 'IFREV', '1')
  bench.run('flin.get', 'a')
  assert.deepEqual(bench.run('exec'), [OK, 3, ['2', 3, 1_700_000_000_000]])
})
