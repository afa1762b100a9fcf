import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { RespClient, type Reply } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'

/*
 *   FLIN_RESUMES=200   how often the subscriber is killed and resumed (12)
 */
const RESUMES = Number(process.env['FLIN_RESUMES'] ?? 12)
/** Every so many of them the daemon is killed, too. */
const DAEMON_KILL_EVERY = 4
const MIB = 1024 * 1024

/** Publishes numbers, one after the other, and knows which were acknowledged. */
class Publisher {
  acknowledged = -1
  #next = 0
  #isStopped = false

  async run(port: number, size: number): Promise<void> {
    this.#isStopped = false
    const client = await RespClient.connect(port)
    try {
      while (!this.#isStopped) {
        const first = this.#next
        this.#next += 5
        const requests = Array.from({ length: 5 }, (_, i) => ['PUBLISH', 'numbers', `${first + i} ${'x'.repeat(size)}`])
        await client.pipeline(requests)
        this.acknowledged = first + 4
      }
    } catch {
      // The daemon was killed.
    }
    client.close()
  }

  stop(): void {
    this.#isStopped = true
  }
}

function textOf(reply: Reply | undefined): string {
  return typeof reply === 'string' ? reply : ''
}

interface Told {
  readonly offset: number
  readonly number: number
}

function toldBy(reply: Reply): Told | null {
  if (!Array.isArray(reply) || reply[0] !== 'fmessage') return null
  return { offset: Number(reply[3]), number: Number.parseInt(textOf(reply[4]), 10) }
}

test('a subscriber that is killed and resumed sees every message once, by offset; the daemon is killed as well', async (t) => {
  const folder = temporaryFolder(t)
  const args = ['--segment-size', '64kb', '--cache-size', '1mb']
  const random = new Random(7)
  let daemon = await Daemon.start(folder, args)
  const publisher = new Publisher()
  let publishing = publisher.run(daemon.port, 100)
  const seen: Told[] = []
  for (let i = 1; i <= RESUMES; i++) {
    const client = await RespClient.connect(daemon.port)
    const from = (seen.at(-1)?.offset ?? -1) + 1
    const reply = await client.call('FLIN.SUBSCRIBE', 'num*', 'FROM', 'OFFSET', from)
    assert.deepEqual(reply, ['flin.subscribe', 'num*', 1, from])
    const wanted = seen.length + 20 + random.below(400)
    while (seen.length < wanted) {
      const told = toldBy(await client.read())
      if (told !== null) seen.push(told)
    }
    client.close()
    if (i % DAEMON_KILL_EVERY !== 0) continue
    await daemon.stop('SIGKILL')
    await publishing
    daemon = await Daemon.start(folder, args)
    publishing = publisher.run(daemon.port, 100)
  }
  publisher.stop()
  await publishing
  const client = await RespClient.connect(daemon.port)
  await client.call('FLIN.SUBSCRIBE', 'num*', 'FROM', 'OFFSET', seen.at(-1)!.offset + 1)
  while (seen.at(-1)!.number < publisher.acknowledged) {
    const told = toldBy(await client.read())
    if (told !== null) seen.push(told)
  }
  client.close()
  for (let i = 1; i < seen.length; i++) assert.ok(seen[i]!.offset > seen[i - 1]!.offset, 'offsets rise')
  const numbers = seen.map(({ number }) => number)
  // What a kill met on its way may be there or not; all else is there, once, in order.
  assert.equal(new Set(numbers).size, numbers.length, 'each is told once')
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
  const again = await RespClient.connect(daemon.port)
  await again.call('FLIN.SUBSCRIBE', 'num*', 'FROM', 'EARLIEST')
  const replayed: number[] = []
  while (replayed.length < numbers.length) {
    const told = toldBy(await again.read())
    if (told !== null) replayed.push(told.number)
  }
  again.close()
  assert.deepEqual(numbers, replayed, 'what was told bit by bit is what the log has')
  await daemon.stop()
})

test('a subscriber that does not read is fed from the log, in bounded memory, and others are served meanwhile', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t), [
    '--fsync',
    'no',
    '--segment-size',
    '4mb',
    '--cache-size',
    '16mb',
  ])
  const slow = await RespClient.connect(daemon.port)
  const quick = await RespClient.connect(daemon.port)
  await slow.call('SUBSCRIBE', 'c')
  await quick.call('SUBSCRIBE', 'c')
  const publisher = await RespClient.connect(daemon.port)
  const payload = 'x'.repeat(10_000)
  const publish = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i += 50) {
      const requests = Array.from({ length: 50 }, (_, k) => ['PUBLISH', 'c', `${i + k} ${payload}`])
      assert.deepEqual(
        await publisher.pipeline(requests),
        Array.from({ length: 50 }, () => 2),
      )
    }
  }
  await publish(0, 500)
  for (const client of [slow, quick]) await client.readMany(500)
  slow.socket.pause()
  const before = daemon.residentSize
  await publish(500, 10_500)
  await quick.readMany(10_000)
  // 100 MB were published; the log's own memory, the cache, is 16 MB.
  assert.ok(daemon.residentSize - before < 64 * MIB, `${Math.round((daemon.residentSize - before) / MIB)} MB more`)
  slow.socket.resume()
  for (let i = 500; i < 10_500; i++) {
    const reply = await slow.read()
    assert.ok(Array.isArray(reply) && textOf(reply[2]).startsWith(`${i} `), `message ${i} in its turn`)
  }
  await publish(10_500, 10_550)
  const [live] = await slow.readMany(50)
  assert.ok(Array.isArray(live) && textOf(live[2]).startsWith('10500 '))
  for (const client of [slow, quick, publisher]) client.close()
  await daemon.stop()
})

test('a subscriber that falls behind what is held is cut off, and told so', async (t) => {
  const size = ['--segment-size', '256kb', '--message-retention-size', '1mb', '--cache-size', '1mb']
  const daemon = await Daemon.start(temporaryFolder(t), ['--fsync', 'no', ...size])
  const [slow, other] = [await RespClient.connect(daemon.port), await RespClient.connect(daemon.port)]
  await slow.call('SUBSCRIBE', 'c')
  await other.call('SUBSCRIBE', 'c2')
  slow.socket.pause()
  const publisher = await RespClient.connect(daemon.port)
  const payload = 'x'.repeat(10_000)
  let isCut = false
  void daemon.until(/"msg":"client dropped"/).then(() => (isCut = true))
  await until('it is cut off', async () => {
    for (let i = 0; i < 5; i++) await publisher.pipeline(Array.from({ length: 50 }, () => ['PUBLISH', 'c', payload]))
    return isCut
  })
  slow.socket.resume()
  const replies = await slow.readUntilClosed()
  const last = replies.at(-1)
  assert.ok(typeof last === 'object' && last !== null && 'error' in last)
  assert.match(last.error, /^ERR subscriber is cut off: messages from offset \d+ on .* held from \d+ on only$/)
  const gone = await other.call('FLIN.SUBSCRIBE', 'c', 'FROM', 'OFFSET', 0)
  assert.match(JSON.stringify(gone), /offset 0 is gone: messages of these channels are held from offset \d+ on/)
  const [word, , , from] = (await other.call('FLIN.SUBSCRIBE', 'c', 'FROM', 'EARLIEST')) as Reply[]
  assert.equal(word, 'flin.subscribe')
  assert.ok(Number(from) > 0)
  for (const client of [slow, other, publisher]) client.close()
  await daemon.stop()
})

test('messages that are not kept reach who is there, and drop who does not read', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t), ['--message-retention-rules', 'hot.*=0'])
  const slow = await RespClient.connect(daemon.port)
  const publisher = await RespClient.connect(daemon.port)
  await slow.call('SUBSCRIBE', 'hot.a')
  await publisher.call('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 0 0')
  const before = await publisher.call('FLIN.DURABLE')
  assert.equal(await publisher.call('PUBLISH', 'hot.a', 'x'), 1)
  assert.deepEqual(await slow.read(), ['message', 'hot.a', 'x'])
  assert.deepEqual(await publisher.call('FLIN.DURABLE'), before, 'nothing is in the log')
  slow.socket.pause()
  const payload = 'x'.repeat(100_000)
  await until('it is dropped', async () => (await publisher.call('PUBLISH', 'hot.a', payload)) === 0)
  slow.close()
  publisher.close()
  await daemon.stop()
})

test('ioredis and node-redis subscribe, publish, and come back after the daemon was killed', async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder)
  const { port } = daemon
  const received: string[] = []
  const io = new Redis({ port, retryStrategy: () => 20 })
  const publisher = new Redis({ port, retryStrategy: () => 20, maxRetriesPerRequest: null })
  const node = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 3, socket: { reconnectStrategy: () => 20 } })
  for (const client of [io, publisher]) client.on('error', () => undefined)
  node.on('error', () => undefined)
  t.after(() => {
    io.disconnect()
    publisher.disconnect()
    node.destroy()
  })
  io.on('message', (channel: string, text: string) => received.push(`io ${channel} ${text}`))
  io.on('pmessage', (pattern: string, channel: string, text: string) =>
    received.push(`io ${pattern} ${channel} ${text}`),
  )
  assert.equal(await io.subscribe('chat'), 1)
  assert.equal(await io.psubscribe('ch*'), 2)
  await node.connect()
  await node.subscribe('chat', (text, channel) => received.push(`node ${channel} ${text}`))
  await node.pSubscribe('c?at', (text, channel) => received.push(`node c?at ${channel} ${text}`))
  const all = (text: string): string[] => [
    `io ch* chat ${text}`,
    `io chat ${text}`,
    `node c?at chat ${text}`,
    `node chat ${text}`,
  ]
  assert.equal(await publisher.publish('chat', 'hello'), 4)
  await until('all are told', () => received.length === 4)
  assert.deepEqual(received.splice(0).toSorted(), all('hello'))
  await daemon.stop('SIGKILL')
  daemon = await Daemon.start(folder, ['--port', String(port)])
  t.after(() => daemon.stop('SIGKILL'))
  await until('all have come back', async () => (await publisher.publish('chat', 'again')) === 4)
  await until('all are told again', () => received.filter((it) => it.endsWith(' again')).length >= 4)
  // Somebody who was not there reads it all.
  const history = await RespClient.connect(port)
  await history.call('FLIN.SUBSCRIBE', 'chat', 'FROM', 'EARLIEST')
  const [first] = await history.readMany(2)
  assert.deepEqual(first, ['fmessage', 'chat', 'chat', 0, 'hello'])
  history.close()
})

test('messages do not fill a log that is bounded: the oldest make room for the newest, however fast they come', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t), ['--memory', '32mb'])
  const client = await RespClient.connect(daemon.port)
  t.after(() => {
    client.close()
  })
  const requests = Array.from({ length: 20 }, () => ['PUBLISH', 'channel', 'x'.repeat(10_000)])
  for (let i = 0; i < 500; i++) assert.deepEqual(new Set(await client.pipeline(requests)), new Set([0]), `round ${i}`)
})
