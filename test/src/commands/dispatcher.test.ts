import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from '../../../src/commands/command.js'
import { argsOf } from '../../helpers/args.js'
import { BenchSession, CommandBench } from '../../helpers/command-bench.js'
import { OK, parseReplies, QUEUED } from '../../helpers/resp-client.js'

const LONG_KEY = 'k'.repeat(65_536)
const EXECABORT = { error: 'EXECABORT Transaction discarded because of previous errors.' }

test('what cannot run is refused, and a transaction with it', async () => {
  const bench = await CommandBench.open()
  const cases: [string[], string][] = [
    [['nonsense', 'a'], "ERR unknown command 'nonsense', with args beginning with: 'a' "],
    [['get'], "ERR wrong number of arguments for 'get' command"],
    [['get', 'a', 'b'], "ERR wrong number of arguments for 'get' command"],
    [['client', 'nonsense'], "ERR unknown subcommand 'nonsense'. Try CLIENT HELP."],
    [['config', 'get'], "ERR wrong number of arguments for 'config|get' command"],
    [['SET', LONG_KEY, 'v'], 'ERR a key has at most 65535 bytes, not 65536'],
  ]
  for (const [request, text] of cases) {
    assert.deepEqual(bench.run(...request), { error: text })
    assert.deepEqual(bench.run('multi'), OK)
    assert.deepEqual(bench.run('set', 'a', '1'), QUEUED)
    assert.deepEqual(bench.run(...request), { error: text })
    assert.deepEqual(bench.run('set', 'a', '2'), QUEUED)
    assert.deepEqual(bench.run('exec'), EXECABORT, request[0])
    assert.equal(bench.session.queue, null)
  }
  assert.equal(bench.run('get', 'a'), null)
})

test('SHUTDOWN is no part of a transaction', async () => {
  const bench = await CommandBench.open()
  bench.run('multi')
  assert.deepEqual(bench.run('shutdown'), { error: 'ERR Command not allowed inside a transaction' })
  assert.deepEqual(bench.run('exec'), EXECABORT)
  assert.equal(bench.view.shutdowns, 0)
  assert.deepEqual(bench.run('shutdown', 'sometime'), { error: 'ERR syntax error' })
  assert.equal(bench.run('shutdown', 'nosave'), undefined)
  assert.equal(bench.view.shutdowns, 1)
})

test('the first lines of an HTTP request end the connection without a word', async () => {
  const bench = await CommandBench.open()
  assert.equal(bench.run('POST', '/', 'HTTP/1.1'), undefined)
  assert.equal(bench.run('host:', 'a'), undefined)
  assert.deepEqual(bench.session.closings, ['at once', 'at once'])
})

test('a command over several keys, or a transaction, with a key that is too long does nothing', async () => {
  const bench = await CommandBench.open()
  assert.deepEqual(bench.run('mset', 'a', '1', LONG_KEY, '2'), {
    error: 'ERR a key has at most 65535 bytes, not 65536',
  })
  assert.equal(bench.run('get', 'a'), null)
  bench.run('multi')
  bench.run('set', 'a', '1')
  bench.run('mset', 'b', '1', LONG_KEY, '2')
  assert.deepEqual(bench.run('exec'), EXECABORT)
  assert.equal(bench.run('exists', 'a', 'b', LONG_KEY), 0)
})

test('EXEC whose records cannot be read leaves the transaction; other requests get the error alone', async () => {
  const bench = await CommandBench.open()
  const fail = (...args: string[]) => {
    bench.writer.reset(Buffer.alloc(0))
    bench.dispatcher.fail(bench.session, argsOf(...args), bench.writer, 'CORRUPT hurt')
    return parseReplies(bench.writer.buffer.subarray(0, bench.writer.length))
  }
  assert.deepEqual(fail('get', 'a'), [{ error: 'CORRUPT hurt' }])
  bench.run('watch', 'w')
  bench.run('multi')
  bench.run('set', 'a', '1')
  assert.deepEqual(fail('EXEC'), [{ error: 'EXECABORT Transaction discarded because of: CORRUPT hurt' }])
  assert.equal(bench.session.queue, null)
  assert.ok(bench.keyspace.watches.isEmpty)
  assert.equal(bench.run('get', 'a'), null)
})

test('the queue of a transaction counts what short commands cost, and forgets a transaction that is lost', async () => {
  const bench = await CommandBench.open()
  bench.run('multi')
  for (let i = 0; i < 100; i++) bench.run('ping')
  assert.ok(bench.session.queueSize > 100 * 500, `${bench.session.queueSize}`)
  bench.run('nonsense')
  const size = bench.session.queueSize
  for (let i = 0; i < 100; i++) assert.deepEqual(bench.run('ping'), QUEUED)
  assert.equal(bench.session.queueSize, size)
  assert.deepEqual(bench.run('exec'), EXECABORT)
  assert.equal(bench.session.queueSize, 0)
})

test('a queue that is too large ends the transaction, and only that', async () => {
  const bench = await CommandBench.open({}, [], { queueSizeMax: 10_000 })
  const part = 'v'.repeat(4000)
  bench.run('multi')
  for (let i = 0; i < 2; i++) assert.deepEqual(bench.run('set', 'a', part), QUEUED)
  const size = bench.session.queueSize
  assert.ok(size > 2 * part.length && size < 10_000, `${size}`)
  assert.deepEqual(bench.run('set', 'a', part), { error: 'ERR a transaction may hold 10000 bytes at most' })
  assert.deepEqual([bench.session.queue, bench.session.queueSize], [[], 0], 'what it held is let go')
  // What still comes is not kept either, however much it is.
  for (let i = 0; i < 9; i++) assert.deepEqual(bench.run('set', 'a', part), QUEUED)
  assert.deepEqual([bench.session.queue, bench.session.queueSize], [[], 0])
  assert.deepEqual(bench.run('exec'), EXECABORT)
  assert.equal(bench.run('get', 'a'), null)
  // One command alone may be too much; the next transaction begins anew.
  bench.run('multi')
  assert.match(JSON.stringify(bench.run('set', 'a', 'v'.repeat(10_000))), /may hold 10000 bytes/)
  bench.run('discard')
  bench.run('multi')
  for (let i = 0; i < 2; i++) assert.deepEqual(bench.run('set', 'a', part), QUEUED)
  assert.deepEqual(bench.run('exec'), [OK, OK])
  assert.equal(bench.run('get', 'a'), part)
})

test('a failure that nobody foresaw is not turned into a reply', async () => {
  const broken: Command = {
    name: 'broken',
    code: 60_000,
    arity: 1,
    flags: [],
    group: 'server',
    since: '0',
    summary: '',
    run({ reply }) {
      reply.ok()
      throw new TypeError('a mistake')
    },
  }
  const bench = await CommandBench.open({}, [broken])
  assert.throws(() => bench.run('broken'), TypeError)
})

test('what a command had begun to write before it failed is not sent', async () => {
  const bench = await CommandBench.open()
  bench.run('set', 'a', 'x')
  bench.run('multi')
  bench.run('get', 'a')
  bench.run('incr', 'a')
  bench.run('get', 'a')
  assert.deepEqual(bench.run('exec'), ['x', { error: 'ERR value is not an integer or out of range' }, 'x'])
})

test('replies wait for what they tell, and for nothing else', async () => {
  const bench = await CommandBench.open()
  const { keyspace, log } = bench
  bench.run('set', 'old', '1')
  await log.flush()
  const committed = log.committedOffset
  bench.run('set', 'new', '1')
  assert.equal(keyspace.gate, committed + 1)
  bench.run('ping')
  assert.ok(keyspace.gate <= committed)
  bench.run('get', 'old')
  assert.ok(keyspace.gate <= committed)
  bench.run('del', 'old')
  bench.run('get', 'old')
  assert.equal(keyspace.gate, committed + 2, 'that it is gone is not committed')
  bench.run('dbsize')
  assert.equal(keyspace.gate, log.endOffset)
  // Also the refusal of a transaction tells of a change.
  const other = new BenchSession(2)
  bench.runAs(other, 'watch', 'new')
  bench.runAs(other, 'multi')
  bench.run('set', 'new', '2')
  assert.deepEqual(bench.runAs(other, 'exec'), { nil: 'array' })
  assert.equal(keyspace.gate, log.endOffset)
})
