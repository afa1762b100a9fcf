import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandStats } from '../../../src/commands/command-stats.js'
import { BinaryDispatcher } from '../../../src/commands/binary/binary-dispatcher.js'
import { BinaryReplyWriter } from '../../../src/protocol/binary/reply-writer.js'
import { BinaryRequestStream } from '../../../src/protocol/binary/request-stream.js'
import { ask, binaryFrame, DONE, k, NOT_FOUND, reply, u16, u32, v } from '../../helpers/binary-frames.js'
import { BinaryClient } from '../../helpers/binary-client.js'
import { temporaryFolder } from '../../helpers/daemon.js'
import { NetBench } from '../../helpers/net-bench.js'
import { OK, RespClient } from '../../helpers/resp-client.js'
import { until } from '../../helpers/until.js'

const WRONGPASS = reply.error('WRONGPASS invalid username-password pair or user is disabled.')
const REQUIRED = reply.error('authentication required')
const MIB = 1 << 20

/** The reply of HELLO, by hand. */
function welcome(valueSizeMax: number, payloadSizeMax: number): ReturnType<typeof reply.value> {
  const parts = [u16(1), k('flin'), k('0.1.0'), u32(65_535), u32(valueSizeMax), u32(10_000), u32(payloadSizeMax)]
  return reply.value(Buffer.concat(parts))
}

test('the first byte decides, once and for all', async (t) => {
  const bench = await NetBench.start(t)
  for (const opcode of [1, 2, 3, 4, 5, 6, 0x0f, 0x10, 0x11, 0x12, 0x20, 0x24, 0x30, 0x35]) {
    const client = await BinaryClient.connect(bench.port)
    const first = await client.call(binaryFrame(opcode))
    assert.equal(first.status, 1, `${opcode}`)
    // What begins a request of RESP is an unknown opcode now.
    assert.deepEqual(await client.call(binaryFrame(0x2a)), reply.error('unknown opcode 0x2a'))
    assert.deepEqual(await client.call(binaryFrame(0x0a)), reply.error('unknown opcode 0x0a'))
    client.close()
  }
  for (const blank of ['\r\n', '\n', '\r\n\n\r\n']) {
    const client = await RespClient.connect(bench.port)
    client.send(blank)
    assert.deepEqual(await client.call('PING'), { simple: 'PONG' })
    client.close()
  }
  // Neither blank lines nor a TLS greeting, nor what is next to an opcode, are binary: all are lines to RESP.
  for (const byte of [0x00, 0x07, 0x0e, 0x13, 0x16, 0x25, 0x2f, 0x36, 0x80, 0xff]) {
    const client = await RespClient.connect(bench.port)
    client.send(Buffer.from([byte, 65, 13, 10]))
    const answer = await client.read()
    assert.match((answer as { error: string }).error, /^ERR unknown command/, `${byte}`)
    client.close()
  }
})

test('opcodes of queues and streams say that they are to come, and the connection goes on', async (t) => {
  const bench = await NetBench.start(t)
  const client = await BinaryClient.connect(bench.port)
  const replies = await client.pipeline([
    binaryFrame(0x20, k('q'), v('job')),
    binaryFrame(0x35, 'anything'),
    binaryFrame(0x25),
    ask.exists('q'),
  ])
  assert.deepEqual(replies, [
    reply.error('opcode 0x20 is not supported yet'),
    reply.error('opcode 0x35 is not supported yet'),
    reply.error('unknown opcode 0x25'),
    reply.flag(false),
  ])
  client.close()
})

test('a malformed payload is answered, has no effect, and the connection goes on', async (t) => {
  const bench = await NetBench.start(t)
  const client = await BinaryClient.connect(bench.port)
  const key = k('k')
  const pairs = [k('a'), v('1'), k('b'), v('2')]
  const malformed: Buffer[] = [
    binaryFrame(1),
    binaryFrame(1, key),
    binaryFrame(1, key, u32(5), 'four'),
    binaryFrame(1, key, v('v'), 'x'),
    ...[2, 3, 4, 5, 6].flatMap((opcode) => [
      binaryFrame(opcode),
      binaryFrame(opcode, u16(2), 'k'),
      binaryFrame(opcode, key, 'x'),
    ]),
    binaryFrame(0x0f),
    binaryFrame(0x0f, u16(1), k('default')),
    binaryFrame(0x0f, u16(1), k('default'), k('x'), 'x'),
    ...[0x10, 0x11, 0x12].map((opcode) => binaryFrame(opcode, 'x')),
    binaryFrame(0x10, u16(3), ...pairs),
    binaryFrame(0x10, u16(1), ...pairs),
    binaryFrame(0x11, u16(2), key),
    binaryFrame(0x12, u16(0), key),
  ]
  for (const request of malformed) {
    const [answer, next] = await client.pipeline([request, ask.get('k')])
    assert.equal(answer!.status, 1)
    assert.match(answer!.payload, /^malformed payload: \d+ bytes /)
    assert.deepEqual(next, NOT_FOUND)
  }
  assert.equal(bench.log.endOffset, 0)
  client.close()
})

test('limits are named: a value, a batch, a payload; only the last one ends the connection', async (t) => {
  const bench = await NetBench.start(t, { requestLimits: { bulkSizeMax: 100, querySizeMax: MIB } })
  const client = await BinaryClient.connect(bench.port)
  assert.deepEqual(await client.call(ask.hello(1)), welcome(100, MIB))
  const tooMany = Array.from({ length: 10_001 }, () => '')
  const replies = await client.pipeline([
    ask.set('k', 'v'.repeat(101)),
    ask.mset([
      ['k', 'v'],
      ['l', 'v'.repeat(101)],
    ]),
    ask.mget(...tooMany),
    ask.mdel(...tooMany),
    ask.mset(tooMany.map((key) => [key, ''])),
    ask.mget('k', 'l'),
    ask.set('x'.repeat(65_535), 'v'.repeat(100)),
    ask.mget(...tooMany.slice(1)),
    Buffer.concat([Buffer.from([1]), u32(MIB + 1)]),
  ])
  assert.deepEqual(replies, [
    reply.error('a value has at most 100 bytes, not 101'),
    reply.error('a value has at most 100 bytes, not 101'),
    ...Array.from({ length: 3 }, () => reply.error('a batch has at most 10000 keys, not 10001')),
    reply.several('', ''),
    DONE,
    reply.several(...tooMany.slice(1)),
    reply.error(`a payload has at most ${MIB} bytes, not ${MIB + 1}`),
  ])
  await client.closed
})

test('what is behind a payload that is too large is not run', async (t) => {
  const bench = await NetBench.start(t, { requestLimits: { querySizeMax: 1000 } })
  const client = await BinaryClient.connect(bench.port)
  client.send(ask.set('k', '1'), binaryFrame(1, k('x'), v('v'.repeat(1000))), ask.set('k', '2'))
  assert.deepEqual(await client.readUntilClosed(), [DONE, reply.error('a payload has at most 1000 bytes, not 1007')])
  assert.equal(bench.log.endOffset, 1)
})

test('HELLO: versions', async (t) => {
  const bench = await NetBench.start(t)
  const client = await BinaryClient.connect(bench.port)
  const expected = welcome(512 * MIB, 1024 * MIB)
  assert.deepEqual(await client.call(ask.hello(1)), expected)
  assert.deepEqual(await client.call(ask.hello(7)), expected)
  assert.deepEqual(await client.call(ask.hello(0)), reply.error('version 0 is none; there is 1'))
  // There is no password: the default user comes in with any.
  assert.deepEqual(await client.call(ask.hello(1, 'default', 'whatever')), expected)
  assert.deepEqual(await client.call(ask.hello(1, 'somebody', 'whatever')), WRONGPASS)
  client.close()
})

test('with a password nothing but HELLO is answered before it, and no large request taken', async (t) => {
  const bench = await NetBench.start(t, { password: 'secret' })
  const client = await BinaryClient.connect(bench.port)
  const before = [ask.set('k', 'v'), ask.get('k'), binaryFrame(0x99), binaryFrame(0x20), ask.hello(1)]
  assert.deepEqual(
    await client.pipeline(before),
    before.map(() => REQUIRED),
  )
  const wrong = [ask.hello(1, 'default', 'Secret'), ask.hello(1, 'somebody', 'secret'), ask.hello(1, '', '')]
  assert.deepEqual(await client.pipeline([...wrong, ask.get('k')]), [...wrong.map(() => WRONGPASS), REQUIRED])
  assert.equal((await client.call(ask.hello(0, 'default', 'secret'))).status, 1)
  assert.deepEqual(await client.call(ask.get('k')), REQUIRED)
  assert.equal(bench.log.endOffset, 0)
  assert.deepEqual(await client.pipeline([ask.hello(1, 'default', 'secret'), ask.set('k', 'v'.repeat(MIB))]), [
    welcome(512 * MIB, 1024 * MIB),
    DONE,
  ])
  // Who is in stays in, and tells so without a password.
  assert.deepEqual(await client.call(ask.hello(1, 'default', 'wrong')), WRONGPASS)
  assert.deepEqual(await client.call(ask.hello(1)), welcome(512 * MIB, 1024 * MIB))
  client.close()
  const stranger = await BinaryClient.connect(bench.port)
  stranger.send(ask.set('k', 'v'.repeat(MIB)))
  const [refusal] = await stranger.readUntilClosed()
  assert.match(refusal!.payload, /^a payload has at most 16384 bytes before HELLO has brought the password, not 10/)
})

test('replies beyond the limit: the client is dropped, as in RESP', async (t) => {
  const bench = await NetBench.start(t, { outputSizeMax: 4 * MIB })
  const client = await BinaryClient.connect(bench.port)
  await client.call(ask.set('a', 'v'.repeat(MIB)))
  assert.equal((await client.call(ask.mget('a', 'a', 'a'))).payload.length, 3 * MIB + 14)
  client.send(ask.mget(...Array.from({ length: 5000 }, () => 'a')))
  await client.closed
  assert.deepEqual(bench.dropped, ['its replies exceed the output limit'])
})

test('requests behind one that waits for a cold record keep their order, and a batch runs whole or not at all', async (t) => {
  const segmentSize = 64 * 1024
  const log = { segmentSize, cacheSize: 3 * segmentSize }
  const bench = await NetBench.start(t, { folder: temporaryFolder(t), log })
  const client = await BinaryClient.connect(bench.port)
  const keys = Array.from({ length: 400 }, (_, i) => `key:${i}`)
  const value = (key: string): string => key.padEnd(1000, '.')
  for (const key of keys) assert.deepEqual(await client.call(ask.set(key, value(key))), DONE)
  await until('some is cold', () => bench.log.hasCold)
  const replies = await client.pipeline([
    ask.exists('none'),
    ask.get('key:0'),
    ask.incr('n'),
    // Keys far from one another, so that none is loaded along with another.
    ask.mset([
      ['key:399', 'warm'],
      ['key:60', 'cold'],
      ['key:120', 'cold'],
      ['key:60', 'twice'],
    ]),
    ask.mget('key:398', 'key:180', 'key:60', 'none', 'key:399'),
    ask.mdel('key:398', 'key:240', 'none', 'key:240'),
    ask.exists('key:240'),
    ask.del('key:30'),
    ask.get('key:30'),
    ask.incr('key:90'),
    ask.set('key:150', 'new'),
    ask.get('key:150'),
    ask.decr('n'),
  ])
  assert.deepEqual(replies, [
    reply.flag(false),
    reply.value(value('key:0')),
    reply.i64(1),
    DONE,
    reply.several(value('key:398'), value('key:180'), 'twice', '', 'warm'),
    DONE,
    reply.flag(false),
    DONE,
    NOT_FOUND,
    reply.error('value is not an integer or out of range'),
    DONE,
    reply.value('new'),
    reply.i64(0),
  ])
  // One record for each write: no batch that was run again had begun to write before.
  assert.equal(bench.log.endOffset, 400 + 1 + 4 + 2 + 1 + 1 + 1)
  client.close()
})

test('a batch that has to be loaded first has written nothing by then', async (t) => {
  const segmentSize = 64 * 1024
  const log = { segmentSize, cacheSize: 3 * segmentSize }
  const bench = await NetBench.start(t, { folder: temporaryFolder(t), log })
  const client = await BinaryClient.connect(bench.port)
  for (let i = 0; i < 400; i++) await client.call(ask.set(`key:${i}`, 'v'.repeat(1000)))
  await until('some is cold', () => bench.log.hasCold)
  client.close()
  const { log: opened, keyspace } = bench
  const view = { flinVersion: '', isOpen: () => true, isPassword: () => true, valueSizeMax: () => MIB }
  const counter = new CommandStats()
  const dispatcher = new BinaryDispatcher(keyspace, view, counter)
  const requests = new BinaryRequestStream({ querySizeMax: MIB })
  const session = { authenticated: true, payloadSizeMax: MIB }
  const writer = new BinaryReplyWriter()
  const end = opened.endOffset
  for (const request of [
    ask.mdel('key:399', 'key:60', 'key:120'),
    ask.mset(['key:399', 'key:60', 'key:120'].map((key) => [key, 'new'])),
    ask.mget('key:399', 'key:60', 'key:120'),
  ]) {
    requests.feed(request, 0, request.length)
    assert.ok(requests.next())
    assert.equal(dispatcher.run(session, requests, writer)?.length, 2)
    assert.equal(opened.endOffset, end)
    assert.equal(writer.length, 0)
    requests.retain()
  }
  assert.equal(counter.total, 0)
})

test('requests are counted with those of RESP: calls, failed and rejected ones, errors', async (t) => {
  const bench = await NetBench.start(t, { password: 'secret' })
  const client = await BinaryClient.connect(bench.port)
  await client.call(ask.get('k'))
  await client.call(ask.hello(1, 'default', 'wrong'))
  await client.call(ask.hello(1, 'default', 'secret'))
  await client.call(ask.set('k', 'x'))
  await client.call(ask.incr('k'))
  for (let i = 0; i < 70; i++) await client.call(ask.get('k'))
  await client.call(Buffer.from('7f00000000', 'hex'))
  client.close()
  const { stats } = bench.view
  assert.deepEqual(
    stats.all.map(({ name, calls, rejected, failed }) => [name, calls, rejected, failed]),
    [
      ['set', 1, 0, 0],
      ['get', 70, 1, 0],
      ['incr', 1, 0, 1],
      ['hello', 2, 0, 1],
    ],
  )
  assert.deepEqual([stats.total, stats.errorTotal], [74, 4])
  assert.ok(stats.all.every(({ usec, latencies }) => usec > 0 && latencies!.percentile(50) > 0))
})

test('what the log has no room for is refused whole, with the word that RESP has, and reads go on', async (t) => {
  const bench = await NetBench.start(t, { log: { memorySizeMax: 2 * MIB, segmentSize: MIB } })
  const client = await BinaryClient.connect(bench.port)
  await client.call(ask.set('k', '1'))
  const large = 'v'.repeat(MIB)
  const refused = [
    ask.mset([
      ['k', '2'],
      ['l', large],
      ['m', large],
      ['n', large],
    ]),
    ask.set('k', large + large + large),
  ]
  for (const request of refused) {
    assert.deepEqual(await client.call(request), reply.error('OOM the log in memory holds 2 MiB at most'))
  }
  assert.deepEqual(await client.call(ask.mget('k', 'l')), reply.several('1', ''))
  assert.equal(bench.log.endOffset, 1)
  client.close()
})

test('where there is no room for another value, MDEL and DEL run nevertheless', async (t) => {
  const bench = await NetBench.start(t, { log: { memorySizeMax: 1 << 16 } })
  const client = await BinaryClient.connect(bench.port)
  const keys: string[] = []
  for (const size of [1000, 100, 1]) {
    for (let isFull = false; !isFull;) {
      isFull = (await client.call(ask.set(`key${keys.length}`, 'x'.repeat(size)))).status === 1
      if (!isFull) keys.push(`key${keys.length}`)
    }
  }
  assert.equal((await client.call(ask.mset([['key0', 'y']]))).status, 1)
  assert.deepEqual(await client.call(ask.mdel(...keys.slice(2, 20))), DONE)
  assert.deepEqual(await client.call(ask.del('key0')), DONE)
  assert.deepEqual(await client.call(ask.mget('key0', 'key1', 'key2')), reply.several('', 'x'.repeat(1000), ''))
  client.close()
})

test('who watches a key sees what a binary client does', async (t) => {
  const bench = await NetBench.start(t)
  const binary = await BinaryClient.connect(bench.port)
  const resp = await RespClient.connect(bench.port)
  for (const request of [ask.set('k', '1'), ask.incr('k'), ask.mset([['k', '2']]), ask.del('k'), ask.mdel('k')]) {
    await resp.call('SET', 'k', '5')
    assert.deepEqual(await resp.call('WATCH', 'k'), OK)
    assert.notEqual((await binary.call(request)).status, 1)
    await resp.call('MULTI')
    await resp.call('PING')
    assert.deepEqual(await resp.call('EXEC'), { nil: 'array' })
  }
  binary.close()
  resp.close()
})
