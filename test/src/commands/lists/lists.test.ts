import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../../helpers/command-bench.js'
import { OK, QUEUED, type Reply } from '../../../helpers/resp-client.js'

const WRONG_TYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' }
const NIL_ARRAY = { nil: 'array' }
const SYNTAX = { error: 'ERR syntax error' }
const NOT_INTEGER = { error: 'ERR value is not an integer or out of range' }
const NOT_POSITIVE = { error: 'ERR value is out of range, must be positive' }

/** Requests, one behind the other, and their replies. */
type Script = readonly (readonly [request: string, reply: unknown])[]

async function play(script: Script): Promise<void> {
  const bench = await CommandBench.open()
  for (const [request, reply] of script) {
    assert.deepEqual(bench.run(...request.split(' ').map((word) => (word === "''" ? '' : word))), reply, request)
  }
  await bench.log.close()
}

test('both ends are pushed to and popped from', () =>
  play([
    ['RPUSH l a b c', 3],
    ['LPUSH l d e', 5],
    ['LRANGE l 0 -1', ['e', 'd', 'a', 'b', 'c']],
    ['LPOP l', 'e'],
    ['RPOP l', 'c'],
    ['LPOP l 2', ['d', 'a']],
    ['RPUSH l x y', 3],
    ['RPOP l 2', ['y', 'x']],
    ['LPOP l 0', []],
    ['RPOP l 5', ['b']],
    ['EXISTS l', 0],
    ['LPOP l', null],
    ['LPOP l 3', NIL_ARRAY],
    ['LLEN l', 0],
    ['TYPE l', { simple: 'none' }],
    ['LPUSHX l a', 0],
    ['RPUSHX l a b', 0],
    ['RPUSH l m', 1],
    ['LPUSHX l a', 2],
    ['RPUSHX l x y', 4],
    ['LRANGE l 0 -1', ['a', 'm', 'x', 'y']],
    ['TYPE l', { simple: 'list' }],
    ['OBJECT ENCODING l', 'quicklist'],
    ['OBJECT REFCOUNT l', 1],
  ]))

test('items are found, set, inserted and removed', () =>
  play([
    ["RPUSH l a b a '' a", 5],
    ['LINDEX l 1', 'b'],
    ['LINDEX l -2', ''],
    ['LINDEX l 5', null],
    ['LINDEX l -6', null],
    ['LSET l -1 z', OK],
    ['LSET l 5 z', { error: 'ERR index out of range' }],
    ['LINSERT l before b x', 6],
    ['LINSERT l AFTER z y', 7],
    ['LINSERT l BEFORE nothing y', -1],
    ['LRANGE l 0 -1', ['a', 'x', 'b', 'a', '', 'z', 'y']],
    ['LRANGE l -3 100', ['', 'z', 'y']],
    ['LRANGE l 3 2', []],
    ['LPOS l a', 0],
    ['LPOS l a RANK 2', 3],
    ['LPOS l a RANK -1', 3],
    ['LPOS l a RANK -1 COUNT 0', [3, 0]],
    ['LPOS l a COUNT 0 MAXLEN 3', [0]],
    ['LPOS l a MAXLEN 3 RANK -1', null],
    ['LPOS l q COUNT 1', []],
    ['LREM l 0 a', 2],
    ['LTRIM l 1 -2', OK],
    ['LRANGE l 0 -1', ['b', '', 'z']],
    ['LREM l -1 b', 1],
    ['LTRIM l 5 9', OK],
    ['EXISTS l', 0],
    ['RPUSH l a b a b', 4],
    ['LREM l -1 a', 1],
    ['LREM l 1 b', 1],
    ['LRANGE l 0 -1', ['a', 'b']],
  ]))

test('items move from list to list', () =>
  play([
    ['RPUSH l a b c', 3],
    ['LMOVE l m LEFT right', 'a'],
    ['RPOPLPUSH l m', 'c'],
    ['LRANGE m 0 -1', ['c', 'a']],
    ['RPOPLPUSH l l', 'b'],
    ['LMOVE m m LEFT RIGHT', 'c'],
    ['LRANGE m 0 -1', ['a', 'c']],
    ['EXPIRE l 100', 1],
    ['LMOVE l l LEFT LEFT', 'b'],
    ['TTL l', 100],
    ['LMOVE l m LEFT LEFT', 'b'],
    ['EXISTS l', 0],
    ['LMOVE l m LEFT LEFT', null],
    ['LMPOP 2 l m RIGHT COUNT 2', ['m', ['c', 'a']]],
    ['LMPOP 2 l m LEFT', ['m', ['b']]],
    ['LMPOP 2 l m LEFT', NIL_ARRAY],
  ]))

test('keys of another kind, and arguments that are wrong', () =>
  play([
    ['SET s 1', OK],
    ['RPUSH l a', 1],
    ...['RPUSH s a', 'LPUSHX s a', 'LPOP s', 'RPOP s 0', 'LLEN s', 'LRANGE s 0 1', 'LINDEX s x'].map(wrongType),
    ...['LSET s x y', 'LINSERT s AFTER a b', 'LREM s 1 a', 'LTRIM s 0 1', 'LPOS s a', 'LMPOP 2 s l LEFT'].map(
      wrongType,
    ),
    ...['LMOVE s l LEFT LEFT', 'LMOVE l s LEFT LEFT', 'RPOPLPUSH l s', 'GET l', 'APPEND l x', 'INCR l'].map(wrongType),
    ['LMOVE nothing s LEFT LEFT', null],
    ['LRANGE l 0 -1', ['a']],
    ['MGET l s', [null, '1']],
    ['SET l 2', OK],
    ['GET l', '2'],
    ['DEL l', 1],
    ['LPOP l x', NOT_POSITIVE],
    ['LPOP l -1', NOT_POSITIVE],
    ['LPOP l 1 2', { error: "ERR wrong number of arguments for 'lpop' command" }],
    ['RPUSH l', { error: "ERR wrong number of arguments for 'rpush' command" }],
    ['LRANGE l 0 x', NOT_INTEGER],
    ['LTRIM l x 0', NOT_INTEGER],
    ['LREM l 1.5 a', NOT_INTEGER],
    ['LINDEX l x', null],
    ['LSET l x a', { error: 'ERR no such key' }],
    ['RPUSH l a', 1],
    ['LINDEX l x', NOT_INTEGER],
    ['LSET l x a', NOT_INTEGER],
    ['LINSERT l MIDDLE a b', SYNTAX],
    ['LMOVE l l UP LEFT', SYNTAX],
    ['LPOS l a RANK', SYNTAX],
    ['LPOS l a COUNT -1', { error: "ERR COUNT can't be negative" }],
    ['LPOS l a MAXLEN x', { error: "ERR MAXLEN can't be negative" }],
    ['LPOS l a RANK -9223372036854775808', 0],
    ['LPOS l a RANK -9223372036854775807', null],
    ['LMPOP 0 l LEFT', { error: 'ERR numkeys should be greater than 0' }],
    ['LMPOP 2 l LEFT', SYNTAX],
    ['LMPOP 1 l LEFT COUNT 0', { error: 'ERR count should be greater than 0' }],
    ['LMPOP 1 l LEFT COUNT 1 COUNT 1', SYNTAX],
    ['COMMAND GETKEYS LMPOP 2 a b LEFT', ['a', 'b']],
    ['COMMAND GETKEYS LMPOP 3 a b LEFT', ['a', 'b', 'LEFT']],
    ['COMMAND GETKEYS LMPOP 4 a b LEFT', { error: 'ERR Invalid arguments specified for command' }],
  ]))

function wrongType(request: string): readonly [string, unknown] {
  return [request, WRONG_TYPE]
}

test('whoever waits is told of every key that has got an item', async () => {
  const bench = await CommandBench.open()
  const told: string[] = []
  bench.keyspace.onReady = (key, start, end) => told.push(key.toString('latin1', start, end))
  const requests: readonly [string, string[]][] = [
    ['RPUSH l a b', ['l']],
    ['LPUSH l c', ['l']],
    ['LPUSHX l c', ['l']],
    ['LPUSHX nothing c', []],
    ['LINSERT l AFTER c d', ['l']],
    ['LINSERT l AFTER nothing d', []],
    ['LMOVE l m LEFT LEFT', ['m']],
    ['LPOP l', []],
    ['LSET l 0 x', []],
    ['RENAME l n', ['l', 'n']],
    ['COPY n o', ['o']],
  ]
  for (const [request, keys] of requests) {
    told.length = 0
    bench.run(...request.split(' '))
    assert.deepEqual(told, keys, request)
  }
  await bench.log.close()
})

test('a transaction that watches a list fails when an item of it has changed', async () => {
  const bench = await CommandBench.open()
  const changes = [
    'RPUSH l x',
    'LPOP l',
    'RPOP l 2',
    'LSET l 0 y',
    'LINSERT l BEFORE a b',
    'LREM l 1 a',
    'LTRIM l 1 -1',
  ]
  for (const change of [...changes, 'LMOVE l m LEFT LEFT', 'LMOVE m l LEFT LEFT', 'LMPOP 1 l LEFT', 'DEL l']) {
    bench.run('DEL', 'l', 'm')
    bench.run('RPUSH', 'l', 'a', 'a', 'b', 'a')
    bench.run('RPUSH', 'm', 'a')
    bench.run('WATCH', 'l')
    bench.run(...change.split(' '))
    bench.run('MULTI')
    bench.run('PING')
    assert.deepEqual(bench.run('EXEC'), NIL_ARRAY, change)
  }
  for (const request of ['LRANGE l 0 -1', 'LPOP nothing', 'LREM l 0 nothing', 'LPUSHX nothing x', 'LLEN l']) {
    bench.run('WATCH', 'l')
    bench.run(...request.split(' '))
    bench.run('MULTI')
    bench.run('PING')
    assert.deepEqual(bench.run('EXEC'), [{ simple: 'PONG' }], request)
  }
  await bench.log.close()
})

test('what is told of a list waits until its last change is committed', async () => {
  const bench = await CommandBench.open()
  const { keyspace, log } = bench
  bench.run('RPUSH', 'l', 'a', 'b', 'c', 'd')
  bench.run('SET', 's', '1')
  await log.flush()
  const reads = [
    'LLEN l',
    'LRANGE l 0 0',
    'LINDEX l 0',
    'LPOS l nothing',
    'LINSERT l AFTER nothing x',
    'TYPE l',
    'SET s 1',
  ]
  for (const request of reads) {
    bench.run(...request.split(' '))
    if (request !== 'SET s 1') assert.ok(keyspace.gate <= log.committedOffset, request)
  }
  for (const change of ['LPOP l', 'LSET l 0 x', 'RPUSH l e', 'LREM l 1 d']) {
    bench.run(...change.split(' '))
    const changed = log.endOffset
    assert.equal(keyspace.gate, changed, change)
    bench.run('SET', 's', '2')
    for (const request of reads.slice(0, 5)) {
      bench.run(...request.split(' '))
      assert.equal(keyspace.gate, changed, `${request} after ${change}`)
    }
    await log.flush()
  }
  await log.close()
})

test('in a transaction, one after the other', async () => {
  const bench = await CommandBench.open()
  const requests: Script = [
    ['RPUSH l a b c', 3],
    ['LMOVE l m LEFT LEFT', 'a'],
    ['INCR l', WRONG_TYPE],
    ['LRANGE l 0 -1', ['b', 'c']],
    ['LPOP l 2', ['b', 'c']],
    ['SET l x', OK],
    ['RPUSH l y', WRONG_TYPE],
    ['RPOPLPUSH m m', 'a'],
  ]
  bench.run('MULTI')
  for (const [request] of requests) assert.deepEqual(bench.run(...request.split(' ')), QUEUED)
  const replies = bench.run('EXEC') as Reply[]
  assert.deepEqual(
    replies,
    requests.map(([, reply]) => reply),
  )
  await bench.log.close()
})
