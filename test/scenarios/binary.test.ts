import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { BinaryClient } from '../helpers/binary-client.js'
import { ask, bytesOf, DONE, k, NOT_FOUND, reply, u16, u32, type BinaryReply } from '../helpers/binary-frames.js'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { OK, RespClient } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'

/*
 *   FLIN_IDLE_SECONDS=2        a connection is left alone for so long; the inherited server closed it after 30
 *   FLIN_BINARY_KILLS=4        how often the daemon is killed while batches are written
 */
const IDLE_SECONDS = Number(process.env['FLIN_IDLE_SECONDS'] ?? 2)
const KILLS = Number(process.env['FLIN_BINARY_KILLS'] ?? 4)
const MIB = 1024 * 1024
const INT64_MAX = 2n ** 63n - 1n

async function started(t: TestContext, ...args: string[]): Promise<Daemon> {
  return Daemon.start(temporaryFolder(t), args)
}

async function binaryOf(t: TestContext, daemon: Daemon): Promise<BinaryClient> {
  const client = await BinaryClient.connect(daemon.port)
  t.after(() => {
    client.close()
  })
  return client
}

async function respOf(t: TestContext, daemon: Daemon): Promise<RespClient> {
  const client = await RespClient.connect(daemon.port)
  t.after(() => {
    client.close()
  })
  return client
}

/** Every opcode with what it must answer, in an order that leaves nothing behind. */
const TOUR: readonly (readonly [Buffer, BinaryReply])[] = [
  [ask.set('key', 'value'), DONE],
  [ask.get('key'), reply.value('value')],
  [ask.get('missing'), NOT_FOUND],
  [ask.exists('key'), reply.flag(true)],
  [ask.exists('missing'), reply.flag(false)],
  [ask.set('key', ''), DONE],
  [ask.get('key'), reply.value('')],
  [ask.set('', 'of the empty key'), DONE],
  [ask.get(''), reply.value('of the empty key')],
  [ask.set('bin\0\r\n\xff', '\0\x01\r\n*1'), DONE],
  [ask.get('bin\0\r\n\xff'), reply.value('\0\x01\r\n*1')],
  [ask.incr('n'), reply.i64(1)],
  [ask.incr('n'), reply.i64(2)],
  [ask.decr('n'), reply.i64(1)],
  [ask.get('n'), reply.value('1')],
  [ask.decr('m'), reply.i64(-1)],
  [ask.incr('key'), reply.error('value is not an integer or out of range')],
  [ask.set('n', String(INT64_MAX)), DONE],
  [ask.incr('n'), reply.error('increment or decrement would overflow')],
  [ask.decr('n'), reply.i64(INT64_MAX - 1n)],
  [ask.mset([]), DONE],
  [ask.mget(), reply.several()],
  [ask.mdel(), DONE],
  [
    ask.mset([
      ['a', '1'],
      ['b', ''],
      ['a', '2'],
    ]),
    DONE,
  ],
  [ask.mget('a', 'b', 'missing', 'a'), reply.several('2', '', '', '2')],
  [ask.exists('b'), reply.flag(true)],
  [ask.mdel('a', 'missing', 'a'), DONE],
  [ask.mget('a', 'b'), reply.several('', '')],
  [ask.del('b'), DONE],
  [ask.del('b'), DONE],
  [ask.exists('b'), reply.flag(false)],
  [
    ask.hello(1),
    reply.value(
      Buffer.concat([u16(1), k('flin'), k('0.1.0'), u32(65_535), u32(512 * MIB), u32(10_000), u32(1024 * MIB)]),
    ),
  ],
  [Buffer.from([0x20, 0, 0, 0, 0]), reply.error('opcode 0x20 is not supported yet')],
  [Buffer.from([0x77, 0, 0, 0, 0]), reply.error('unknown opcode 0x77')],
  [ask.mdel('key', '', 'bin\0\r\n\xff', 'n', 'm'), DONE],
]

test('every opcode: one at a time, all at once, byte by byte', async (t) => {
  const daemon = await started(t)
  const client = await binaryOf(t, daemon)
  const requests = TOUR.map(([request]) => request)
  const replies = TOUR.map(([, it]) => it)
  for (const [request, expected] of TOUR) assert.deepEqual(await client.call(request), expected)
  for (let i = 0; i < 20; i++) assert.deepEqual(await client.pipeline(requests), replies)
  const all = Buffer.concat(requests)
  for (const byte of all) client.socket.write(Buffer.from([byte]))
  assert.deepEqual(await client.readMany(replies.length), replies)
  const resp = await respOf(t, daemon)
  assert.equal(await resp.call('DBSIZE'), 0)
})

test('both protocols see the same keys', async (t) => {
  const daemon = await started(t)
  const [binary, resp] = [await binaryOf(t, daemon), await respOf(t, daemon)]
  assert.deepEqual(await resp.call('SET', 'k', 'text', 'EX', 100), OK)
  assert.deepEqual(await binary.call(ask.get('k')), reply.value('text'))
  assert.deepEqual(await binary.call(ask.set('k', '5')), DONE)
  assert.equal(await resp.call('TTL', 'k'), -1, 'as by SET without an option')
  await resp.call('EXPIRE', 'k', 100)
  assert.deepEqual(await binary.call(ask.incr('k')), reply.i64(6))
  assert.equal(await resp.call('TTL', 'k'), 100, 'INCR keeps it')
  assert.equal(await resp.call('INCR', 'k'), 7)
  await resp.call('PEXPIRE', 'k', 1)
  await until('it has expired', async () => (await resp.call('EXISTS', 'k')) === 0)
  assert.deepEqual(await binary.pipeline([ask.exists('k'), ask.mget('k'), ask.incr('k')]), [
    reply.flag(false),
    reply.several(''),
    reply.i64(1),
  ])
  assert.equal(await resp.call('TTL', 'k'), -1)
})

test('INCR by both, 16 connections pipelining deep: nothing is lost, replies keep their order', async (t) => {
  const daemon = await started(t)
  const DEPTH = 500
  const clients = await Promise.all(Array.from({ length: 16 }, () => binaryOf(t, daemon)))
  const resps = await Promise.all(Array.from({ length: 4 }, () => respOf(t, daemon)))
  const results = await Promise.all([
    ...clients.map(async (client, i) => {
      const seen: bigint[] = []
      for (let round = 0; round < 4; round++) {
        const requests = Array.from({ length: DEPTH }, (_, j) => [
          ask.incr('shared'),
          ask.set(`own:${i}`, `${round}.${j}`),
          ask.get(`own:${i}`),
        ])
        const replies = await client.pipeline(requests.flat())
        for (let j = 0; j < DEPTH; j++) {
          seen.push(bytesOf(replies[j * 3]!.payload).readBigInt64BE())
          assert.deepEqual(replies[j * 3 + 1], DONE)
          assert.deepEqual(replies[j * 3 + 2], reply.value(`${round}.${j}`))
        }
      }
      return seen
    }),
    ...resps.map(async (client) => {
      const replies = await client.pipeline(Array.from({ length: DEPTH }, () => ['INCR', 'shared']))
      return replies.map((it) => BigInt(it as number))
    }),
  ])
  for (const seen of results) assert.ok(seen.every((n, i) => i === 0 || n > seen[i - 1]!))
  const all = new Set(results.flat())
  assert.equal(all.size, 16 * 4 * DEPTH + 4 * DEPTH)
  assert.deepEqual(await clients[0]!.call(ask.get('shared')), reply.value(String(all.size)))
})

test('large frames, cut anywhere, among small ones', async (t) => {
  const daemon = await started(t)
  const client = await binaryOf(t, daemon)
  const random = new Random(5)
  const expected: BinaryReply[] = []
  const parts: Buffer[] = []
  for (const size of [32_763, 32_768, 32_769, 65_531, 65_536, 100_000, MIB, 9 * MIB]) {
    const value = Buffer.alloc(size, `${size}.`)
    parts.push(ask.set('large', value), ask.get('large'), ask.exists('large'))
    expected.push(DONE, reply.value(value), reply.flag(true))
    const pairs = Array.from({ length: 50 }, (_, i) => [`part:${i}`, value.subarray(0, size / 50)] as const)
    parts.push(ask.mset(pairs), ask.mget('part:49', 'none'))
    expected.push(DONE, reply.several(value.subarray(0, size / 50), ''))
  }
  const all = Buffer.concat(parts)
  for (let at = 0; at < all.length;) {
    const end = Math.min(all.length, at + 1 + random.below(random.chance(0.3) ? 10 : 300_000))
    if (!client.socket.write(all.subarray(at, end))) await once(client.socket, 'drain')
    at = end
  }
  const replies = await client.readMany(expected.length)
  replies.forEach((it, i) => {
    // Not deepEqual on megabytes: its message would be as long.
    assert.ok(it.status === expected[i]!.status && it.payload === expected[i]!.payload, `reply ${i}`)
  })
})

test('an idle connection stays, also in the middle of a frame', async (t) => {
  const daemon = await started(t)
  const idle = await Promise.all(Array.from({ length: 5 }, () => binaryOf(t, daemon)))
  const request = ask.set('k', 'value')
  idle.forEach((client, i) => {
    if (i > 0) client.send(request.subarray(0, i * 3))
  })
  await sleep(IDLE_SECONDS * 1000)
  idle.forEach((client, i) => {
    client.send(request.subarray(i * 3))
  })
  for (const client of idle) assert.deepEqual(await client.read(), DONE)
})

test('a batch is whole or not there at all when the daemon is killed, and none that was acknowledged is lost', async (t) => {
  const folder = temporaryFolder(t)
  const random = new Random(11)
  const keys = Array.from({ length: 60 }, (_, i) => `batch:${i}`)
  const valueOf = (n: number): string => `${n}.`.padEnd(1000, 'v')
  let acknowledged = 0
  let sent = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const daemon = await Daemon.start(folder, ['--segment-size', '1mb', '--fsync', kill % 2 === 0 ? 'always' : 'no'])
    const client = await BinaryClient.connect(daemon.port)
    const replies = await client.call(ask.mget(...keys))
    const found = bytesOf(replies.payload)
    const size = found.readUInt32BE(2)
    const generation = size === 0 ? 0 : parseInt(found.toString('latin1', 6, 6 + size))
    assert.ok(generation >= acknowledged && generation <= sent, `${acknowledged} <= ${generation} <= ${sent}`)
    const same = keys.map(() => (generation === 0 ? '' : valueOf(generation)))
    assert.ok(replies.payload === reply.several(...same).payload, 'all values are of one batch')
    sent = acknowledged = generation
    const pauseMs = 50 + random.below(300)
    const killed = until('something is acknowledged', () => acknowledged > generation)
      .then(() => sleep(pauseMs))
      .then(() => daemon.stop('SIGKILL'))
    while (!client.isClosed) {
      for (let i = 0; i < 4; i++) {
        sent++
        client.send(ask.mset(keys.map((key) => [key, valueOf(sent)])))
      }
      try {
        for (let i = 0; i < 4; i++) {
          assert.deepEqual(await client.read(), DONE)
          acknowledged++
        }
      } catch (error) {
        if (!(client.isClosed as boolean)) throw error
      }
    }
    await killed
  }
})
