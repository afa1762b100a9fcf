import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'

test('what was acknowledged is there after kill -9 and after SIGTERM', async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder)
  t.after(() => daemon.stop('SIGKILL'))
  let redis = new Redis(daemon.port, { maxRetriesPerRequest: 0 })
  await redis.set('greeting', 'hello')
  await redis.set('short', 'lived', 'EX', 100_000)
  await redis.mset({ a: '1', b: '2' })
  await redis.del('a')
  assert.deepEqual(await redis.multi().incr('b').incr('b').exec(), [
    [null, 3],
    [null, 4],
  ])
  await daemon.stop('SIGKILL')
  redis.disconnect()

  daemon = await Daemon.start(folder)
  redis = new Redis(daemon.port, { maxRetriesPerRequest: 0 })
  assert.deepEqual(await redis.mget('greeting', 'short', 'a', 'b'), ['hello', 'lived', null, '4'])
  assert.ok((await redis.ttl('short')) > 99_000)
  redis.disconnect()
  assert.equal(await daemon.stop('SIGTERM'), 0)

  daemon = await Daemon.start(folder)
  redis = new Redis(daemon.port, { maxRetriesPerRequest: 0 })
  assert.equal(await redis.get('b'), '4')
  redis.disconnect()
})
