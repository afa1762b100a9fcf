import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SocketWriter } from '../../../src/net/socket-writer.js'

interface Ends {
  readonly near: net.Socket
  readonly far: net.Socket
}

/** Both ends of a connection; both are gone after the test. */
async function connected(t: TestContext): Promise<Ends> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const far = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  const [near] = (await once(server, 'connection')) as [net.Socket]
  near.setNoDelay(true)
  near.on('error', () => undefined)
  far.on('error', () => undefined)
  t.after(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  return { near, far }
}

async function readAll(far: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of far) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function pattern(size: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + seed * 7) & 0xff))
}

test('what is written arrives in order, short and long, and then the end', async (t) => {
  const { near, far } = await connected(t)
  const writer = new SocketWriter(near)
  const sent: Buffer[] = []
  const received = readAll(far)
  for (let i = 0; i < 300; i++) {
    const bytes = pattern(i % 50 === 49 ? 40_000 : 1 + ((i * 37) % 2000), i)
    sent.push(bytes)
    writer.write(bytes)
    if (i % 20 === 0) await turn()
  }
  near.end()
  assert.ok((await received).equals(Buffer.concat(sent)))
})

test('a client that does not read: what waits is counted and taken at last, nothing is lost or overtaken', async (t) => {
  const { near, far } = await connected(t)
  const writer = new SocketWriter(near)
  far.pause()
  writer.write(pattern(10, 0)) // from here on the direct way is known
  const sent = [pattern(10, 0)]
  for (let i = 1; writer.pendingSize === 0; i++) {
    const bytes = pattern(16 * 1024, i)
    sent.push(bytes)
    writer.write(bytes)
  }
  // Behind a direct write that waits come some that go through the Writable.
  for (let i = 0; i < 20; i++) {
    sent.push(pattern(100, i))
    writer.write(sent.at(-1)!)
  }
  assert.ok(writer.pendingSize >= 16 * 1024)
  let drains = 0
  near.on('drain', () => drains++)
  const received = readAll(far)
  while (writer.pendingSize > 0) await turn()
  assert.ok(drains > 0)
  sent.push(pattern(5, 5))
  writer.write(sent.at(-1)!)
  near.end()
  assert.ok((await received).equals(Buffer.concat(sent)))
})

test('the end waits for a direct write that the kernel has not taken', async (t) => {
  const { near, far } = await connected(t)
  const writer = new SocketWriter(near)
  far.pause()
  let size = 0
  for (let i = 0; writer.pendingSize === 0; i++) {
    writer.write(pattern(16 * 1024, i))
    size += 16 * 1024
  }
  near.end()
  assert.equal((await readAll(far)).length, size)
})

test('a client that is gone ends the socket, also under a write that waits', async (t) => {
  for (const waits of [false, true]) {
    const { near, far } = await connected(t)
    const writer = new SocketWriter(near)
    if (waits) {
      far.pause()
      while (writer.pendingSize === 0) writer.write(pattern(16 * 1024, 1))
    }
    const closed = new Promise((resolve) => near.once('close', resolve))
    near.resume()
    far.resetAndDestroy()
    await new Promise((resolve) => (far.closed ? resolve(null) : far.once('close', resolve)))
    for (let i = 0; i < 100 && !near.destroyed; i++) {
      writer.write(pattern(10, 1))
      await turn()
    }
    await closed
    writer.write(pattern(10, 1)) // harmless
  }
})

test('a socket without a handle, or with another one, is written to through its own write', () => {
  const written: Buffer[] = []
  const socket = { writableLength: 0, write: (bytes: Buffer) => written.push(bytes) } as unknown as net.Socket
  const writer = new SocketWriter(socket)
  writer.write(Buffer.from('a'))
  assert.equal(written.length, 1)
  assert.equal(writer.pendingSize, 0)
})
