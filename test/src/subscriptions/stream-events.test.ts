import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../../helpers/daemon.js'
import { RespClient, type Reply } from '../../helpers/resp-client.js'
import { until } from '../../helpers/until.js'

/** The event that a message tells of, and its key. */
function eventOf(reply: Reply): unknown[] {
  assert.ok(Array.isArray(reply))
  const [, , channel, key] = reply
  assert.ok(typeof channel === 'string')
  return [channel.replace('__keyevent@0__:', ''), key]
}

test('what a stream does by itself is told: dead letters, and entries that are let go of', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t))
  const [client, listener] = [await RespClient.connect(daemon.port), await RespClient.connect(daemon.port)]
  const settings = ['MAXLEN', 2, 'DEADLETTER', 'dead', 'AFTER', 1]
  await client.call('FLIN.XCONFIG', 'jobs', 'MKSTREAM', ...settings)
  await client.call('XGROUP', 'CREATE', 'jobs', 'g', '0')
  await client.call('XGROUP', 'CREATECONSUMER', 'jobs', 'g', 'c')
  await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'Etx')
  await listener.call('PSUBSCRIBE', '__keyevent*')

  for (const id of ['1-1', '2-1', '3-1']) await client.call('XADD', 'jobs', id, 'a', 'b')
  await client.call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'jobs', '>')
  await client.call('XCLAIM', 'jobs', 'g', 'c', '0', '2-1')
  await client.call('XAUTOCLAIM', 'jobs', 'g', 'c', '0', '0')
  // Those that are left go by their age, without a command.
  await client.call('FLIN.XCONFIG', 'jobs', 'MAXAGE', 1)
  await until('all are too old', async () => (await client.call('XLEN', 'jobs')) === 0)
  await client.call('XADD', 'end', '*', 'a', 'b')

  const told: unknown[][] = []
  while (told.at(-1)?.[1] !== 'end') told.push(eventOf(await listener.read()))
  assert.deepEqual(told, [
    ['xadd', 'jobs'],
    ['xadd', 'jobs'],
    ['xadd', 'jobs'],
    ['xtrim', 'jobs'],
    ['xadd', 'dead'],
    ['xadd', 'dead'],
    ['xtrim', 'jobs'],
    ['xadd', 'end'],
  ])
  client.close()
  listener.close()
  await daemon.stop()
})
