import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scratch } from '../../../segments/compaction/scratch.js'

const MIB = 1 << 20

test('what was put together so far stays when more room is needed', () => {
  const scratch = new Scratch()
  scratch.output(8, 0).write('written', 'latin1')
  const larger = scratch.output(100_000, 7)
  assert.ok(larger.length >= 100_000)
  assert.equal(larger.toString('latin1', 0, 7), 'written')
})

test('the next run gets the same memory, of which a segment is just its part', () => {
  const scratch = new Scratch()
  const source = scratch.source(4096)
  const output = scratch.output(4096, 0)
  scratch.trim()
  assert.equal(scratch.output(100, 0), output)
  const part = scratch.source(1000)
  assert.deepEqual([part.buffer, part.length], [source.buffer, 1000])
})

test('much memory is given back after a run', () => {
  const scratch = new Scratch()
  const source = scratch.source(129 * MIB)
  scratch.trim()
  assert.notEqual(scratch.source(8).buffer, source.buffer)
})

test('memory is taken ahead to the double while it is little, and not much more than is needed when it is much', () => {
  const scratch = new Scratch()
  scratch.output(MIB, 0)
  assert.equal(scratch.output(MIB + 1, 0).length, 2 * MIB)
  scratch.output(64 * MIB, 0)
  assert.equal(scratch.output(64 * MIB + 1, 0).length, 80 * MIB)
})
