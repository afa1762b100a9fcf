import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Waiters } from '../../../../src/commands/blocking/waiters.js'

const KEYS = ['a', 'b', 'c', '\u00ff\u0000']

function note(waiters: Waiters<number>, key: string): void {
  const bytes = Buffer.from(`<${key}>`, 'latin1')
  waiters.note(bytes, 1, bytes.length - 1)
}

test('those who wait for a key are met in the order in which they came, also while some leave', () => {
  const waiters = new Waiters<number>()
  for (const [waiter, keys] of [
    [1, ['a']],
    [2, ['b', 'a']],
    [3, ['a', 'a']],
    [4, ['a']],
  ] as const) {
    waiters.add(waiter, keys)
  }
  const met: number[] = []
  for (const waiter of waiters.of('a')) {
    met.push(waiter)
    waiters.remove(waiter, KEYS)
    if (waiter === 1) waiters.remove(3, ['a'])
  }
  assert.deepEqual(met, [1, 2, 4])
  assert.deepEqual([...waiters.of('a')], [])
  assert.deepEqual([...waiters.of('b')], [], 'who is served by one key waits for no other')
  assert.equal(waiters.keyCount, 0)
})

test('keys are ready in the order in which they got something, each once, and only where somebody waits', () => {
  const waiters = new Waiters<number>()
  note(waiters, 'a')
  assert.equal(waiters.isReady, false)
  waiters.add(1, ['a', 'b'])
  waiters.add(2, ['\u00ff\u0000'])
  for (const key of ['b', 'c', '\u00ff\u0000', 'a', 'b']) note(waiters, key)
  assert.equal(waiters.isReady, true)
  assert.equal(waiters.take(), 'b')
  note(waiters, 'b')
  assert.equal(waiters.take(), '\u00ff\u0000')
  assert.equal(waiters.take(), 'a')
  assert.equal(waiters.isReady, true)
  assert.equal(waiters.take(), 'b')
  assert.equal(waiters.isReady, false)
  assert.equal(waiters.take(), undefined)
  waiters.noteAll()
  assert.deepEqual(
    [waiters.take(), waiters.take(), waiters.take(), waiters.take()],
    ['a', 'b', '\u00ff\u0000', undefined],
  )
})

test('as a plain list of who waits for what', () => {
  const who = fc.nat(5)
  const keys = fc.subarray(KEYS)
  const step = fc.oneof(
    fc.record({ what: fc.constant('add' as const), who, keys }),
    fc.record({ what: fc.constant('remove' as const), who, keys }),
    fc.record({ what: fc.constant('note' as const), who, keys }),
    fc.record({ what: fc.constant('take' as const), who, keys }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const waiters = new Waiters<number>()
      let places: [key: string, who: number][] = []
      let ready: string[] = []
      const has = (key: string, waiter: number): boolean => places.some(([k, w]) => k === key && w === waiter)
      for (const { what, who, keys } of steps) {
        if (what === 'add') {
          waiters.add(who, keys)
          for (const key of keys) if (!has(key, who)) places.push([key, who])
        } else if (what === 'remove') {
          waiters.remove(who, keys)
          places = places.filter(([key, waiter]) => waiter !== who || !keys.includes(key))
        } else if (what === 'note') {
          for (const key of keys) {
            note(waiters, key)
            if (places.some(([k]) => k === key) && !ready.includes(key)) ready.push(key)
          }
        } else {
          assert.equal(waiters.take(), ready[0])
          ready = ready.slice(1)
        }
        assert.equal(waiters.isReady, ready.length > 0)
        assert.equal(waiters.keyCount, new Set(places.map(([key]) => key)).size)
        for (const key of KEYS) {
          const expected = places.filter(([k]) => k === key).map(([, waiter]) => waiter)
          assert.deepEqual([...waiters.of(key)], expected)
        }
      }
    }),
  )
})
