import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS_SIZES, sizeClassOf } from '../../../../segments/index.js'
import { EntryTable, type EntryPosition } from '../../../../src/models/streams/entry-table.js'
import { Random } from '../../../helpers/random.js'

interface Entry {
  readonly offset: number
  segment: number
  position: number
  readonly size: number
}

function positionAt(table: EntryTable, index: number): EntryPosition {
  const at: EntryPosition = { chunk: 0, slot: 0 }
  table.toFirst(at)
  table.advance(at, index)
  return at
}

/** The table holds what the model does, whichever way it is gone through. */
function check(table: EntryTable, model: readonly Entry[], random: Random): void {
  assert.equal(table.count, model.length)
  const at = positionAt(table, 0)
  for (const { offset, segment, position } of model) {
    assert.deepEqual([table.offsetAt(at), table.segmentAt(at), table.positionAt(at)], [offset, segment, position])
    table.advance(at, 1)
  }
  assert.ok(table.isEnd(at))
  for (let i = model.length - 1; i >= 0; i--) {
    assert.ok(table.back(at))
    assert.equal(table.offsetAt(at), model[i]!.offset)
  }
  assert.ok(!table.back(at))
  for (let i = 0; i < 20; i++) {
    const [from, to] = [random.below(model.length + 1), random.below(model.length + 1)].sort((a, b) => a - b) as [
      number,
      number,
    ]
    const max = random.chance(0.5) ? Infinity : random.below(1500)
    assert.equal(table.distance(positionAt(table, from), positionAt(table, to), max), Math.min(max, to - from))
    const offset = random.below(model.at(-1)?.offset ?? 10) + random.below(10)
    const index = model.findIndex((it) => it.offset >= offset)
    assert.equal(table.seekOffset(offset, at), index >= 0 && model[index]!.offset === offset)
    if (index < 0) assert.ok(table.isEnd(at))
    else assert.equal(table.offsetAt(at), model[index]!.offset)
  }
}

test('it is as an array of entries, whatever is added, removed and moved', () => {
  const random = new Random(3)
  const deadSizes = new Array<number>(100).fill(0)
  const table = new EntryTable(deadSizes)
  let model: Entry[] = []
  let dead = 0
  let offset = 1000
  const bury = ({ size }: Entry): void => {
    dead += CLASS_SIZES[sizeClassOf(size)]!
  }
  for (let round = 0; round < 60; round++) {
    for (let i = random.below(200); i > 0; i--) {
      // Now and then further than the words of a chunk reach.
      offset += 1 + random.below(5) + (random.chance(0.002) ? 2 ** 33 : 0)
      const entry = {
        offset,
        segment: random.below(100),
        position: random.below(2 ** 32),
        size: 8 * (10 + random.below(300)),
      }
      table.append(offset, entry.segment, entry.position, sizeClassOf(entry.size), null)
      model.push(entry)
    }
    for (let i = random.below(40); i > 0 && model.length > 0; i--) {
      const at: EntryPosition = { chunk: 0, slot: 0 }
      const [entry] = model.splice(random.below(model.length), 1)
      assert.ok(table.seekOffset(entry!.offset, at))
      table.removeAt(at)
      bury(entry!)
    }
    if (random.chance(0.2)) {
      const count = random.below(model.length + 1)
      assert.equal(table.removeBefore(positionAt(table, count)), count)
      model.slice(0, count).forEach(bury)
      model = model.slice(count)
    }
    for (let i = 0; i < 10 && model.length > 0; i++) {
      const entry = random.pick(model)
      const { segment, position } = entry
      assert.ok(!table.move(entry.offset, segment, position + 1, 1, 1), 'it does not lie there')
      entry.segment = random.below(100)
      entry.position = random.below(2 ** 32)
      assert.ok(table.isAt(entry.offset, segment, position))
      assert.ok(table.move(entry.offset, segment, position, entry.segment, entry.position))
    }
    check(table, model, random)
    assert.equal(table.newestOffset, offset === 1000 ? -1 : offset)
    assert.equal(Math.round(deadSizes.reduce((sum, size) => sum + size)), Math.round(dead))
    const live = model.reduce((sum, { size }) => sum + CLASS_SIZES[sizeClassOf(size)]!, 0)
    assert.equal(Math.round(table.recordsSize), Math.round(live))
  }
})

test('a million entries take less than 16 bytes each, ten some hundred in all', () => {
  const table = new EntryTable([0])
  for (let i = 0; i < 10; i++) table.append(i, 0, i, 1, null)
  assert.ok(table.byteSize < 2000, `${table.byteSize} bytes`)
  for (let i = 10; i < 1_000_000; i++) table.append(i, 0, i, 1, null)
  assert.ok(table.byteSize < 16 * table.count, `${table.byteSize / table.count} bytes an entry`)
})
