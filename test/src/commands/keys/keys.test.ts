import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../../../helpers/daemon.js'
import { NetBench } from '../../../helpers/net-bench.js'
import { frame, OK, QUEUED, RespClient } from '../../../helpers/resp-client.js'

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
