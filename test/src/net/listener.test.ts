import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { FlinError } from '../../../segments/index.js'
import { NetBench } from '../../helpers/net-bench.js'
import { frame, OK, RespClient } from '../../helpers/resp-client.js'

test('clients up to a limit; those beyond are told, counted and let go', async (t) => {
  const bench = await NetBench.start(t, { clientsMax: 2 })
  const clients = [await RespClient.connect(bench.port), await RespClient.connect(bench.port)]
  for (const client of clients) await client.call('PING')
  const refused = await RespClient.connect(bench.port)
  assert.deepEqual(await refused.readUntilClosed(), [{ error: 'ERR max number of clients reached' }])
  assert.deepEqual([bench.listener.acceptedCount, bench.listener.rejectedCount], [3, 1])
  assert.equal(bench.listener.connections.size, 2)
  for (const client of clients) client.close()
})

test('a port that is taken, an address that is not here', async (t) => {
  const bench = await NetBench.start(t)
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  assert.ok(bench.listener.port > 0 && bench.listener.port === bench.port)
  const other = await NetBench.start(t).then(async (it) => {
    await it.listener.close()
    return it.listener
  })
  const fails = (host: string, at: number, code: string) =>
    assert.rejects(other.listen(host, at), (error) => error instanceof FlinError && error.code === code)
  await fails('127.0.0.1', port, 'PORT_TAKEN')
  await fails('192.0.2.1', 0, 'BAD_SETTING')
})

test('at the end everybody gets the replies of what has run, and whoever does not close is closed', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  const socket = net.connect({ port: bench.port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  socket.on('error', () => undefined).resume()
  await client.call('PING')
  client.send(frame(['SET', 'a', '1']))
  while (bench.log.endOffset === 0) await new Promise((resolve) => setImmediate(resolve))
  bench.listener.stop()
  client.send(frame(['SET', 'b', '1']))
  await bench.committer.drain()
  await bench.listener.close()
  assert.deepEqual(await client.readUntilClosed(), [OK])
  assert.equal(bench.log.endOffset, 1, 'what came later has not run')
  await assert.rejects(RespClient.connect(bench.port))
  socket.destroy()
})
