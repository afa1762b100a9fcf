import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPCODE, STATUS } from '../../src/protocol/binary/opcodes.js'
import { BinaryClient } from '../helpers/binary-client.js'
import { ask } from '../helpers/binary-frames.js'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { OK, RespClient } from '../helpers/resp-client.js'

async function start(
  t: { after: (job: () => Promise<void>) => void },
  ...args: string[]
): Promise<{ daemon: Daemon; client: RespClient }> {
  const daemon = await Daemon.start(temporaryFolder(t), args)
  return { daemon, client: await RespClient.connect(daemon.port) }
}

function failed(name: string, why: string): { error: string } {
  return { error: `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}` }
}

test('appendfsync changes the policy of the running log', async (t) => {
  const { client } = await start(t)
  for (const policy of ['no', 'everysec', 'always', 'no']) {
    assert.deepEqual(await client.call('CONFIG', 'SET', 'appendfsync', policy), OK)
    assert.deepEqual(await client.call('SET', 'a', policy), OK)
    assert.deepEqual(await client.call('CONFIG', 'GET', 'appendfsync'), ['appendfsync', policy])
    assert.match((await client.call('INFO', 'persistence')) as string, new RegExp(`\r\nfsync:${policy}\r\n`))
  }
  client.close()
})

test('proto-max-bulk-len bounds arguments and values; client-query-buffer-limit requests', async (t) => {
  const { daemon, client } = await start(t)
  assert.deepEqual(await client.call('CONFIG', 'SET', 'proto-max-bulk-len', '1mb'), OK)
  assert.deepEqual(await client.call('CONFIG', 'GET', 'proto-max-bulk-len'), ['proto-max-bulk-len', '1048576'])
  const half = 'v'.repeat(600_000)
  assert.deepEqual(await client.call('SET', 'a', half), OK)
  assert.deepEqual(await client.call('APPEND', 'a', half), {
    error: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  })
  client.send(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048577\r\n`)
  assert.deepEqual(await client.read(), { error: 'ERR Protocol error: invalid bulk length' })
  await client.closed
  const other = await RespClient.connect(daemon.port)
  assert.deepEqual(await other.call('CONFIG', 'SET', 'client-query-buffer-limit', '1mb'), OK)
  other.send(`*3\r\n$3\r\nSET\r\n$600000\r\n${half}\r\n$600000\r\n`)
  assert.match(JSON.stringify(await other.read()), /Protocol error: too big request/)
  await other.closed
  const last = await RespClient.connect(daemon.port)
  assert.deepEqual(
    await last.call('CONFIG', 'SET', 'proto-max-bulk-len', '4gb'),
    failed('proto-max-bulk-len', 'argument must be between 1048576 and 2146435072 inclusive'),
  )
  last.close()
})

test('both can be set at the start, for RESP as for the binary protocol', async (t) => {
  const { daemon, client } = await start(t, '--value-size-max', '1mb', '--query-size-max', '2mb')
  assert.deepEqual(await client.call('CONFIG', 'GET', 'proto-max-bulk-len'), ['proto-max-bulk-len', '1048576'])
  assert.deepEqual(await client.call('CONFIG', 'GET', 'client-query-buffer-limit'), [
    'client-query-buffer-limit',
    '2097152',
  ])
  const largest = 'v'.repeat(1 << 20)
  assert.deepEqual(await client.call('SET', 'a', largest), OK)
  assert.deepEqual(await client.call('SETRANGE', 'a', 1 << 20, 'x'), {
    error: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  })
  assert.deepEqual(await client.call('MSET', 'a', largest, 'b', largest), {
    error: 'ERR Protocol error: too big request',
  })
  await client.closed
  const binary = await BinaryClient.connect(daemon.port)
  assert.equal((await binary.call(ask.set('a', largest))).status, STATUS.ok)
  assert.match((await binary.call(ask.set('a', `${largest}v`))).payload, /1048576/)
  binary.send(Buffer.from([OPCODE.set, 0, 0x20, 0, 1]))
  assert.match((await binary.read()).payload, /2097152/)
  await binary.closed
})

test('maxclients bounds who may come', async (t) => {
  const { daemon, client } = await start(t)
  assert.deepEqual(await client.call('CONFIG', 'SET', 'maxclients', '2'), OK)
  const second = await RespClient.connect(daemon.port)
  await second.call('PING')
  const third = await RespClient.connect(daemon.port)
  assert.deepEqual(await third.read(), { error: 'ERR max number of clients reached' })
  await third.closed
  assert.deepEqual(await client.call('CONFIG', 'SET', 'maxclients', '3'), OK)
  const fourth = await RespClient.connect(daemon.port)
  assert.deepEqual(await fourth.call('PING'), { simple: 'PONG' })
  assert.match((await client.call('INFO', 'clients', 'stats')) as string, /maxclients:3[^]*rejected_connections:1/)
  for (const one of [client, second, fourth]) one.close()
})

test('the hard limit of client-output-buffer-limit closes who has more unread, also who was there before', async (t) => {
  const { client } = await start(t)
  await client.call('SET', 'a', 'v'.repeat(1 << 20))
  const name = 'client-output-buffer-limit'
  assert.deepEqual(await client.call('CONFIG', 'GET', name), [
    name,
    'normal 1073741824 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  ])
  assert.deepEqual(await client.call('CONFIG', 'SET', name, 'normal 100kb 0 0 replica 1mb 0 0'), OK)
  assert.deepEqual(await client.call('CONFIG', 'GET', name), [
    name,
    'normal 102400 0 0 slave 1048576 0 0 pubsub 33554432 8388608 60',
  ])
  await assert.rejects(client.call('GET', 'a'))
})

test('a hard limit that is too small for anything leaves short replies', async (t) => {
  const { daemon, client } = await start(t)
  const name = 'client-output-buffer-limit'
  await client.call('SET', 'a', 'v'.repeat(100_000))
  assert.deepEqual(await client.call('CONFIG', 'SET', name, 'normal 1 0 0'), OK)
  assert.match(JSON.stringify(await client.call('CONFIG', 'GET', name)), /normal 1 0 0/)
  await assert.rejects(client.call('GET', 'a'))
  const other = await RespClient.connect(daemon.port)
  assert.deepEqual(await other.call('CONFIG', 'SET', name, 'normal 0 0 0'), OK)
  assert.match(JSON.stringify(await other.call('CONFIG', 'GET', name)), /normal 0 0 0/)
  assert.equal(((await other.call('GET', 'a')) as string).length, 100_000)
  other.close()
})

test('requirepass: from now on who comes needs it; given at the start, so does everybody', async (t) => {
  const { daemon, client } = await start(t, '--requirepass', 'first')
  assert.deepEqual(await client.call('GET', 'a'), { error: 'NOAUTH Authentication required.' })
  assert.deepEqual(await client.call('AUTH', 'first'), OK)
  assert.deepEqual(await client.call('CONFIG', 'SET', 'requirepass', 'second'), OK)
  assert.equal(await client.call('GET', 'a'), null, 'who is in stays in')
  const other = await RespClient.connect(daemon.port)
  assert.match(JSON.stringify(await other.call('AUTH', 'first')), /WRONGPASS/)
  assert.ok('map' in ((await other.call('HELLO', 3, 'AUTH', 'default', 'second')) as object))
  assert.equal(await other.call('GET', 'a'), null)
  assert.ok(!daemon.output.some((line) => line.includes('first')), 'the password is not logged')
  for (const one of [client, other]) one.close()
})

test('timeout closes idle clients', async (t) => {
  const { client } = await start(t)
  assert.deepEqual(await client.call('CONFIG', 'SET', 'timeout', '1'), OK)
  assert.deepEqual(await client.call('CONFIG', 'GET', 'timeout'), ['timeout', '1'])
  await client.closed
})

test('what is set along with something wrong is not set', async (t) => {
  const { client } = await start(t, '--memory', '64mb')
  assert.deepEqual(
    await client.call('CONFIG', 'SET', 'maxclients', '7', 'client-output-buffer-limit', 'nobody 1 2 3'),
    failed('client-output-buffer-limit', 'Invalid client class specified in buffer limit configuration.'),
  )
  assert.deepEqual(await client.call('CONFIG', 'GET', 'maxclients', 'appendonly', 'maxmemory'), [
    ...['appendonly', 'no', 'maxclients', '10000', 'maxmemory', '67108864'],
  ])
  client.close()
})

test('max-disk of a log in memory: there is nothing to bound', async (t) => {
  const { client } = await start(t, '--memory', '64mb')
  assert.deepEqual(
    await client.call('CONFIG', 'SET', 'max-disk', '1gb'),
    failed('max-disk', 'the log is in memory (--memory) and takes nothing of the disk'),
  )
  assert.deepEqual(await client.call('CONFIG', 'SET', 'max-disk', '0'), OK)
  assert.deepEqual(await client.call('CONFIG', 'GET', 'max-disk'), ['max-disk', '0'])
  client.close()
})
