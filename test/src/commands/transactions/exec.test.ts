import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBatches } from '../../../../segments/index.js'
import { CommandBench } from '../../../helpers/command-bench.js'
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

test('a transaction that only removes goes on where there is no room for more, as a DEL alone does', async () => {
  const bench = await CommandBench.open({ memorySizeMax: 1 << 16, segmentSize: 1 << 14 })
  const isFull = (reply: unknown): boolean => /MEMORY|OOM/.test(JSON.stringify(reply))
  const exec = (...commands: string[][]): unknown => {
    bench.run('MULTI')
    for (const command of commands) assert.deepEqual(bench.run(...command), QUEUED)
    return bench.run('EXEC')
  }
  let count = 0
  for (let size = 1000; size >= 1; size = Math.floor(size / 4)) {
    while (!isFull(bench.run('SET', `key${count}`, 'x'.repeat(size)))) count++
  }
  assert.ok(isFull(exec(['SET', 'no', 'room'])), 'it is full')
  assert.ok(isFull(exec(['DEL', 'key1'], ['SET', 'no', 'room'])), 'one that writes, too, is refused whole')
  assert.deepEqual(exec(['DEL', 'key0', 'none'], ['UNLINK', 'key1'], ['GETDEL', 'key2'], ['GET', 'key1']), [
    1,
    1,
    'x'.repeat(1000),
    null,
  ])
  assert.deepEqual(exec(['EXPIRE', 'key3', '100'], ['PEXPIREAT', 'key4', '1'], ['EXISTS', 'key3', 'key4']), [1, 1, 1])
  assert.deepEqual(exec(['FLUSHALL'], ['DBSIZE']), [OK, 0])
  await bench.log.close()
})
