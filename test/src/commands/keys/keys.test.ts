import assert from 'node:assert/strict'
import net from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { temporaryFolder } from '../../../helpers/daemon.js'
import { NetBench } from '../../../helpers/net-bench.js'
import { frame, OK, parseReplies, QUEUED, RespClient } from '../../../helpers/resp-client.js'
import { until } from '../../../helpers/until.js'

const COUNT = 60_000

/** Sets keys `key:0` to `key:COUNT-1`, with values of a size. */
async function fill(client: RespClient, count: number, size: number): Promise<void> {
  const value = 'v'.repeat(size)
  for (let at = 0; at < count; at += 1000) {
    const keys = Array.from({ length: Math.min(1000, count - at) }, (_, i) => `key:${at + i}`)
    assert.deepEqual(await client.call('MSET', ...keys.flatMap((key) => [key, value])), OK)
  }
}

function expected(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key:${i}`).sort()
}

test('while KEYS walks over many keys, others are served, and its own client waits', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  const other = await RespClient.connect(bench.port)
  await fill(client, COUNT, 1)
  let isDone = false
  client.send(Buffer.concat([frame(['KEYS', '*']), frame(['GET', 'key:0'])]))
  const keys = client.read().then((reply) => {
    isDone = true
    return reply as string[]
  })
  let served = 0
  while (!isDone) {
    // A key that comes and goes meanwhile may be told or not; those that stay must be told once.
    await other.pipeline([
      ['SET', 'fleeting', '1'],
      ['DEL', 'fleeting'],
    ])
    served++
  }
  const found = (await keys).filter((key) => key !== 'fleeting').sort()
  assert.deepEqual(found, expected(COUNT))
  assert.ok(served > 2, `${served} requests of others were served meanwhile`)
  assert.equal(await client.read(), 'v')
  client.close()
  other.close()
})

test('a client that goes away in the middle of KEYS leaves nothing behind', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  await fill(client, COUNT, 1)
  const leaving = await RespClient.connect(bench.port)
  leaving.send(frame(['KEYS', '*']))
  await client.call('PING')
  leaving.close()
  await leaving.closed
  assert.equal(((await client.call('KEYS', 'key:1?')) as string[]).length, 10)
  client.close()
})

test('KEYS over keys that are on disk only, with others served in between', async (t) => {
  const bench = await NetBench.start(t, {
    folder: temporaryFolder(t),
    log: { cacheSize: 1 << 20, segmentSize: 1 << 18 },
  })
  const client = await RespClient.connect(bench.port)
  await fill(client, 20_000, 200)
  assert.ok(bench.log.hasCold)
  const other = await RespClient.connect(bench.port)
  let isDone = false
  const keys = client.call('KEYS', 'key:*').then((reply) => {
    isDone = true
    return reply as string[]
  })
  let served = 0
  while (!isDone) {
    await other.call('PING')
    served++
  }
  assert.deepEqual((await keys).sort(), expected(20_000))
  assert.ok(served > 2)
  // There is nobody who could load them within a transaction.
  const replies = await client.pipeline([['MULTI'], ['KEYS', '*'], ['PING'], ['EXEC']])
  assert.deepEqual(replies.slice(0, 3), [OK, QUEUED, QUEUED])
  assert.match(JSON.stringify((replies[3] as unknown[])[0]), /on disk only; run it outside MULTI/)
  assert.deepEqual((replies[3] as unknown[])[1], { simple: 'PONG' })
  // Few keys are loaded before it begins; what it writes itself is in memory.
  const few = Array.from({ length: 200 }, (_, i) => `key:${i}`)
  for (let i = 200; i < 20_000; i += 100) {
    await client.call('DEL', ...Array.from({ length: 100 }, (_, k) => `key:${i + k}`))
  }
  const walked = await client.pipeline([
    ['MULTI'],
    ['SET', 'new', 'x'],
    ['KEYS', '*'],
    ['SCAN', '0', 'COUNT', '999'],
    ['EXEC'],
  ])
  const [, found, scanned] = walked[4] as [unknown, string[], [string, string[]]]
  assert.deepEqual(found.sort(), [...few, 'new'].sort())
  assert.ok(scanned[1].length >= 200, JSON.stringify(scanned))
  client.close()
  other.close()
})

/** Keys of some MB. */
async function fillLong(client: RespClient, count: number): Promise<void> {
  for (let at = 0; at < count; at += 100) {
    const names = Array.from({ length: 100 }, (_, i) => `${at + i}:`.padEnd(2000, 'k'))
    await client.call('MSET', ...names.flatMap((name) => [name, '']))
  }
}

test('the reply to KEYS is given as the client takes it, and is never held twice', async (t) => {
  const bench = await NetBench.start(t, { log: { memorySizeMax: 1 << 27 } })
  const client = await RespClient.connect(bench.port)
  const count = 10_000
  await fillLong(client, count)
  const size = count * 2000
  const slow = net.connect({ port: bench.port, host: '127.0.0.1' })
  slow.write(Buffer.concat([frame(['KEYS', '*']), frame(['PING'])]))
  const held = async (): Promise<number> => {
    const line = (await client.call('CLIENT', 'LIST', 'ID', 2)) as string
    return Number(/ tot-mem=(\d+)/.exec(line)?.[1] ?? 0)
  }
  let most = 0
  let last = -1
  // Until the kernel takes no more, all that was found is held by the walk, or lent to the socket.
  await until('it waits for the client', async () => {
    const total = await held()
    most = Math.max(most, total)
    const isStill = total === last && total > size / 4
    last = total
    return isStill
  })
  assert.ok(most < size + (4 << 20), `${most} held of ${size}`)
  // A daemon that ends in the middle brings the reply to its end, and runs nothing more.
  bench.listener.stop()
  const [keys, ...more] = parseReplies(await buffer(slow))
  assert.equal((keys as string[]).length, count)
  assert.deepEqual(more, [])
  slow.destroy()
  client.close()
})

test('KEYS in a transaction, and one whose reply nobody wants', async (t) => {
  const bench = await NetBench.start(t, { log: { memorySizeMax: 1 << 26 } })
  const client = await RespClient.connect(bench.port)
  await fillLong(client, 2000)
  const replies = await client.pipeline([['MULTI'], ['SET', 'other', ''], ['KEYS', '*'], ['EXEC']])
  assert.equal((replies[3] as [unknown, string[]])[1].length, 2001)
  // The request behind waits until it is done, so that what is kept shows.
  client.send(
    Buffer.concat(
      [
        ['CLIENT', 'REPLY', 'SKIP'],
        ['KEYS', '*'],
        ['CLIENT', 'INFO'],
      ].map(frame),
    ),
  )
  const info = (await client.read()) as string
  assert.ok(Number(/ rbs=(\d+)/.exec(info)![1]) <= 16 * 1024, info)
  // Nor does any other reply that is left out keep its memory.
  await client.call('SET', 'large', 'v'.repeat(1 << 20))
  client.send(frame(['CLIENT', 'REPLY', 'OFF']))
  client.send(frame(['GET', 'large']))
  const other = await RespClient.connect(bench.port)
  await until('it has run', async () => /cmd=get /.test((await other.call('CLIENT', 'LIST', 'ID', 1)) as string))
  assert.match((await other.call('CLIENT', 'LIST', 'ID', 1)) as string, / rbs=0 /)
  client.close()
  other.close()
})

test('a reply to KEYS beyond the output limit closes the client', async (t) => {
  const bench = await NetBench.start(t, { log: { memorySizeMax: 1 << 26 }, outputSizeMax: 1 << 21 })
  const client = await RespClient.connect(bench.port)
  await fillLong(client, 2000)
  client.send(frame(['KEYS', '*']))
  await client.closed
  assert.deepEqual(bench.dropped, ['its replies exceed the output limit'])
})
