import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBatches } from '../../../../segments/index.js'
import { OK, QUEUED, RespClient } from '../../../helpers/resp-client.js'
import { startOnDisk } from '../../../helpers/server-on-disk.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

const COUNT = 30
const VALUE = 'x'.repeat(5000)

test('a transaction that is larger than a batch should be lies in one batch all the same', async (t) => {
  const disk = new SimDisk({ isQuick: true })
  const { port } = await startOnDisk(t, disk)
  const client = await RespClient.connect(port)
  t.after(() => {
    client.close()
  })
  const sets = Array.from({ length: COUNT }, (_, i) => ['SET', `key${i}`, VALUE])
  // What was written just before, in the same turn, must not share out the transaction either.
  const replies = await client.pipeline([['SET', 'first', VALUE], ['MULTI'], ...sets, ['DEL', 'first'], ['EXEC']])
  assert.deepEqual(replies.slice(0, 2), [OK, OK])
  assert.deepEqual(replies.slice(2, -1), Array(COUNT + 1).fill(QUEUED))
  assert.deepEqual(replies.at(-1), [...Array<unknown>(COUNT).fill(OK), 1])
  const counts: number[] = []
  for await (const step of readBatches(disk)) if (step.type === 'batch') counts.push(step.header.count)
  assert.deepEqual(
    counts.filter((count) => count > 0),
    [1, COUNT + 1],
  )
})
