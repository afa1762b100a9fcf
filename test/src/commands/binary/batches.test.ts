import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBatches } from '../../../../segments/index.js'
import { BinaryClient } from '../../../helpers/binary-client.js'
import { ask, DONE } from '../../../helpers/binary-frames.js'
import { startOnDisk } from '../../../helpers/server-on-disk.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

const KEYS = Array.from({ length: 1000 }, (_, i) => `key${i}`)
const VALUE = 'x'.repeat(500)

test('MSET and MDEL that are larger than a batch of the log should be lie in one all the same', async (t) => {
  const disk = new SimDisk({ isQuick: true })
  const { port } = await startOnDisk(t, disk)
  const client = await BinaryClient.connect(port)
  t.after(() => {
    client.close()
  })
  // What was written just before, in the same turn, must not share them out either.
  const requests = [ask.set('first', VALUE), ask.mset(KEYS.map((key) => [key, VALUE])), ask.mdel(...KEYS)]
  assert.deepEqual(await client.pipeline(requests), [DONE, DONE, DONE])
  const counts: number[] = []
  for await (const step of readBatches(disk)) if (step.type === 'batch') counts.push(step.header.count)
  assert.deepEqual(
    counts.filter((count) => count > 0),
    [1, KEYS.length, KEYS.length],
  )
})
