import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../../helpers/command-bench.js'
import { temporaryFolder } from '../../../helpers/daemon.js'
import { NetBench } from '../../../helpers/net-bench.js'
import { RespClient } from '../../../helpers/resp-client.js'

test('OBJECT ENCODING says how Redis would keep a value, by what has made it', async () => {
  const bench = await CommandBench.open()
  const cases: [string[], string][] = [
    [['set', 'a', '12'], 'int'],
    [['set', 'a', '-9223372036854775808'], 'int'],
    [['set', 'a', '9223372036854775808'], 'embstr'],
    [['set', 'a', '012'], 'embstr'],
    [['set', 'a', 'x'.repeat(44)], 'embstr'],
    [['set', 'a', 'x'.repeat(45)], 'raw'],
    [['set', 'a', '1'], 'int'],
    [['append', 'a', '2'], 'raw'],
    [['expire', 'a', '100'], 'raw'],
    [['incr', 'a'], 'int'],
    [['incrbyfloat', 'a', '1'], 'embstr'],
    [['setrange', 'a', '0', '7'], 'raw'],
    [['getset', 'a', '5'], 'int'],
    [['setbit', 'a', '7', '0'], 'raw'],
  ]
  for (const [change, encoding] of cases) {
    bench.run(...change)
    assert.equal(bench.run('object', 'encoding', 'a'), encoding, change.join(' '))
  }
})

test('OBJECT REFCOUNT, IDLETIME, FREQ', async () => {
  const bench = await CommandBench.open()
  for (const [value, count] of [
    ['0', 2147483647],
    ['9999', 2147483647],
    ['10000', 1],
    ['-1', 1],
    ['text', 1],
  ] as const) {
    bench.run('set', 'a', value)
    assert.equal(bench.run('object', 'refcount', 'a'), count, value)
  }
  const later = bench.log.now() + 12_999
  bench.log.now = () => later
  assert.equal(bench.run('object', 'idletime', 'a'), 12)
  assert.match(JSON.stringify(bench.run('object', 'freq', 'a')), /LFU maxmemory policy is not selected/)
  for (const word of ['encoding', 'refcount', 'idletime', 'freq']) {
    assert.equal(bench.run('object', word, 'nothing'), null, word)
  }
})

test('MEMORY USAGE grows with the value, and knows nothing of what is not there', async () => {
  const bench = await CommandBench.open()
  bench.run('set', 'a', 'v')
  bench.run('set', 'b', 'v'.repeat(1001))
  const [a, b] = ['a', 'b'].map((key) => bench.run('memory', 'usage', key) as number)
  assert.equal(b! - a!, 1000)
  assert.ok(a! > 32 && a! < 100)
  assert.equal(bench.run('memory', 'usage', 'nothing'), null)
  assert.match(bench.run('memory', 'doctor') as string, /figures/)
})

test('MEMORY USAGE of a list and of a stream grows with what they have', async () => {
  const bench = await CommandBench.open()
  for (const [key, ...command] of [
    ['list', 'rpush', 'list', 'v'.repeat(100)],
    ['stream', 'xadd', 'stream', '*', 'f', 'v'.repeat(100)],
  ] as const) {
    bench.run(...command)
    const before = bench.run('memory', 'usage', key) as number
    for (let i = 0; i < 500; i++) bench.run(...command)
    const after = bench.run('memory', 'usage', key) as number
    assert.ok(after - before > 500 * 100, `${key}: ${before} and then ${after} bytes`)
  }
})

test('OBJECT and MEMORY of keys that are on disk only, also inside MULTI', async (t) => {
  const bench = await NetBench.start(t, {
    folder: temporaryFolder(t),
    log: { cacheSize: 1 << 20, segmentSize: 1 << 18 },
  })
  const client = await RespClient.connect(bench.port)
  await client.call('SET', 'old', '12')
  for (let i = 0; i < 40; i++) await client.call('SET', `key:${i}`, 'v'.repeat(100_000))
  assert.ok(bench.log.hasCold)
  assert.equal(await client.call('OBJECT', 'ENCODING', 'old'), 'int')
  const replies = await client.pipeline([
    ['MULTI'],
    ['OBJECT', 'REFCOUNT', 'key:1'],
    ['MEMORY', 'USAGE', 'key:2'],
    ['OBJECT', 'IDLETIME', 'key:3'],
    ['EXEC'],
  ])
  const [count, size, idle] = replies[4] as number[]
  assert.equal(count, 1)
  assert.ok(size! > 100_000)
  assert.ok(typeof idle === 'number')
  client.close()
})
