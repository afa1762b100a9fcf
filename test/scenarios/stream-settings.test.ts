import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { until } from '../helpers/until.js'

test('ioredis: settings, dead letters that wake a reader, reading by offset, through a kill -9', async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder)
  let redis = new Redis(daemon.port)
  const reader = new Redis(daemon.port)
  t.after(() => {
    redis.disconnect()
    reader.disconnect()
  })
  const blocked = async (): Promise<boolean> => /blocked_clients:1\b/.test(await redis.info('clients'))
  await redis.xgroup('CREATE', 'jobs', 'g', '0', 'MKSTREAM')
  assert.equal(await redis.call('FLIN.XCONFIG', 'jobs', 'DEADLETTER', 'jobs:dead', 'AFTER', 2), 'OK')

  const waiting = reader.call('FLIN.XREAD', 'BLOCK', 0, 'FROM', 'EARLIEST', 'jobs')
  await until('it waits for a job', blocked)
  const id = (await redis.xadd('jobs', '*', 'job', 'send'))!
  const [[offset, told, fields]] = (await waiting) as [[number, string, string[]]]
  assert.deepEqual([told, fields], [id, ['job', 'send']])
  assert.equal(await reader.call('FLIN.XREAD', 'FROM', 'OFFSET', offset + 1, 'jobs'), null)

  const letter = reader.xread('BLOCK', 0, 'STREAMS', 'jobs:dead', '$')
  await until('it waits for a dead letter', blocked)
  await redis.xreadgroup('GROUP', 'g', 'ann', 'STREAMS', 'jobs', '>')
  assert.equal((await redis.xclaim('jobs', 'g', 'ben', 0, id)).length, 1)
  assert.deepEqual(await redis.xautoclaim('jobs', 'g', 'cid', 0, '0'), ['0-0', [], [id]])
  const [[, [[, dead]]]] = (await letter) as [[string, [[string, string[]]]]]
  assert.deepEqual(dead, [
    ...['job', 'send', 'dead-letter-stream', 'jobs', 'dead-letter-group', 'g', 'dead-letter-consumer', 'ben'],
    ...['dead-letter-id', id, 'dead-letter-deliveries', '2'],
  ])

  await redis.call('FLIN.XCONFIG', 'jobs', 'MAXAGE', 3_600_000, 'ACKED', 'yes')
  redis.disconnect()
  reader.disconnect()
  await daemon.stop('SIGKILL')
  daemon = await Daemon.start(folder)
  redis = new Redis(daemon.port)
  assert.deepEqual(await redis.call('FLIN.XCONFIG', 'jobs'), [
    ...['maxage', 3_600_000, 'maxbytes', 0, 'maxlen', 0, 'acked', 'yes', 'deadletter', 'jobs:dead', 'after', 2],
  ])
  assert.equal(await redis.xlen('jobs:dead'), 1)
  assert.equal(((await redis.xpending('jobs', 'g')) as [number])[0], 0)
  assert.equal(await redis.xlen('jobs'), 1)

  // Nobody adds anything: it ages all the same.
  await redis.call('FLIN.XCONFIG', 'jobs', 'MAXAGE', 1)
  await until('what is too old is gone', async () => (await redis.xlen('jobs')) === 0)
})
