import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BenchSession, CommandBench } from '../../../helpers/command-bench.js'
import { KeyWalk } from '../../../../src/commands/keys/key-walk.js'
import { ReplyWriter } from '../../../../src/protocol/resp/reply-writer.js'
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

/** What a walk replies, piece by piece. */
function piecesOf(walk: KeyWalk): Buffer[] {
  const reply = new ReplyWriter()
  const pieces: Buffer[] = []
  for (let isLast = false; !isLast;) {
    reply.reset(Buffer.alloc(0))
    isLast = walk.giveTo(reply)
    pieces.push(Buffer.from(reply.buffer.subarray(0, reply.length)))
  }
  return pieces
}

test('a reply of many chunks is given a chunk at a time, with every key in it once, and let go of with each', () => {
  const { walk, keys } = filled(COUNT)
  const { size } = walk
  assert.ok(size > 5 << 20 && size < 6 << 20)
  const reply = new ReplyWriter()
  assert.ok(!walk.giveTo(reply))
  assert.ok(walk.size <= 5.1 * (1 << 20), 'the open one is gone')
  const left = walk.size
  reply.reset(Buffer.alloc(0))
  assert.ok(!walk.giveTo(reply))
  assert.equal(walk.size, left - reply.length)
  const pieces = piecesOf(filled(COUNT).walk)
  assert.equal(pieces.length, 6)
  const whole = Buffer.concat(pieces)
  assert.deepEqual((parseReplies(whole)[0] as string[]).sort(), keys.sort())
  assert.equal(whole.length, `*${COUNT}\r\n`.length + size)
})

test('a reply of one chunk, or of none, comes at once', () => {
  for (const count of [0, 1, 100]) {
    const { walk, keys } = filled(count)
    const pieces = piecesOf(walk)
    assert.deepEqual([pieces.length, parseReplies(pieces[0]!)], [1, [keys]])
  }
})

test('keys that are as long as they may be fill chunks, too', () => {
  const walk = new KeyWalk()
  const key = Buffer.alloc(65_535, 'long')
  for (let i = 0; i < 40; i++) walk.add(key, 0, key.length)
  assert.deepEqual(parseReplies(Buffer.concat(piecesOf(walk))), [new Array(40).fill(key.toString())])
})

test('however many turns it takes, the reply waits for the log as it is at the end', async (t) => {
  const bench = await CommandBench.open({ memorySizeMax: 1 << 25 })
  for (let i = 0; i < 5000; i++) bench.run('set', `key:${i}`, '')
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
