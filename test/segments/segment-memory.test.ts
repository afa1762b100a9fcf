import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SegmentMemory } from '../../segments/segment-memory.js'
import { smallLogOptions } from '../helpers/memory-log.js'

const SEGMENT = 8192

test('memory that was given serves the next who take as much, each once', () => {
  const memory = new SegmentMemory(smallLogOptions())
  const one = memory.take(SEGMENT)
  memory.give(one, 0)
  assert.notEqual(memory.take(SEGMENT + 8), one)
  assert.equal(memory.take(SEGMENT), one)
  assert.notEqual(memory.take(SEGMENT), one)
})

test('what has another size than a segment is not kept', () => {
  const memory = new SegmentMemory(smallLogOptions())
  const odd = memory.take(SEGMENT / 2)
  memory.give(odd, 0)
  assert.notEqual(memory.take(SEGMENT / 2), odd)
})

function keptOf(memory: SegmentMemory, residentSize: number): number {
  const many = Array.from({ length: 40 }, () => memory.take(SEGMENT))
  for (const buffer of many) memory.give(buffer, residentSize)
  return many.map(() => memory.take(SEGMENT)).filter((buffer) => many.includes(buffer)).length
}

test('it is kept within the share of the cache that segments may take, two in any case', () => {
  const options = smallLogOptions({ cacheSize: 16 * SEGMENT })
  assert.equal(keptOf(new SegmentMemory(options), 0), 12)
  assert.equal(keptOf(new SegmentMemory(options), 7 * SEGMENT), 5)
  assert.equal(keptOf(new SegmentMemory(options), 12 * SEGMENT), 2)
})

test('of a log in memory nothing is kept beyond its bound', () => {
  const options = smallLogOptions({ memorySizeMax: 4 * SEGMENT })
  assert.equal(keptOf(new SegmentMemory(options), 0), 4)
  assert.equal(keptOf(new SegmentMemory(options), 4 * SEGMENT), 0)
})
