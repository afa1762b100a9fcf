import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { READ_SIZE, withDataEvents, withStaticBuffer, type OnRead } from '../../../src/net/accept.js'

/** One connection whose accepted side is read by one of the two ways. */
async function connect(
  t: { after: (job: () => void) => void },
  way: 'static buffer' | 'data events',
  buffer: Buffer,
  onRead: OnRead,
): Promise<{ client: net.Socket; socket: net.Socket; server: net.Server }> {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[net.Socket]>
  const { port } = server.address() as net.AddressInfo
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [first] = await accepted
  const socket =
    way === 'static buffer' ? withStaticBuffer(first, server, buffer, onRead) : withDataEvents(first, buffer, onRead)
  t.after(() => {
    client.destroy()
    socket.destroy()
    server.close()
  })
  return { client, socket, server }
}

test('this Node takes a static buffer', async (t) => {
  const buffer = Buffer.alloc(READ_SIZE)
  let isData = false
  const done = new Promise<void>((resolve) => {
    void connect(t, 'static buffer', buffer, (socket, size, bytes) => {
      isData = socket.listenerCount('data') > 0
      assert.equal(bytes, buffer)
      assert.equal(bytes.toString('latin1', 0, size), 'hello')
      resolve()
      return true
    }).then(({ client, socket }) => {
      socket.resume()
      client.write('hello')
    })
  })
  await done
  assert.ok(!isData, `Node ${process.version} serves 'data' events instead`)
})

for (const way of ['static buffer', 'data events'] as const) {
  test(`${way}: every byte, in order, through a small buffer, over pauses`, async (t) => {
    const buffer = Buffer.alloc(1000)
    const parts: Buffer[] = []
    let reads = 0
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff))
    const { client, socket } = await connect(t, way, buffer, (from, size, bytes) => {
      parts.push(Buffer.from(bytes.subarray(0, size)))
      if (++reads % 7 !== 0) return true
      setImmediate(() => from.resume())
      return false
    })
    const ended = once(socket, 'end')
    socket.resume()
    client.end(sent)
    await ended
    assert.ok(Buffer.concat(parts).equals(sent))
    assert.ok(reads >= 300)
  })

  test(`${way}: no byte is handed over while it is paused`, async (t) => {
    const buffer = Buffer.alloc(1 << 16)
    const seen: string[] = []
    let wake = (): void => undefined
    const { client, socket } = await connect(t, way, buffer, (_, size, bytes) => {
      seen.push(bytes.toString('latin1', 0, size))
      wake()
      return false
    })
    for (const text of ['one', 'two', 'three']) {
      const came = new Promise<void>((resolve) => (wake = resolve))
      client.write(text)
      await new Promise((resolve) => setTimeout(resolve, 20))
      socket.resume()
      await came
    }
    assert.deepEqual(seen, ['one', 'two', 'three'])
  })

  test(`${way}: a client that has closed its side can still be written to, and the server can close`, async (t) => {
    const { client, socket, server } = await connect(t, way, Buffer.alloc(100), () => true)
    const ended = once(socket, 'end')
    socket.resume()
    client.end()
    await ended
    assert.ok(socket.writable)
    const received = once(client, 'data') as Promise<[Buffer]>
    socket.end('late')
    assert.equal((await received)[0].toString(), 'late')
    const closed = once(server, 'close')
    server.close()
    await closed
  })
}
