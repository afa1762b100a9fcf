import assert from 'node:assert/strict'
import net from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { COUSINS, KINDS, type Kind } from '../../../bench/load/cousin-kinds.js'

import { NetBench } from '../../helpers/net-bench.js'

/** The reply that comes to a request, until a request behind it would be answered. */
async function replyTo(
  port: number,
  request: Buffer,
  size: (reply: Buffer) => number,
  wanted: number,
): Promise<Buffer> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  socket.end(request)
  let reply = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => (reply = Buffer.concat([reply, chunk])))
  await once(socket, 'close')
  assert.equal(size(reply), wanted, reply.toString('latin1'))
  return reply
}

test('each kind of request gets a reply of the size by which it is counted, also when it is repeated', async (t) => {
  const bench = await NetBench.start(t)
  for (const name of ['set', ...Object.keys(KINDS)] as (keyof typeof KINDS)[]) {
    const kind: Kind = KINDS[name]
    const lines = (reply: Buffer): number => reply.toString('latin1').split('\n').length - 1
    const size = kind.countsLines === true ? lines : (reply: Buffer): number => reply.length
    const requests = Buffer.concat([kind.request(() => 'key'), kind.request(() => 'key')])
    const reply = await replyTo(bench.port, requests, size, 2 * kind.replySize)
    assert.equal(reply[0], kind.firstByte, name)
    // What grows is set anew before others read it.
    if (kind.grows === true)
      await replyTo(
        bench.port,
        KINDS.set.request(() => 'key'),
        (it) => it.length,
        5,
      )
  }
  assert.equal(new Set(COUSINS.map(({ id }) => id)).size, COUSINS.length)
})
