import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Consumer, Group, Pending } from '../../../../src/models/streams/group.js'
import { PendingList } from '../../../../src/models/streams/pending-list.js'
import { StreamId } from '../../../../src/models/streams/stream-id.js'
import { Random } from '../../../helpers/random.js'

const consumer = new Consumer(new Group('g', 1, 0, 0, 64), 'c', 0, 2, 0, 0, 64)

function idOf(ms: number): StreamId {
  return new StreamId().setMs(ms)
}

function pendingOf(ms: number): Pending {
  return new Pending(consumer, idOf(ms), 0, 100 + ms, 0, 0, 64)
}

test('it is in the order of ids, whatever comes and goes', () => {
  const random = new Random(1)
  const list = new PendingList()
  const model = new Set<number>()
  let top = 0
  for (let round = 0; round < 200; round++) {
    for (let i = random.below(60); i > 0; i--) {
      const ms = random.chance(0.5) ? ++top : random.below(top + 1)
      if (model.has(ms)) continue
      model.add(ms)
      list.add(pendingOf(ms))
    }
    for (const ms of [...model].filter(() => random.chance(0.08))) {
      model.delete(ms)
      list.remove(list.find(idOf(ms))!)
    }
    const sorted = [...model].sort((a, b) => a - b)
    const from = random.below(top + 2)
    assert.equal(list.count, model.size)
    assert.deepEqual(
      Array.from(list, ({ id }) => id.msLow),
      sorted,
    )
    assert.deepEqual(
      Array.from(list.from(idOf(from)), ({ id }) => id.msLow),
      sorted.filter((ms) => ms >= from),
    )
    assert.equal(list.find(idOf(from)) !== null, model.has(from))
    assert.equal(list.first?.id.msLow, sorted.at(0))
    assert.equal(list.last?.id.msLow, sorted.at(-1))
  }
})
