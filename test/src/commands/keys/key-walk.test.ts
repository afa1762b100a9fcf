import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BenchSession, CommandBench } from '../../../helpers/command-bench.js'
import { KeyWalk } from '../../../../src/commands/keys/key-walk.js'
import { parseReplies } from '../../../helpers/resp-client.js'

const COUNT = 50_000
const PADDING = 'k'.repeat(100)

function filled(count: number): { walk: KeyWalk; keys: string[] } {
  const walk = new KeyWalk()
  const keys = Array.from({ length: count }, (_, i) => `${PADDING}${i}`)
  for (const key of keys) {
    const bytes = Buffer.from(`[${key}]`)
    walk.add(bytes, 1, bytes.length - 1)
  }
  return { walk, keys }
}

test('a reply of many chunks is put together a chunk at a time, with every key in it once', () => {
  const { walk, keys } = filled(COUNT)
  const { size } = walk
  assert.ok(size > 5 << 20 && size < 6 << 20)
  let turns = 0
  let whole: Buffer | null = null
  while (whole === null) {
    let steps = 0
    whole = walk.join(() => steps++ === 0)
    turns++
  }
  assert.equal(turns, 5, 'the last, open chunk comes with the fifth')
  assert.deepEqual(parseReplies(whole), [keys])
  assert.equal(whole.length, `*${COUNT}\r\n`.length + size)
})

test('a reply of one chunk, or of none, needs no turn of its own', () => {
  for (const count of [0, 1, 100]) {
    const { walk, keys } = filled(count)
    assert.deepEqual(parseReplies(walk.join(() => false)!), [keys])
  }
})

test('keys that are as long as they may be fill chunks, too', () => {
  const walk = new KeyWalk()
  const key = Buffer.alloc(65_535, 'long')
  for (let i = 0; i < 40; i++) walk.add(key, 0, key.length)
  assert.deepEqual(parseReplies(walk.join(() => true)!), [new Array(40).fill(key.toString())])
})

test('however many turns it takes, the reply waits for the log as it is at the end', async (t) => {
  const bench = await CommandBench.open({ memorySizeMax: 1 << 25 })
  for (let i = 0; i < 100; i++) bench.run('set', `${i}`.padEnd(60_000, 'k'), '')
  // Every look at the clock ends a turn.
  let now = 0
  t.mock.method(performance, 'now', () => (now += 10))
  let turns = 1
  for (let reply = bench.run('keys', '*'); reply === undefined; reply = bench.run('keys', '*')) {
    turns++
    bench.runAs(new BenchSession(2), 'set', 'other', String(turns))
  }
  assert.ok(turns > 5, `${turns} turns`)
  assert.equal(bench.keyspace.gate, bench.log.endOffset)
})
