import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { RedisServer } from '../helpers/redis-server.js'
import { frame, OK, RespClient, type Reply } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'

const MIB = 1024 * 1024

async function started(t: TestContext, ...args: string[]): Promise<{ daemon: Daemon; neighbour: RespClient }> {
  const daemon = await Daemon.start(temporaryFolder(t), args)
  const neighbour = await RespClient.connect(daemon.port)
  t.after(() => {
    neighbour.close()
  })
  return { daemon, neighbour }
}

/** Clients whose replies wait in the daemon, since they do not read. */
async function pausedClients(client: RespClient): Promise<number> {
  const list = (await client.call('CLIENT', 'LIST')) as string
  return [...list.matchAll(/ omem=(\d+) /g)].filter(([, size]) => Number(size) > MIB / 2).length
}

async function connectedClients(neighbour: RespClient): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec((await neighbour.call('INFO', 'clients')) as string)![1])
}

/** A socket from which nothing is read. */
async function deafSocket(t: TestContext, port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  t.after(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  socket.pause()
  return socket
}

test('a client that reads nothing is paused: what it asks for does not fill the memory', async (t) => {
  const { daemon, neighbour } = await started(t)
  await neighbour.call('SET', 'value', 'v'.repeat(100_000))
  const before = daemon.residentSize
  const socket = await deafSocket(t, daemon.port)
  // Replies of 10 GB.
  const requests = Buffer.concat(Array.from({ length: 1000 }, () => frame(['GET', 'value'])))
  let isBlocked = false
  for (let i = 0; i < 600; i++) isBlocked = !socket.write(requests)
  assert.ok(isBlocked)
  await until('it is paused', async () => (await pausedClients(neighbour)) === 1)
  for (let i = 0; i < 100; i++) assert.equal(await neighbour.call('EXISTS', 'value'), 1)
  assert.ok(daemon.residentSize - before < 64 * MIB, `${(daemon.residentSize - before) / MIB} MiB more`)
  // It goes on where it stopped once it reads: the first replies are whole.
  const size = 3 * MIB
  let received = 0
  socket.on('data', (chunk: Buffer) => (received += chunk.length))
  socket.resume()
  await until('it receives', () => received > size)
  socket.destroy()
  await until('it is gone', async () => (await connectedClients(neighbour)) === 1)
})

test('a client whose replies exceed the limit is closed, with bounded memory', async (t) => {
  const { daemon, neighbour } = await started(t, '--output-size-max', '8mb')
  await neighbour.call('SET', 'value', 'v'.repeat(MIB))
  const before = daemon.residentSize
  for (const request of [
    [frame(['MGET', ...Array.from({ length: 3000 }, () => 'value')])],
    [frame(['MULTI']), ...Array.from({ length: 20 }, () => frame(['GET', 'value'])), frame(['EXEC'])],
  ]) {
    const client = await RespClient.connect(daemon.port)
    client.send(Buffer.concat(request))
    await client.closed
  }
  assert.ok(daemon.residentSize - before < 128 * MIB, `${(daemon.residentSize - before) / MIB} MiB more`)
  assert.match(daemon.output.join(''), /output limit/)
  assert.deepEqual(await neighbour.call('SET', 'value', 'other'), OK)
})

test('clients that leave while they are paused leave nothing behind', async (t) => {
  const { daemon, neighbour } = await started(t)
  await neighbour.call('SET', 'value', 'v'.repeat(MIB))
  const round = async (): Promise<void> => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => deafSocket(t, daemon.port)))
    for (const socket of sockets) {
      socket.write(Buffer.concat(Array.from({ length: 40 }, () => frame(['GET', 'value']))))
    }
    await until('they are paused', async () => (await pausedClients(neighbour)) === 20)
    for (const socket of sockets) socket.destroy()
    await until('they are gone', async () => (await connectedClients(neighbour)) === 1)
  }
  for (let i = 0; i < 3; i++) await round()
  const before = daemon.residentSize
  for (let i = 0; i < 10; i++) await round()
  assert.ok(daemon.residentSize - before < 150 * MIB, `${(daemon.residentSize - before) / MIB} MiB more`)
})

test('a million commands in one go: every reply, in bounded memory', async (t) => {
  const { daemon, neighbour } = await started(t, '--fsync', 'no')
  const before = daemon.residentSize
  const count = 1_000_000
  const some = Buffer.concat(Array.from({ length: 1000 }, () => frame(['INCR', 'counter'])))
  const socket = net.connect(daemon.port, '127.0.0.1')
  t.after(() => {
    socket.destroy()
  })
  let received = ''
  let size = 0
  let biggest = 0
  const all = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length
      received = (received + chunk.toString('latin1')).slice(-20)
      biggest = Math.max(biggest, daemon.residentSize)
      if (received.endsWith(`:${count}\r\n`)) resolve()
    })
  })
  for (let i = 0; i < count / 1000; i++) socket.write(some)
  await all
  const digits = Array.from({ length: 7 }, (_, i) => Math.min(9 * 10 ** i, count - 10 ** i + 1) * (i + 1))
  assert.equal(size, digits.reduce((sum, it) => sum + it) + 3 * count)
  assert.equal(await neighbour.call('GET', 'counter'), String(count))
  // The log's own cache is among them: 1,000,000 records.
  assert.ok(biggest - before < 400 * MIB, `${(biggest - before) / MIB} MiB more`)
})

test('half a request, then silence: it holds what it sent, and no more', async (t) => {
  const { daemon, neighbour } = await started(t)
  const before = daemon.residentSize
  const sockets: net.Socket[] = []
  for (const part of [
    '*',
    '*3\r\n',
    '*2\r\n$3\r\nGET\r\n$5\r\nab',
    '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000000\r\nx',
    'SET a',
  ]) {
    for (let i = 0; i < 20; i++) {
      const socket = await deafSocket(t, daemon.port)
      socket.write(part)
      sockets.push(socket)
    }
  }
  await until('all are there', async () => (await connectedClients(neighbour)) === 101)
  assert.ok(daemon.residentSize - before < 64 * MIB, `${(daemon.residentSize - before) / MIB} MiB more`)
  assert.deepEqual(await neighbour.call('SET', 'a', '1'), OK)
  for (const socket of sockets) socket.destroy()
  await until('all are gone', async () => (await connectedClients(neighbour)) === 1)
})

test('more clients than may be: they are told, and those who are there stay', async (t) => {
  const { daemon, neighbour } = await started(t, '--clients-max', '3')
  const others = [await RespClient.connect(daemon.port), await RespClient.connect(daemon.port)]
  for (let i = 0; i < 50; i++) {
    const refused = await RespClient.connect(daemon.port)
    // Some reset their connection before they are told.
    if (i % 2 === 0) refused.socket.resetAndDestroy()
    else assert.deepEqual(await refused.readUntilClosed(), [{ error: 'ERR max number of clients reached' }])
  }
  assert.deepEqual(await neighbour.call('PING'), { simple: 'PONG' })
  others[0]!.close()
  await until('one is gone', async () => (await connectedClients(neighbour)) === 2)
  const next = await RespClient.connect(daemon.port)
  assert.deepEqual(await next.call('PING'), { simple: 'PONG' })
  for (const client of [...others, next]) client.close()
})

test('a client that does not close its side after the end is not kept', async (t) => {
  const { daemon, neighbour } = await started(t)
  const socket = net.connect({ port: daemon.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write('QUIT\r\n')
  socket.resume()
  await once(socket, 'end')
  assert.ok(socket.writable)
  await until('it is gone', async () => (await connectedClients(neighbour)) === 1)
  socket.destroy()
})

test('a client that closes its side first gets all replies, also those that wait for the disk', async (t) => {
  const { daemon } = await started(t)
  const socket = net.connect({ port: daemon.port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
  socket.end('SET a 1\r\nINCR a\r\nGET a\r\nSET b ')
  await once(socket, 'end')
  assert.equal(received, '+OK\r\n:2\r\n$1\r\n2\r\n')
})

test('QUIT behind writes: all replies, in order, then the end; what follows is not run', async (t) => {
  const { daemon, neighbour } = await started(t)
  const client = await RespClient.connect(daemon.port)
  client.send(Buffer.concat([frame(['SET', 'a', '1']), frame(['INCR', 'a']), frame(['QUIT']), frame(['INCR', 'a'])]))
  assert.deepEqual(await client.readUntilClosed(), [OK, 2, OK])
  assert.equal(await neighbour.call('GET', 'a'), '2')
})

test('a value over the limit is refused before it is read', async (t) => {
  const { daemon } = await started(t)
  const client = await RespClient.connect(daemon.port)
  client.send('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870913\r\n')
  assert.deepEqual(await client.readUntilClosed(), [{ error: 'ERR Protocol error: invalid bulk length' }])
})

const MALFORMED = [
  '*-1\r\nPING\r\n',
  '*0\r\nPING\r\n',
  '*2147483648\r\n',
  '*2147483647\r\n$4\r\nPING\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$2147483648\r\n',
  '*1\r\n$99999999999999999999\r\n',
  '*x\r\n',
  '*1\r\n:4\r\n',
  '*1\r\n$4\r\nPING\r\n*1\r\n+4\r\nPING\r\nPING\r\n',
  '*1\r\n$0\r\n\r\nPING\r\n',
  '\r\n\r\nPING\r\n',
  'GET "a\r\nPING\r\n',
  'x'.repeat(70_000),
  `*${'1'.repeat(70_000)}`,
  `*1\r\n$${'1'.repeat(70_000)}`,
  'POST / HTTP/1.1\r\nHost: a\r\n\r\nPING\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\nPING\r\n',
  'PING\r\nhost: a\r\nPING\r\n',
  'MULTI\r\nSHUTDOWN\r\nEXEC\r\n',
  'MULTI\r\nCLIENT NONSENSE\r\nEXEC\r\n',
  'MULTI\r\nCLIENT SETNAME\r\nEXEC\r\n',
]

test('malformed requests get what Redis gives', needs('redis-server'), async (t) => {
  const { daemon, neighbour } = await started(t)
  const redis = await RedisServer.start(temporaryFolder(t))
  t.after(() => redis.stop())
  let closes = 0
  for (const bytes of MALFORMED) {
    const text = JSON.stringify(bytes.slice(0, 60))
    const expected = await outcome(redis.port, bytes)
    assert.deepEqual(await outcome(daemon.port, bytes), expected, text)
    if (expected.isClosed) closes++
    assert.deepEqual(await neighbour.call('PING'), { simple: 'PONG' })
  }
  assert.ok(closes > MALFORMED.length / 3, `Redis closed ${closes} connections of ${MALFORMED.length}`)
  await until('no connection is left', async () => (await connectedClients(neighbour)) === 1)
})

/** Turns of a server's loop until it has ended a connection that it wants to end: as seen by another client, each asked for. */
const TURNS = 5

/** The replies to some bytes, and whether the server then ends the connection. */
async function outcome(port: number, bytes: string): Promise<{ replies: Reply[]; isClosed: boolean }> {
  const client = await RespClient.connect(port)
  const other = await RespClient.connect(port)
  client.send(bytes)
  for (let turn = 0; turn < TURNS; turn++) await other.call('PING')
  const { isClosed } = client
  other.close()
  client.close()
  return { replies: await client.readUntilClosed(), isClosed }
}
