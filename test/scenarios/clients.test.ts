import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { redisCli } from '../helpers/redis-cli.js'
import { freePort } from '../helpers/redis-server.js'

async function started(t: TestContext, ...args: string[]): Promise<Daemon> {
  return Daemon.start(temporaryFolder(t), args)
}

test('redis-cli: the tour of the README, over a kill', needs('redis-cli'), async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder)
  const cli = (...args: string[]): Promise<string> => redisCli(daemon.port, args)
  assert.equal(await cli('SET', 'greeting', 'hello'), 'OK\n')
  assert.equal(await cli('GET', 'greeting'), 'hello\n')
  assert.equal(await cli('--no-raw', 'GET', 'nothing'), '(nil)\n')
  assert.equal(await cli('SET', 'session', 'x', 'EX', '100'), 'OK\n')
  assert.match(await cli('--no-raw', 'TTL', 'session'), /^\(integer\) (?:99|100)\n$/)
  assert.equal(await cli('--no-raw', 'FLIN.SET', 'greeting', 'again', 'IFREV', '0').then(firstWord), '(error)')
  const multi = 'MULTI\nINCR visits\nINCR visits\nEXEC\n'
  assert.equal(await redisCli(daemon.port, [], multi), 'OK\nQUEUED\nQUEUED\n1\n2\n')
  await daemon.stop('SIGKILL')
  daemon = await Daemon.start(folder)
  assert.equal(await cli('GET', 'greeting'), 'hello\n')
  assert.equal(await cli('GET', 'visits'), '2\n')
  assert.equal(await cli('-3', '--no-raw', 'FLIN.GET', 'greeting').then(firstWord), '1)')
  const exited = daemon.exited()
  assert.equal(await cli('SHUTDOWN', 'NOSAVE'), '')
  assert.equal(await exited, 0)
})

function firstWord(text: string): string {
  return text.split(' ')[0]!
}

test('redis-cli: --scan, --pipe, -r, inline quoting, INFO, HELLO 3, errors', needs('redis-cli'), async (t) => {
  const { port } = await started(t)
  const requests = Array.from({ length: 500 }, (_, i) => `SET key:${i} ${i}\r\n`).join('')
  assert.match(await redisCli(port, ['--pipe'], requests), /errors: 0, replies: 500/)
  const keys = (await redisCli(port, ['--scan', '--pattern', 'key:4*'])).trim().split('\n')
  assert.equal(keys.length, 111)
  assert.equal(await redisCli(port, ['-r', '3', 'INCR', 'n']), '1\n2\n3\n')
  assert.equal(await redisCli(port, [], 'SET "a b" "\\x41\\n"\nGET "a b"\n'), 'OK\nA\n\n')
  assert.match(await redisCli(port, ['INFO', 'server']), /redis_version:7/)
  assert.match(await redisCli(port, ['-3', 'HELLO', '3']), /proto 3|proto: 3|proto\n3/)
  assert.match(await redisCli(port, ['GET']), /wrong number of arguments for 'get' command/)
  assert.match(await redisCli(port, ['NONSENSE', 'x']), /unknown command 'NONSENSE'/)
})

test('ioredis with its defaults', async (t) => {
  const { port } = await started(t)
  const redis = new Redis(port)
  t.after(() => {
    redis.disconnect()
  })
  assert.equal(await redis.set('a', 'ä€😀'), 'OK')
  assert.equal(await redis.get('a'), 'ä€😀')
  assert.deepEqual(await redis.getBuffer('a'), Buffer.from('ä€😀'))
  assert.equal(await redis.set('a', '1', 'EX', 100, 'NX'), null)
  assert.equal(await redis.expire('a', 100), 1)
  assert.ok((await redis.ttl('a')) > 90)
  assert.equal(await redis.persist('a'), 1)
  await redis.mset({ x: '1', y: '2' })
  assert.deepEqual(await redis.mget('x', 'y', 'z'), ['1', '2', null])
  const piped = await redis.pipeline().incr('x').get('x').incr('a').exec()
  assert.deepEqual(piped!.slice(0, 2), [
    [null, 2],
    [null, '2'],
  ])
  assert.match(String(piped![2]![0]), /not an integer/)
  assert.deepEqual(await redis.multi().set('m', '1').incr('m').exec(), [
    [null, 'OK'],
    [null, 2],
  ])
  const other = new Redis(port)
  await redis.watch('m')
  await other.incr('m')
  assert.equal(await redis.multi().set('m', 'lost').exec(), null)
  assert.equal(await redis.get('m'), '3')
  other.disconnect()
  for (let i = 0; i < 100; i++) await redis.set(`scan:${i}`, i)
  const found = new Set<string>()
  for await (const keys of redis.scanStream({ match: 'scan:*', count: 7 }) as AsyncIterable<string[]>) {
    for (const key of keys) found.add(key)
  }
  assert.equal(found.size, 100)
  assert.deepEqual(await redis.call('FLIN.SET', 'rev', 'v', 'IFREV', 0).then((revision) => typeof revision), 'number')
  await assert.rejects(redis.call('FLIN.SET', 'rev', 'v', 'IFREV', 0), /^ReplyError: REVMISMATCH/)
  assert.equal(await redis.quit(), 'OK')
})

test('ioredis: automatic pipelining, many at once', async (t) => {
  const { port } = await started(t)
  const redis = new Redis(port, { enableAutoPipelining: true })
  t.after(() => {
    redis.disconnect()
  })
  const count = 3000
  await Promise.all(Array.from({ length: count }, (_, i) => redis.set(`k${i}`, `v${i}`)))
  const values = await Promise.all(Array.from({ length: count }, (_, i) => redis.get(`k${i}`)))
  values.forEach((value, i) => {
    assert.equal(value, `v${i}`)
  })
  assert.equal(await redis.dbsize(), count)
})

test('node-redis with its defaults, RESP2 and RESP3', async (t) => {
  const { port } = await started(t)
  for (const RESP of [undefined, 2, 3] as const) {
    const client = createClient({ socket: { port, host: '127.0.0.1' }, ...(RESP === undefined ? {} : { RESP }) })
    client.on('error', () => undefined)
    await client.connect()
    try {
      await client.flushAll()
      assert.equal(await client.set('a', '1', { expiration: { type: 'EX', value: 100 } }), 'OK')
      assert.equal(await client.get('a'), '1')
      assert.ok((await client.ttl('a')) > 90)
      assert.equal(await client.incr('a'), 2)
      await client.mSet({ x: '1', y: '2' })
      assert.deepEqual(await client.mGet(['x', 'y', 'z']), ['1', '2', null])
      assert.deepEqual(await client.multi().incr('x').get('x').exec(), [2, '2'])
      assert.deepEqual(
        await Promise.all(Array.from({ length: 100 }, () => client.incr('many'))).then((it) => it.at(-1)),
        100,
      )
      for (let i = 0; i < 50; i++) await client.set(`scan:${i}`, String(i))
      const found = new Set<string>()
      for await (const keys of client.scanIterator({ MATCH: 'scan:*', COUNT: 5 }))
        for (const key of keys) found.add(key)
      assert.equal(found.size, 50)
      const watcher = client.duplicate()
      watcher.on('error', () => undefined)
      await watcher.connect()
      await watcher.watch('x')
      await client.set('x', 'changed')
      await assert.rejects(watcher.multi().set('x', 'lost').exec(), /watch/i)
      watcher.destroy()
      assert.equal(await client.get('x'), 'changed')
      assert.equal(((await client.sendCommand(['FLIN.GET', 'x'])) as unknown as unknown[])[0], 'changed')
      assert.equal(typeof (await client.info()), 'string')
      assert.ok((await client.commandCount()) > 20)
      assert.deepEqual(await client.configGet('appendfsync').then((it) => ({ ...it })), { appendfsync: 'always' })
    } finally {
      client.destroy()
    }
  }
})

test('clients come back by themselves after the daemon was started again', async (t) => {
  const folder = temporaryFolder(t)
  const port = await freePort()
  let daemon = await Daemon.start(folder, [`--port=:${port}`])
  const redis = new Redis(port)
  // A slow machine may take longer to start than node-redis waits for a reply.
  const commandOptions = { timeout: 60_000 }
  const client = createClient({ socket: { port, host: '127.0.0.1' }, RESP: 3, commandOptions })
  redis.on('error', () => undefined)
  client.on('error', () => undefined)
  await client.connect()
  t.after(() => {
    redis.disconnect()
    client.destroy()
  })
  await redis.set('a', '1')
  await client.set('b', '2')
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await daemon.stop(signal)
    // Both queue what is asked for meanwhile.
    const values = Promise.all([redis.get('a'), client.get('b')])
    daemon = await Daemon.start(folder, [`--port=:${port}`])
    assert.deepEqual(await values, ['1', '2'])
  }
})
