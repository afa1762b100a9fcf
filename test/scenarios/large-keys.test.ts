import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { OK, QUEUED, RespClient, type Reply } from '../helpers/resp-client.js'

const LARGEST = 'k'.repeat(0xffff)
const TOO_LARGE = `${LARGEST}k`
const REFUSED: Reply = { error: 'ERR a key has at most 65535 bytes, not 65536' }

test('a key that is too large is refused before anything is written, also in company and inside MULTI', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t))
  t.after(() => daemon.stop('SIGKILL'))
  const client = await RespClient.connect(daemon.port)
  assert.deepEqual(await client.call('SET', LARGEST, 'v'), OK)
  assert.deepEqual(await client.call('GET', LARGEST), 'v')
  assert.deepEqual(await client.call('SET', 'large value', TOO_LARGE), OK)
  assert.deepEqual(await client.call('SET', TOO_LARGE, 'v'), REFUSED)
  assert.deepEqual(await client.call('INCR', TOO_LARGE), REFUSED)
  assert.deepEqual(await client.call('MSET', 'first', '1', TOO_LARGE, '2', 'last', '3'), REFUSED)
  assert.deepEqual(await client.call('EXISTS', 'first', 'last'), 0)

  assert.deepEqual(await client.call('MULTI'), OK)
  assert.deepEqual(await client.call('SET', 'first', '1'), QUEUED)
  assert.deepEqual(await client.call('SET', TOO_LARGE, '2'), REFUSED)
  const aborted: Reply = { error: 'EXECABORT Transaction discarded because of previous errors.' }
  assert.deepEqual(await client.call('EXEC'), aborted)
  assert.deepEqual(await client.call('EXISTS', 'first'), 0)

  // What cannot be there is not found.
  assert.deepEqual(await client.call('GET', TOO_LARGE), null)
  assert.deepEqual(await client.call('DEL', TOO_LARGE, LARGEST), 1)
  client.socket.destroy()
  await client.closed
})
