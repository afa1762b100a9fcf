import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Watches, type Watcher } from '../../../src/models/watches.js'

const HASHES: readonly [number, number][] = [
  [0, 0],
  [0, -1],
  [-1, 0],
  [1, 23],
  [12, 3],
  [0x7fff_ffff, -0x8000_0000],
]

const hash = fc.nat(HASHES.length - 1)
const who = fc.nat(3)
const step = fc.oneof(
  fc.record({ what: fc.constantFrom('add', 'add', 'remove'), hash, who }),
  fc.record({ what: fc.constantFrom('touch', 'clean'), hash, who }),
  fc.record({ what: fc.constant('touchAll'), hash, who }),
)

test('who watches a key is told when it is touched, and nobody else', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const watches = new Watches()
      const watchers: Watcher[] = Array.from({ length: 4 }, () => ({ dirty: false }))
      const expected = [false, false, false, false]
      const watched = new Set<string>()
      for (const { what, hash, who } of steps) {
        const [hi, lo] = HASHES[hash]!
        const touches = (h: number) => {
          for (let w = 0; w < 4; w++) if (watched.has(`${h} ${w}`)) expected[w] = true
        }
        if (what === 'add') {
          watches.add(hi, lo, watchers[who]!)
          watched.add(`${hash} ${who}`)
        } else if (what === 'remove') {
          watches.remove(hi, lo, watchers[who]!)
          watched.delete(`${hash} ${who}`)
        } else if (what === 'touch') {
          watches.touch(hi, lo)
          touches(hash)
        } else if (what === 'touchAll') {
          // All keys but this one are there.
          watches.touchAll((h, l) => h !== hi || l !== lo)
          for (let h = 0; h < HASHES.length; h++) if (h !== hash) touches(h)
        } else {
          watchers[who]!.dirty = false
          expected[who] = false
        }
        assert.deepEqual(
          watchers.map((it) => it.dirty),
          expected,
        )
        assert.equal(watches.isEmpty, watched.size === 0)
      }
    }),
    { numRuns: 500 },
  )
})

test('a key watched twice by one is watched once', () => {
  const watches = new Watches()
  const watcher = { dirty: false }
  watches.add(1, 2, watcher)
  watches.add(1, 2, watcher)
  watches.remove(1, 2, watcher)
  assert.ok(watches.isEmpty)
  watches.touch(1, 2)
  assert.equal(watcher.dirty, false)
})
