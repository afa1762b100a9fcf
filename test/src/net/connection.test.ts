import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { temporaryFolder } from '../../helpers/daemon.js'
import { NetBench } from '../../helpers/net-bench.js'
import { frame, OK, QUEUED, RespClient } from '../../helpers/resp-client.js'
import { until } from '../../helpers/until.js'

const MIB = 1 << 20

function many(count: number, ...args: string[]): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => frame(args)))
}

/** Sends requests and reads nothing. */
async function deaf(port: number, bytes: Buffer): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.pause()
  socket.write(bytes)
  return socket
}

test('replies that the kernel takes at once do not stop a connection', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  const value = 'v'.repeat(300_000)
  await client.call('SET', 'a', value)
  const replies = await client.pipeline(Array.from({ length: 60 }, () => ['GET', 'a']))
  assert.ok(replies.every((it) => it === value))
  client.close()
})

test('a paused client that reads nothing is dropped after its time, one that reads slowly is not', async (t) => {
  const bench = await NetBench.start(t, { stalledMsMax: 300 })
  const client = await RespClient.connect(bench.port)
  await client.call('SET', 'a', 'v'.repeat(MIB))
  const slow = await deaf(bench.port, many(40, 'GET', 'a'))
  let received = 0
  const end = 40 * (MIB + 12)
  const read = (async () => {
    // Each pause is shorter than the time, all together are longer.
    while (received < end) {
      const chunk = slow.read() as Buffer | null
      received += chunk?.length ?? 0
      if (chunk === null) await once(slow, 'readable')
      else if (received % 7 === 0) await sleep(20)
    }
  })()
  const stuck = await deaf(bench.port, many(40, 'GET', 'a'))
  await until('one is dropped', () => bench.dropped.length > 0)
  await read
  assert.deepEqual(bench.dropped, ['it does not read its replies'])
  await until('the others are left', () => bench.listener.connections.size === 2)
  for (const socket of [slow, stuck]) socket.destroy()
  client.close()
})

test('a client is paused while the disk is behind, and is not blamed for it', async (t) => {
  const bench = await NetBench.start(t, { stalledMsMax: 50 })
  const client = await RespClient.connect(bench.port)
  const other = await RespClient.connect(bench.port)
  await client.call('SET', 'a', '1')
  bench.isBehind = true
  const [socket] = bench.listener.connections.keys()
  client.send(many(3, 'INCR', 'a'))
  for (let i = 0; i < 3; i++) await once(socket!, 'timeout')
  assert.equal(bench.log.endOffset, 1, 'nothing has run')
  assert.deepEqual(bench.dropped, [])
  bench.isBehind = false
  // The next commit wakes it.
  bench.keyspace.begin(100)
  const key = Buffer.from('b')
  bench.keyspace.find(key, 0, 1)
  bench.keyspace.put(key, 0, 1, key, 0, 1, 0)
  bench.committer.schedule()
  assert.deepEqual(await client.readMany(3), [2, 3, 4])
  client.close()
  other.close()
})

test('one reply beyond the limit: the client is dropped, the memory is given back', async (t) => {
  const bench = await NetBench.start(t, { outputSizeMax: 4 * MIB })
  const client = await RespClient.connect(bench.port)
  await client.call('SET', 'a', 'v'.repeat(MIB))
  assert.equal(((await client.call('MGET', 'a', 'a', 'a')) as string[]).length, 3)
  client.send(frame(['MGET', ...Array.from({ length: 5000 }, () => 'a')]))
  await client.closed
  assert.deepEqual(bench.dropped, ['its replies exceed the output limit'])
})

test('a value that is larger than the limit by itself: dropped as well', async (t) => {
  const bench = await NetBench.start(t, { outputSizeMax: MIB })
  const client = await RespClient.connect(bench.port)
  await client.call('SET', 'a', 'v'.repeat(3 * MIB))
  client.send(frame(['GET', 'a']))
  await client.closed
  assert.deepEqual(bench.dropped, ['its replies exceed the output limit'])
})

test('what a client watched is forgotten with it', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  await client.call('WATCH', 'a', 'b', 'a')
  assert.ok(!bench.keyspace.watches.isEmpty)
  client.close()
  await until('nothing is watched', () => bench.keyspace.watches.isEmpty)
})

test('bytes behind a protocol error are not run', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  client.send(Buffer.concat([frame(['SET', 'a', '1']), Buffer.from('*x\r\n'), frame(['SET', 'a', '2'])]))
  assert.deepEqual(await client.readUntilClosed(), [OK, { error: 'ERR Protocol error: invalid multibulk length' }])
  assert.equal(bench.log.endOffset, 1)
})

test('requests behind one that waits for a cold record keep their order', async (t) => {
  const segmentSize = 64 * 1024
  const bench = await NetBench.start(t, {
    folder: temporaryFolder(t),
    log: { segmentSize, cacheSize: 3 * segmentSize },
  })
  const client = await RespClient.connect(bench.port)
  const keys = Array.from({ length: 400 }, (_, i) => `key:${i}`)
  const value = (key: string): string => key.padEnd(1000, '.')
  for (const key of keys) await client.call('SET', key, value(key))
  await until('some is cold', () => bench.log.hasCold)
  const replies = await client.pipeline([
    ['ECHO', 'first'],
    ['GET', 'key:0'],
    ['ECHO', 'second'],
    ['SET', 'key:1', 'new', 'GET'],
    ['MULTI'],
    ['GET', 'key:2'],
    ['INCR', 'n'],
    ['EXEC'],
    ['MGET', 'key:3', 'key:399', 'key:1'],
    ['DEL', 'key:4', 'key:5'],
    ['GET', 'key:4'],
    ['QUIT'],
  ])
  assert.deepEqual(replies, [
    'first',
    value('key:0'),
    'second',
    value('key:1'),
    OK,
    QUEUED,
    QUEUED,
    [value('key:2'), 1],
    [value('key:3'), value('key:399'), 'new'],
    2,
    null,
    OK,
  ])
  await client.closed
})

test('a client that leaves while its request waits for a cold record disturbs nobody', async (t) => {
  const segmentSize = 64 * 1024
  const bench = await NetBench.start(t, {
    folder: temporaryFolder(t),
    log: { segmentSize, cacheSize: 3 * segmentSize },
  })
  const client = await RespClient.connect(bench.port)
  for (let i = 0; i < 400; i++) await client.call('SET', `key:${i}`, 'v'.repeat(1000))
  await until('some is cold', () => bench.log.hasCold)
  for (let i = 0; i < 50; i++) {
    const other = await RespClient.connect(bench.port)
    other.send(frame(['MGET', `key:${i}`, `key:${i + 50}`]))
    if (i % 2 === 0) other.socket.resetAndDestroy()
    else other.socket.end()
    assert.equal(await client.call('GET', `key:${i + 100}`), 'v'.repeat(1000))
  }
  await until('the others are left', () => bench.listener.connections.size === 1)
  client.close()
})
