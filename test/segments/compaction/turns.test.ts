import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from '../../../segments/compaction/turns.js'

/** Turns on a clock that only work moves, beside others who take so long. */
function turnsOf(othersMs: number) {
  const clock = { nowMs: 0, othersMs }
  const turns = new Turns(
    () => clock.nowMs,
    () => {
      clock.nowMs += clock.othersMs
      return Promise.resolve()
    },
  )
  const slice = () => {
    const began = clock.nowMs
    while (!turns.isOver) clock.nowMs += 0.125
    return clock.nowMs - began
  }
  return { turns, clock, slice }
}

test('a slice lasts half as long as the turn of the others before it, however long that is', async () => {
  const { turns, clock, slice } = turnsOf(2)
  assert.equal(slice(), 0.25, 'nothing is known of the others yet')
  await turns.give()
  assert.equal(slice(), 1)
  clock.othersMs = 3
  await turns.give()
  assert.equal(slice(), 1.5)
})

test('idle others are not kept waiting for long, and nobody for more than 2 ms', async () => {
  const { turns, clock, slice } = turnsOf(0)
  await turns.give()
  assert.equal(slice(), 0.25)
  clock.othersMs = 1000
  await turns.give()
  assert.equal(slice(), 2)
  clock.othersMs = 0
  await turns.give()
  assert.equal(slice(), 0.25)
})

test('others have their turn: what waits for the loop runs', async () => {
  const turns = new Turns()
  let ran = false
  setImmediate(() => (ran = true))
  await turns.give()
  assert.ok(ran)
})
