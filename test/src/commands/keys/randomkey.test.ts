import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../../helpers/command-bench.js'
import { temporaryFolder } from '../../../helpers/daemon.js'
import { NetBench } from '../../../helpers/net-bench.js'
import { Random } from '../../../helpers/random.js'
import { RespClient } from '../../../helpers/resp-client.js'

const KEY_COUNT = 50
const DRAWS = 20_000
/** With 49 degrees of freedom a fair choice exceeds this once in a million times; the seed makes it always the same. */
const CHI_SQUARE_MAX = 110

test('all keys are equally likely', async () => {
  const bench = await CommandBench.open()
  const random = new Random(1)
  bench.view.random = () => random.next()
  assert.equal(bench.run('randomkey'), null)
  // Some that are gone again: the gaps that they leave must favour nobody.
  for (let i = 0; i < KEY_COUNT * 3; i++) bench.run('set', `key:${i}`, 'v')
  for (let i = KEY_COUNT; i < KEY_COUNT * 3; i++) bench.run('del', `key:${i}`)
  const counts = new Map<string, number>()
  for (let i = 0; i < DRAWS; i++) {
    const key = bench.run('randomkey') as string
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  assert.equal(counts.size, KEY_COUNT)
  const fair = DRAWS / KEY_COUNT
  let chiSquare = 0
  for (const count of counts.values()) chiSquare += (count - fair) ** 2 / fair
  assert.ok(chiSquare < CHI_SQUARE_MAX, `chi-square ${chiSquare}`)
})

test('a key that has expired is not chosen', async () => {
  const bench = await CommandBench.open()
  bench.run('set', 'stays', '1')
  for (let i = 0; i < 9; i++) bench.run('set', `gone:${i}`, '1', 'PXAT', String(bench.log.now() + 1))
  const { keyspace } = bench
  const later = keyspace.log.now() + 5
  keyspace.log.now = () => later
  for (let i = 0; i < 100; i++) assert.equal(bench.run('randomkey'), 'stays')
})

test('keys that are on disk only are chosen, too', async (t) => {
  const bench = await NetBench.start(t, {
    folder: temporaryFolder(t),
    log: { cacheSize: 1 << 20, segmentSize: 1 << 18 },
  })
  const client = await RespClient.connect(bench.port)
  const value = 'v'.repeat(2000)
  for (let at = 0; at < 2000; at += 100) {
    await client.call('MSET', ...Array.from({ length: 100 }, (_, i) => [`key:${at + i}`, value]).flat())
  }
  assert.ok(bench.log.hasCold)
  const keys = (await client.pipeline(Array.from({ length: 400 }, () => ['RANDOMKEY']))) as string[]
  const numbers = keys.map((key) => Number(/^key:(\d+)$/.exec(key)![1]))
  // The oldest half can be on disk only.
  assert.ok(numbers.filter((number) => number < 1000).length > 100)
  assert.ok(new Set(numbers).size > 200)
  client.close()
})
