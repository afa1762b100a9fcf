import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { redisCli } from '../helpers/redis-cli.js'
import { until } from '../helpers/until.js'

/** Clients that wait on a daemon, as programs that are written for Redis do it. */

async function started(t: TestContext, ...args: string[]): Promise<{ port: number; waiting: () => Promise<number> }> {
  const { port } = await Daemon.start(temporaryFolder(t), args)
  const observer = new Redis(port)
  t.after(() => {
    observer.disconnect()
  })
  const waiting = async (): Promise<number> => Number(/blocked_clients:(\d+)/.exec(await observer.info('clients'))![1])
  return { port, waiting }
}

test('ioredis: a worker that takes jobs, with a time limit, over a reconnect', async (t) => {
  const { port, waiting } = await started(t)
  const worker = new Redis(port)
  const producer = new Redis(port)
  t.after(() => {
    worker.disconnect()
    producer.disconnect()
  })
  const taken = worker.blpop('jobs', 'other', 0)
  await until('it waits', async () => (await waiting()) === 1)
  await producer.rpush('jobs', 'one', 'two')
  assert.deepEqual(await taken, ['jobs', 'one'])
  assert.deepEqual(await worker.brpop('jobs', 1), ['jobs', 'two'])
  assert.equal(await worker.blpop('jobs', 0.01), null)
  assert.equal(await worker.blmove('jobs', 'mine', 'LEFT', 'RIGHT', 0.01), null)
  // Behind one that waits, on the same connection.
  const [moved, length] = [worker.brpoplpush('jobs', 'mine', 0), worker.llen('mine')]
  await until('it waits', async () => (await waiting()) === 1)
  await producer.rpush('jobs', 'three')
  assert.equal(await moved, 'three')
  assert.equal(await length, 1)
  // ioredis sends what had no reply again when it is connected again.
  const again = worker.blmpop(0, 1, 'jobs', 'LEFT', 'COUNT', 10)
  await until('it waits', async () => (await waiting()) === 1)
  worker.disconnect(true)
  await until('nobody waits, and then it does again', async () => (await waiting()) === 1 && worker.status === 'ready')
  await producer.rpush('jobs', 'four', 'five')
  assert.deepEqual(await again, ['jobs', ['four', 'five']])
})

test('node-redis, RESP2 and RESP3', async (t) => {
  const { port, waiting } = await started(t)
  const producer = createClient({ socket: { port } })
  // The daemon is ended first.
  producer.on('error', () => undefined)
  await producer.connect()
  t.after(() => {
    producer.destroy()
  })
  for (const RESP of [2, 3] as const) {
    const worker = await createClient({ RESP, socket: { port } }).connect()
    const taken = worker.blPop(['jobs', 'other'], 0)
    await until('it waits', async () => (await waiting()) === 1)
    await producer.rPush('other', 'one')
    assert.deepEqual({ ...(await taken) }, { key: 'other', element: 'one' })
    assert.equal(await worker.brPop('jobs', 0.01), null)
    assert.equal(await worker.blMove('jobs', 'mine', 'LEFT', 'LEFT', 0.01), null)
    const many = worker.blmPop(0, 'jobs', 'RIGHT', { COUNT: 2 })
    await until('it waits', async () => (await waiting()) === 1)
    await producer.rPush('jobs', ['a', 'b', 'c'])
    assert.deepEqual(await many, ['jobs', ['c', 'b']])
    await producer.del('jobs')
    const never = worker.blPop('jobs', 0)
    never.catch(() => undefined)
    await until('it waits', async () => (await waiting()) === 1)
    worker.destroy()
    await until('it has left', async () => (await waiting()) === 0)
  }
})

test('redis-cli waits, and the daemon ends under it', needs('redis-cli'), async (t) => {
  const folder = temporaryFolder(t)
  const daemon = await Daemon.start(folder)
  const observer = new Redis(daemon.port, { lazyConnect: true, retryStrategy: null })
  await observer.connect()
  assert.equal(await redisCli(daemon.port, ['--no-raw', 'BLPOP', 'jobs', '0.01']), '(nil)\n')
  const taken = redisCli(daemon.port, ['BLPOP', 'jobs', '0'])
  await until('it waits', async () => (await observer.info('clients')).includes('blocked_clients:1'))
  await observer.rpush('jobs', 'one')
  assert.equal(await taken, 'jobs\none\n')
  const cut = redisCli(daemon.port, ['BLPOP', 'jobs', '0']).catch((error: unknown) => String(error))
  await until('it waits', async () => (await observer.info('clients')).includes('blocked_clients:1'))
  assert.equal(await daemon.stop('SIGTERM'), 0)
  assert.doesNotMatch(await cut, /jobs/)
  observer.disconnect()
})
