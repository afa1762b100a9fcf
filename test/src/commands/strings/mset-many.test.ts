import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetBench } from '../../../helpers/net-bench.js'
import { OK, RespClient } from '../../../helpers/resp-client.js'

/** More than one batch of keys, of sizes that differ, with one that comes again in the next batch. */
const KEYS = Array.from({ length: 53 }, (_, i) => (i === 40 ? 'key:xxx3' : `key:${'x'.repeat(i % 7)}${i}`))

test('MSET and MGET of more keys than are looked up at a time: each gets its own, and the last value counts', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  for (const round of ['a', 'b']) {
    const pairs = KEYS.flatMap((key, i) => [key, `${round}${i}`])
    assert.deepEqual(await client.call('MSET', ...pairs), OK)
    const wanted = KEYS.map((key) => `${round}${KEYS.lastIndexOf(key)}`)
    assert.deepEqual(await client.call('MGET', ...KEYS), wanted)
    for (const [i, key] of KEYS.entries()) assert.equal(await client.call('GET', key), wanted[i])
  }
  assert.deepEqual(
    await client.call('MGET', ...KEYS, 'none', ...KEYS.slice(0, 20)).then((all) => (all as unknown[])[53]),
    null,
  )
  client.close()
})
