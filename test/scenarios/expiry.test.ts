import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { OK, RespClient } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'

test('keys that nobody asks for are removed when their time has come, and stay removed', async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder, ['--segment-size', '64kb'])
  let client = await RespClient.connect(daemon.port)
  const count = 500
  await client.pipeline(Array.from({ length: count }, (_, i) => ['SET', `short:${i}`, 'v', 'PX', 1 + (i % 300)]))
  assert.deepEqual(await client.call('MSET', 'a', '1', 'b', '2'), OK)
  await client.call('EXPIRE', 'b', '1000')
  await until('only two keys are left', async () => (await client.call('DBSIZE')) === 2)
  client.close()
  await daemon.stop('SIGKILL')
  const { stdout } = await flin('log', 'dump', '--data', folder)
  assert.equal(stdout.match(/expired/g)?.length, count, 'each removal stands in the log, with its cause')
  daemon = await Daemon.start(folder, ['--segment-size', '64kb'])
  client = await RespClient.connect(daemon.port)
  assert.equal(await client.call('DBSIZE'), 2)
  assert.deepEqual(await client.call('MGET', 'short:0', 'a', 'b'), [null, '1', '2'])
  assert.ok(Number(await client.call('TTL', 'b')) > 900)
  client.close()
})

test('what expired while the daemon was down is gone at once, for every command', async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder)
  let client = await RespClient.connect(daemon.port)
  const names = ['get', 'exists', 'ttl', 'incr', 'nx', 'xx', 'keepttl', 'del', 'persist', 'expire', 'watch', 'flin']
  for (const name of names) await client.call('SET', name, '41', 'PX', 400)
  await client.call('SET', 'stays', 'v', 'EX', 1000)
  const revision = await client.call('FLIN.SET', 'other', 'v', 'IFREV', 0)
  assert.equal(typeof revision, 'number')
  client.close()
  await daemon.stop('SIGKILL')
  const gone = Date.now() + 400
  await until('their time is over', () => Date.now() > gone)
  daemon = await Daemon.start(folder)
  client = await RespClient.connect(daemon.port)
  const replies = await client.pipeline([
    ['GET', 'get'],
    ['EXISTS', 'exists'],
    ['TTL', 'ttl'],
    ['INCR', 'incr'],
    ['TTL', 'incr'],
    ['SET', 'nx', 'v', 'NX'],
    ['SET', 'xx', 'v', 'XX'],
    ['SET', 'keepttl', 'v', 'KEEPTTL', 'GET'],
    ['TTL', 'keepttl'],
    ['DEL', 'del'],
    ['PERSIST', 'persist'],
    ['EXPIRE', 'expire', 1000],
    ['FLIN.GET', 'flin'],
    ['WATCH', 'watch'],
    ['MULTI'],
    ['GET', 'watch'],
    ['EXEC'],
    ['SCAN', 0, 'COUNT', 1000, 'MATCH', 's*'],
  ])
  assert.deepEqual(replies.slice(0, 13), [null, 0, -2, 1, -1, OK, null, null, -1, 0, 0, 0, { nil: 'array' }])
  assert.deepEqual(replies[16], [null], 'it had expired before it was watched')
  assert.deepEqual(replies[17], ['0', ['stays']])
  client.close()
})

test('a key that expires under WATCH has changed', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t))
  const client = await RespClient.connect(daemon.port)
  await client.pipeline([['SET', 'a', '1', 'PX', 30], ['WATCH', 'a'], ['MULTI'], ['SET', 'b', '1']])
  await until('the key has expired', async () => {
    const other = await RespClient.connect(daemon.port)
    const count = await other.call('EXISTS', 'a')
    other.close()
    return count === 0
  })
  assert.deepEqual(await client.call('EXEC'), { nil: 'array' })
  assert.equal(await client.call('GET', 'b'), null)
  client.close()
})
