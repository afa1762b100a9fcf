import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Timeouts, type Timed } from '../../../../src/commands/blocking/timeouts.js'
import { ManualTimer } from '../../../helpers/manual-timer.js'

interface Item extends Timed {
  readonly name: number
}

function item(name: number, dueMs: number): Item {
  return { name, dueMs, heapIndex: -1 }
}

test('each is told of at its time, whoever came or left meanwhile', () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('add' as const), ms: fc.double({ min: 0, max: 50, noNaN: true }), at: fc.nat(99) }),
    fc.record({ what: fc.constant('remove' as const), ms: fc.constant(0), at: fc.nat(99) }),
    fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 30 }), at: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const timer = new ManualTimer()
      const told: Item[] = []
      const timeouts = new Timeouts<Item>(timer, (it) => {
        assert.ok(it.dueMs <= timer.now(), 'not before its time')
        assert.ok(timer.now() < it.dueMs + 1, 'nor long after it')
        assert.equal(it.heapIndex, -1)
        told.push(it)
      })
      const waiting = new Set<Item>()
      const all: Item[] = []
      for (const { what, ms, at } of steps) {
        if (what === 'add') {
          const it = item(all.length, timer.now() + ms)
          timeouts.add(it)
          waiting.add(it)
          all.push(it)
        } else if (what === 'remove') {
          const it = all[at % Math.max(1, all.length)]
          if (it === undefined) continue
          timeouts.remove(it)
          waiting.delete(it)
        } else {
          const before = told.length
          timer.pass(ms)
          for (const it of told.slice(before)) assert.ok(waiting.delete(it), 'once')
          for (const it of waiting) assert.ok(it.dueMs > timer.now() - 1, 'none is forgotten')
          const order = told.slice(before).map(({ dueMs }) => Math.ceil(dueMs))
          assert.deepEqual(
            order,
            [...order].sort((a, b) => a - b),
          )
        }
        assert.equal(timeouts.count, waiting.size)
        assert.ok(timer.bellCount <= 1, 'one timer')
      }
    }),
  )
})

test('who comes and leaves again does not set the timer each time', () => {
  const timer = new ManualTimer()
  const timeouts = new Timeouts<Item>(timer, () => assert.fail('nobody stays'))
  for (let i = 0; i < 1000; i++) {
    const it = item(i, timer.now() + 5000)
    timeouts.add(it)
    timer.pass(1)
    timeouts.remove(it)
  }
  assert.equal(timer.set.length, 1)
  timer.pass(10_000)
  assert.equal(timer.bellCount, 0)
})

test('a time beyond what a timer takes: it is set again', () => {
  const timer = new ManualTimer()
  const told: number[] = []
  const timeouts = new Timeouts<Item>(timer, ({ name }) => told.push(name))
  timeouts.add(item(1, timer.now() + 2 ** 32))
  timeouts.add(item(2, Infinity))
  assert.deepEqual(timer.set, [2 ** 31 - 1])
  timer.pass(2 ** 32 - 1)
  assert.deepEqual(told, [])
  timer.pass(1)
  assert.deepEqual(told, [1])
})

test('stopped, it rings no more', () => {
  const timer = new ManualTimer()
  const timeouts = new Timeouts<Item>(timer, () => assert.fail('it rang'))
  timeouts.add(item(1, timer.now() + 10))
  timeouts.stop()
  assert.equal(timer.bellCount, 0)
  timer.pass(100)
})
