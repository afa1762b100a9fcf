import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createCache } from 'async-cache-dedupe'
import { RedisStore } from 'connect-redis'
import session, { type Handler, type Session } from 'express-session'
import { Redis } from 'ioredis'
import { RateLimiterRedis, RateLimiterRedisNonAtomic, RateLimiterRes } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { output, redisCli } from '../helpers/redis-cli.js'

/*
 * Programs that were written for Redis and know nothing of Flin: pointed at its port, they work as they are.
 */

async function ioredis(t: TestContext, port: number): Promise<Redis> {
  const redis = new Redis(port)
  t.after(() => {
    redis.disconnect()
  })
  await redis.ping()
  return redis
}

async function nodeRedis(t: TestContext, port: number): Promise<ReturnType<typeof createClient>> {
  const client = createClient({ socket: { port, host: '127.0.0.1' } })
  client.on('error', () => undefined)
  t.after(() => {
    client.destroy()
  })
  await client.connect()
  return client as ReturnType<typeof createClient>
}

/** A web page that counts its visitor's visits; /out ends the session. */
async function site(t: TestContext, handler: Handler): Promise<string> {
  const server = http.createServer((request, response) => {
    handler(request, response, () => {
      const { session: own } = request as unknown as { session: Session }
      if (request.url === '/out') own.destroy(() => response.end('out'))
      else response.end(String((own.visits = (own.visits ?? 0) + 1)))
    })
  })
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The cookie that a first visit brings. */
async function visit(url: string): Promise<string> {
  const response = await fetch(url)
  assert.equal(await response.text(), '1')
  return response.headers.get('set-cookie')!.split(';')[0]!
}

async function visitAgain(url: string, cookie: string): Promise<string> {
  return (await fetch(url, { headers: { cookie } })).text()
}

test('express-session with connect-redis: sessions outlive a kill, are listed, and end', async (t) => {
  const folder = temporaryFolder(t)
  const daemon = await Daemon.start(folder)
  const TTL = 1000
  let store = new RedisStore({ client: await nodeRedis(t, daemon.port), ttl: TTL })
  const options = { secret: 'keyboard cat', resave: false, saveUninitialized: false }
  let url = await site(t, session({ store, ...options }))
  const [ada, bob] = [await visit(url), await visit(url)]
  assert.equal(await visitAgain(url, ada), '2')
  await daemon.stop('SIGKILL')

  const restarted = await Daemon.start(folder)
  const client = await nodeRedis(t, restarted.port)
  store = new RedisStore({ client, ttl: TTL })
  url = await site(t, session({ store, ...options }))
  assert.equal(await visitAgain(url, ada), '3')
  assert.equal(await visitAgain(url, bob), '2')
  assert.equal(await store.length(), 2)
  const ids = (await store.ids()) as string[]
  const all = (await store.all()) as { id: string; visits: number }[]
  assert.deepEqual(all.map(({ id }) => id).sort(), ids.sort())
  assert.deepEqual(all.map(({ visits }) => visits).sort(), [2, 3])
  for (const id of ids) {
    const ttl = await client.ttl(`sess:${id}`)
    assert.ok(ttl > TTL - 100 && ttl <= TTL, `${ttl} s`)
  }
  assert.equal(await visitAgain(`${url}/out`, ada), 'out')
  assert.equal(await visitAgain(url, ada), '1', 'the session has ended')
  assert.equal(await visitAgain(url, bob), '3')
  await store.clear()
  assert.equal(await store.length(), 0)
})

test('rate-limiter-flexible over both clients: points run out, come back, and are the same for all', async (t) => {
  const { port } = await Daemon.start(temporaryFolder(t))
  const clients = [
    { storeClient: await ioredis(t, port), useRedisPackage: false },
    { storeClient: await nodeRedis(t, port), useRedisPackage: true },
  ]
  for (const client of clients) {
    const options = { ...client, points: 3, duration: 100, keyPrefix: `limit:${client.useRedisPackage}` }
    const limiter = new RateLimiterRedisNonAtomic(options)
    assert.equal((await limiter.consume('ada', 2)).remainingPoints, 1)
    const other = new RateLimiterRedisNonAtomic(options)
    assert.equal((await other.consume('ada')).remainingPoints, 0)
    await assert.rejects(limiter.consume('ada'), (refusal: unknown) => {
      assert.ok(refusal instanceof RateLimiterRes)
      assert.ok(refusal.msBeforeNext > 90_000 && refusal.msBeforeNext <= 100_000, `${refusal.msBeforeNext} ms`)
      return true
    })
    assert.equal((await limiter.consume('bob')).remainingPoints, 2)
    assert.equal((await limiter.reward('ada', 3)).consumedPoints, 1)
    await limiter.delete('bob')
    assert.equal(await limiter.get('bob'), null)
    await limiter.block('bob', 100)
    await assert.rejects(limiter.consume('bob'))
    const briefly = new RateLimiterRedisNonAtomic({ ...options, points: 1, duration: 1, keyPrefix: 'briefly' })
    const { msBeforeNext } = await briefly.consume('ada')
    await new Promise((resolve) => setTimeout(resolve, msBeforeNext + 20))
    assert.equal((await briefly.consume('ada')).remainingPoints, 0)
    await briefly.delete('ada')
  }
})

test('rate-limiter-flexible with a script in Lua is told that there is none', async (t) => {
  const { port } = await Daemon.start(temporaryFolder(t))
  const storeClient = await ioredis(t, port)
  const limiter = new RateLimiterRedis({ storeClient, points: 1, duration: 10 })
  await assert.rejects(limiter.consume('ada'), /unknown command 'eval/)
  // Without a duration it needs no script.
  const forever = new RateLimiterRedis({ storeClient, points: 1, duration: 0, keyPrefix: 'forever' })
  assert.equal((await forever.consume('ada')).remainingPoints, 0)
  await assert.rejects(forever.consume('ada'), RateLimiterRes)
})

test('async-cache-dedupe over ioredis: values are computed once, also for another process', async (t) => {
  const { port } = await Daemon.start(temporaryFolder(t))
  let computed = 0
  const lookUp = async (id: number): Promise<{ id: number; turn: number }> => {
    await Promise.resolve()
    return { id, turn: ++computed }
  }
  const make = async (): Promise<{ user: typeof lookUp; clear: () => Promise<void> }> => {
    const client = await ioredis(t, port)
    return createCache({ ttl: 100, storage: { type: 'redis', options: { client } } }).define('user', lookUp)
  }
  const [one, other] = [await make(), await make()]
  assert.deepEqual(await Promise.all([one.user(1), one.user(1)]), new Array(2).fill({ id: 1, turn: 1 }))
  assert.deepEqual(await other.user(1), { id: 1, turn: 1 })
  assert.deepEqual(await other.user(2), { id: 2, turn: 2 })
  const client = await ioredis(t, port)
  for (const key of await client.keys('*')) assert.ok((await client.ttl(key)) > 90, key)
  await one.clear()
  assert.deepEqual(await other.user(1), { id: 1, turn: 3 })
})

test('redis-cli --scan, --bigkeys, --memkeys', needs('redis-cli'), async (t) => {
  const { port } = await Daemon.start(temporaryFolder(t))
  const client = await ioredis(t, port)
  const KEYS = 1000
  await Promise.all(Array.from({ length: KEYS }, (_, i) => client.set(`key:${i}`, 'v'.repeat(i + 1))))
  await client.set('the largest', 'v'.repeat(100_000))
  const keys = (await redisCli(port, ['--scan'])).trim().split('\n')
  assert.equal(keys.length, KEYS + 1)
  assert.equal(new Set(keys).size, KEYS + 1)
  const big = await redisCli(port, ['--bigkeys'])
  assert.match(big, /Sampled 1001 keys in the keyspace!/)
  assert.match(big, /Biggest string found '"the largest"' has 100000 bytes/)
  assert.match(big, /1001 strings with 600500 bytes/)
  const memory = await redisCli(port, ['--memkeys'])
  assert.match(memory, /Sampled 1001 keys in the keyspace!/)
  const [, size] = /Biggest string found '"the largest"' has (\d+) bytes/.exec(memory) ?? []
  assert.ok(Number(size) > 100_000 && Number(size) < 101_000, memory)
})

test('redis-benchmark: set, get, incr, mset', needs('redis-benchmark'), async (t) => {
  const { port } = await Daemon.start(temporaryFolder(t))
  const args = ['-p', String(port), '-t', 'set,get,incr,mset', '-n', '5000', '-r', '1000', '-q', '-P', '8']
  const printed = await output('redis-benchmark', args)
  for (const name of ['SET', 'GET', 'INCR', 'MSET (10 keys)']) assert.ok(printed.includes(`${name}: `), printed)
  assert.equal(printed.match(/requests per second/g)?.length, 4, printed)
  assert.doesNotMatch(printed, /error|warning/i)
  const client = await ioredis(t, port)
  assert.ok((await client.dbsize()) > 1000)
  assert.match(await client.info('commandstats'), /cmdstat_mset:calls=5\d\d\d/)
})
