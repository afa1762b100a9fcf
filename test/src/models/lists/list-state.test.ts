import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS_SIZES, RECORD_FLAG, sizeClassOf, type ReplayedRecord } from '../../../../segments/index.js'
import { KIND } from '../../../../src/models/kinds.js'
import { ListState } from '../../../../src/models/lists/list-state.js'

const ID = 7

/** A record of an item, as recovery hands it over. */
function record(
  order: number,
  segmentNumber: number,
  position: number,
  size = 40,
  isTombstone = false,
): ReplayedRecord {
  const flags = RECORD_FLAG.member | RECORD_FLAG.datum | (isTombstone ? RECORD_FLAG.tombstone : 0)
  return { kind: KIND.listItem, flags, hi: 0, lo: ID, segmentNumber, position, datum: order, size }
}

function tombstone(order: number): ReplayedRecord {
  return record(order, 3, 8000, 32, true)
}

function contents(list: ListState): [order: number, segment: number, position: number][] {
  const found: [number, number, number][] = []
  const { items } = list
  for (let more = items.seek(0); more; more = items.next()) found.push([items.order, items.segment, items.position])
  return found
}

test('records in any order of their items make the list', () => {
  const list = new ListState(ID, [0, 0, 0, 0])
  for (const it of [record(9, 0, 64), record(-10, 0, 104), record(9.5, 1, 64), record(12, 1, 104)]) list.replay(it)
  list.replay(record(9, 2, 64)) // set anew
  list.replay(tombstone(12))
  list.replay(tombstone(11)) // what it buries has been compacted away
  assert.deepEqual(contents(list), [
    [-10, 0, 104],
    [9, 2, 64],
    [9.5, 1, 64],
  ])
  assert.equal(list.count, 3)
})

test('what is replaced or removed is dead, by segment, and counts no more', () => {
  const deadSizes = [0, 0, 0, 0]
  const list = new ListState(ID, deadSizes)
  list.pushRight(5, 0, 64, 400)
  list.pushRight(6, 1, 64, 4000)
  list.pushLeft(-7, 1, 104, 40)
  const [small, middle, large] = [40, 400, 4000].map((size) => CLASS_SIZES[sizeClassOf(size)]!)
  assert.equal(list.recordsSize, small! + middle! + large!)
  assert.equal(list.itemSizeMax, large)
  assert.deepEqual(deadSizes, [0, 0, 0, 0])
  list.items.seek(1)
  list.replace(2, 64, 40)
  assert.deepEqual(deadSizes, [middle, 0, 0, 0])
  list.items.seek(2)
  list.remove()
  assert.deepEqual(deadSizes, [middle, large, 0, 0])
  list.replay(tombstone(-7))
  assert.deepEqual(deadSizes, [middle, large! + small!, 0, 0])
  assert.equal(list.recordsSize, small)
  list.items.seek(0)
  list.remove()
  assert.equal(list.recordsSize, 0)
  assert.equal(list.itemSizeMax, CLASS_SIZES[0])
})

test('alive is the newest record of an item that is there, and only that one moves', () => {
  const list = new ListState(ID, [0, 0, 0, 0])
  list.pushRight(5, 0, 64, 40)
  list.pushRight(6, 0, 104, 40)
  list.items.seek(0)
  list.replace(1, 64, 40)
  assert.ok(!list.isLive(record(5, 0, 64)))
  assert.ok(!list.moved(record(5, 0, 64), 2, 64))
  assert.ok(list.isLive(record(5, 1, 64)))
  assert.ok(!list.isLive(record(4, 1, 64)))
  assert.ok(list.moved(record(5, 1, 64), 2, 64))
  assert.ok(!list.moved(record(5, 1, 64), 3, 64), 'it has been moved before')
  assert.ok(!list.moved(record(7, 0, 64), 3, 64))
  assert.deepEqual(contents(list), [
    [5, 2, 64],
    [6, 0, 104],
  ])
  const chunks = [...list.recordChunks()].flatMap(({ segments, positions, first, end }) =>
    Array.from({ length: end - first }, (_, i) => [segments[first + i], positions[first + i]]),
  )
  assert.deepEqual(chunks, [
    [2, 64],
    [0, 104],
  ])
})

test('a list of many items takes less than 20 bytes for each', () => {
  const list = new ListState(ID, [])
  for (let i = 0; i < 200_000; i++) list.pushRight(i + 8, i >> 10, (i & 1023) * 64, 64)
  assert.ok(list.byteSize < 200_000 * 20, String(list.byteSize))
})
