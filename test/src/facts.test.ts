import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { RespClient } from '../helpers/resp-client.js'

/** INFO as sections of fields. */
async function infoOf(client: RespClient): Promise<Map<string, Map<string, string>>> {
  const sections = new Map<string, Map<string, string>>()
  let fields = new Map<string, string>()
  for (const line of ((await client.call('INFO')) as string).split('\r\n')) {
    if (line.startsWith('# ')) sections.set(line.slice(2), (fields = new Map<string, string>()))
    else if (line !== '') fields.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1))
  }
  return sections
}

test('INFO tells what is: port, clients, keys, log', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t), ['--node-id', 'n1', '--clients-max', '5', '--fsync', 'no'])
  const client = await RespClient.connect(daemon.port)
  const before = await infoOf(client)
  assert.deepEqual([...before.get('Keyspace')!], [])
  await client.pipeline([['SET', 'a', '1'], ['SET', 'b', '1', 'EX', '100'], ['NONSENSE']])
  const other = await RespClient.connect(daemon.port)
  await other.call('PING')
  const info = await infoOf(client)
  const field = (section: string, name: string): string => {
    const value = info.get(section)?.get(name)
    assert.ok(value !== undefined, `${section} ${name}`)
    return value
  }
  assert.equal(field('Server', 'tcp_port'), String(daemon.port))
  assert.equal(field('Server', 'process_id'), String(daemon.process.pid))
  assert.equal(field('Server', 'node_id'), 'n1')
  assert.equal(field('Clients', 'connected_clients'), '2')
  assert.equal(field('Clients', 'maxclients'), '5')
  assert.equal(field('Keyspace', 'db0'), 'keys=2,expires=1,avg_ttl=0')
  assert.equal(field('Persistence', 'fsync'), 'no')
  assert.equal(field('Persistence', 'log_end_offset'), '3')
  assert.equal(field('Persistence', 'log_committed_offset'), '3')
  assert.equal(field('Persistence', 'log_damages'), '0')
  assert.equal(field('Stats', 'total_connections_received'), '2')
  assert.match(field('Persistence', 'log_id'), /^[0-9a-f]{32}$/)
  assert.ok(Number(field('Memory', 'used_memory_rss')) > 1e6)
  assert.ok(Number(field('Memory', 'used_memory_cache')) > 0)
  assert.deepEqual(await client.call('CONFIG', 'GET', 'port'), ['port', String(daemon.port)])
  assert.deepEqual(await client.call('CONFIG', 'GET', 'appendfsync'), ['appendfsync', 'no'])
  assert.deepEqual(await client.call('CONFIG', 'GET', 'max*'), [
    'max-disk',
    '0',
    'maxclients',
    '5',
    'maxmemory',
    '0',
    'maxmemory-policy',
    'noeviction',
    'maxmemory-samples',
    '5',
  ])
  client.close()
  other.close()
})

test('INFO counts: commands, look-ups, bytes, errors; RESETSTAT begins anew', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t))
  const client = await RespClient.connect(daemon.port)
  const value = 'v'.repeat(10_000)
  await client.pipeline([['SET', 'a', value], ['GET', 'a'], ['GET', 'x'], ['NONSENSE'], ['SET', 'b', '1', 'PX', '1']])
  const stats = async (): Promise<Map<string, string>> => (await infoOf(client)).get('Stats')!
  // The expiry cycle samples until it is gone.
  let found = await stats()
  while (found.get('expired_keys') === '0') found = await stats()
  assert.equal(found.get('expired_keys'), '1')
  assert.equal(found.get('keyspace_hits'), '1')
  assert.equal(found.get('keyspace_misses'), '1')
  assert.equal(found.get('total_error_replies'), '1')
  assert.ok(Number(found.get('total_commands_processed')) >= 4)
  assert.ok(Number(found.get('total_net_input_bytes')) > 10_000)
  assert.ok(Number(found.get('total_net_output_bytes')) > 10_000)
  while (found.get('instantaneous_ops_per_sec') === '0') found = await stats()
  assert.match(
    (await client.call('INFO', 'commandstats')) as string,
    /cmdstat_get:calls=2,usec=\d+,usec_per_call=[\d.]+,rej/,
  )
  assert.match((await client.call('INFO', 'errorstats')) as string, /errorstat_ERR:count=1/)
  await client.call('CONFIG', 'RESETSTAT')
  const after = await stats()
  for (const name of ['keyspace_hits', 'keyspace_misses', 'expired_keys', 'total_error_replies']) {
    assert.equal(after.get(name), '0', name)
  }
  assert.ok(Number(after.get('total_net_output_bytes')) < 10_000)
  client.close()
})
