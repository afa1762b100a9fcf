import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HashIndex } from '../../segments/hash-index.js'

interface Entry {
  hi: number
  lo: number
  segment: number
  position: number
  tag: number
}

/** A small generator of 32-bit numbers (xorshift), so that long runs repeat. */
function randomOf(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  }
}

const fraction = (random: () => number): number => (random() >>> 0) / 0x1_0000_0000
const below = (random: () => number, limit: number): number => Math.floor(fraction(random) * limit)
const textOf = (entry: Entry): string => [entry.hi, entry.lo, entry.segment, entry.position, entry.tag].join()

/** All entries with a hash, as the index has them. */
function entriesAt(index: HashIndex, hi: number, lo: number): Entry[] {
  const found: Entry[] = []
  for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) found.push(standsOn(index))
  return found
}

function standsOn(index: HashIndex): Entry {
  return { hi: index.hi, lo: index.lo, segment: index.segment, position: index.position, tag: index.tag }
}

function scanAll(index: HashIndex, count: number): Entry[] {
  const found: Entry[] = []
  let cursor = 0
  do {
    cursor = index.scan(cursor, count, (hi, lo, segment, position, tag) =>
      found.push({ hi, lo, segment, position, tag }),
    )
    assert.ok(Number.isSafeInteger(cursor))
  } while (cursor !== 0)
  return found
}

/** Slow and plain: what the index should hold. */
class Model {
  readonly entries = new Map<string, Entry[]>()
  count = 0

  at(hi: number, lo: number): Entry[] {
    return this.entries.get(`${hi},${lo}`) ?? []
  }

  add(entry: Entry): void {
    this.entries.set(`${entry.hi},${entry.lo}`, [...this.at(entry.hi, entry.lo), entry])
    this.count++
  }

  remove(entry: Entry): void {
    const left = this.at(entry.hi, entry.lo)
    const which = left.findIndex((other) => textOf(other) === textOf(entry))
    assert.ok(which >= 0, 'the entry is known')
    this.entries.set(
      `${entry.hi},${entry.lo}`,
      left.filter((_, i) => i !== which),
    )
    this.count--
  }

  all(): Entry[] {
    return [...this.entries.values()].flat()
  }
}

const sorted = (entries: readonly Entry[]): string[] => entries.map(textOf).sort()

function assertSame(index: HashIndex, model: Model): void {
  assert.equal(index.count, model.count)
  assert.deepEqual(sorted(scanAll(index, 7)), sorted(model.all()))
  for (const [hash, entries] of model.entries) {
    const [hi, lo] = hash.split(',').map(Number)
    assert.deepEqual(sorted(entriesAt(index, hi!, lo!)), sorted(entries))
  }
}

// Hash words that crowd: at both ends and in the middle of a table, next to each other and equal.
const word = fc.oneof(
  fc.constantFrom(0, 1, 2, -1, -2, -3, 0x7fff_ffff, -0x8000_0000),
  fc.integer({ min: 1000, max: 1010 }),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
)
const place = fc.record({
  segment: fc.oneof(fc.constantFrom(0, 2 ** 20 - 2), fc.nat(2 ** 20 - 2)),
  position: fc.oneof(fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1), fc.nat(2 ** 32 - 1)),
  tag: fc.oneof(fc.constantFrom(0, 2047), fc.nat(2047)),
})
const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('insert' as const), hi: word, lo: word, place, times: fc.nat(20) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat(), times: fc.nat(25) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('update' as const), pick: fc.nat(), place }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('move' as const), pick: fc.nat(), place, stale: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('miss' as const), hi: word, lo: word }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), really: fc.integer({ min: 0, max: 9 }) }) },
)

/** Stands on exactly this entry. */
function seekEntry(index: HashIndex, entry: Entry): void {
  for (let ok = index.seek(entry.hi, entry.lo); ok; ok = index.seekNext()) {
    if (textOf(standsOn(index)) === textOf(entry)) return
  }
  assert.fail(`no ${textOf(entry)}`)
}

test('agrees with a plain model under any operations', () => {
  fc.assert(
    fc.property(fc.nat(3), fc.array(operation, { maxLength: 60 }), (tableBits, operations) => {
      const index = new HashIndex({ tableBits })
      const model = new Model()
      for (const op of operations) {
        const all = model.all()
        if (op.kind === 'insert') {
          for (let i = 0; i <= op.times; i++) {
            // Every other repetition has the same hash.
            const entry: Entry = { hi: op.hi, lo: (op.lo + (i >> 1)) | 0, ...op.place }
            index.insert(entry.hi, entry.lo, entry.segment, entry.position, entry.tag)
            assert.deepEqual(standsOn(index), entry, 'stands on what was inserted')
            model.add(entry)
          }
        } else if (op.kind === 'remove') {
          for (let i = 0; i <= op.times && model.count > 0; i++) {
            const left = model.all()
            const entry: Entry = left[op.pick % left.length]!
            seekEntry(index, entry)
            index.remove()
            model.remove(entry)
          }
        } else if (op.kind === 'update' && all.length > 0) {
          const entry = all[op.pick % all.length]!
          seekEntry(index, entry)
          index.update(op.place.segment, op.place.position, op.place.tag)
          model.remove(entry)
          model.add({ ...entry, ...op.place })
        } else if (op.kind === 'move' && all.length > 0) {
          const entry = all[op.pick % all.length]!
          const { segment, position } = op.place
          const known = model.at(entry.hi, entry.lo)
          if (!op.stale) {
            const candidates = known.filter(
              (other) => other.segment === entry.segment && other.position === entry.position,
            )
            assert.equal(index.replacePlace(entry.hi, entry.lo, entry.segment, entry.position, segment, position), true)
            const moved = candidates.find((other) => other.tag === index.tag)
            assert.ok(moved, 'the tag stays')
            model.remove(moved)
            model.add({ ...moved, segment, position })
            assert.deepEqual(standsOn(index), { ...moved, segment, position })
          } else if (!known.some((other) => other.segment === segment && other.position === position)) {
            assert.equal(index.replacePlace(entry.hi, entry.lo, segment, position, 1, 1), false)
          }
        } else if (op.kind === 'miss') {
          assert.equal(index.seek(op.hi, op.lo), model.at(op.hi, op.lo).length > 0)
        } else if (op.kind === 'clear' && op.really === 0) {
          index.clear()
          model.entries.clear()
          model.count = 0
        }
        assert.equal(index.count, model.count)
      }
      assertSame(index, model)
    }),
    { numRuns: 300 },
  )
})

test('grows and shrinks through many sizes with random hashes', () => {
  for (const tableBits of [0, 2, 10]) {
    const random = randomOf(99 + tableBits)
    const index = new HashIndex({ tableBits })
    const emptySize = index.byteSize
    const live: Entry[] = []
    for (let round = 0; round < 12; round++) {
      // Up to some thousands, down to almost none.
      const target = round % 2 === 0 ? 500 + below(random, 8000) : below(random, 200)
      while (live.length < target) {
        const entry = {
          hi: random(),
          lo: random(),
          segment: live.length,
          position: random() >>> 0,
          tag: below(random, 2048),
        }
        index.insert(entry.hi, entry.lo, entry.segment, entry.position, entry.tag)
        live.push(entry)
        if (fraction(random) < 0.3) removeOne(index, live, below(random, live.length))
      }
      while (live.length > target) removeOne(index, live, below(random, live.length))
      assert.equal(index.count, live.length)
      for (const entry of live) assert.deepEqual(entriesAt(index, entry.hi, entry.lo), [entry])
      for (let i = 0; i < 1000; i++) assert.equal(index.seek(random(), random()), false)
      assert.deepEqual(sorted(scanAll(index, 100)), sorted(live))
    }
    while (live.length > 0) removeOne(index, live, live.length - 1)
    assert.equal(index.byteSize, emptySize, 'an emptied index is as small as a new one')
  }
})

function removeOne(index: HashIndex, live: Entry[], which: number): void {
  const entry = live[which]!
  seekEntry(index, entry)
  index.remove()
  live[which] = live.at(-1)!
  live.pop()
}

test('different keys with the same 64-bit hash stay apart, also at both ends of a table', () => {
  for (const lo of [0, -1, 5, -0x8000_0000]) {
    const index = new HashIndex({ tableBits: 1 })
    for (let i = 0; i < 500; i++) {
      index.insert(7, lo, i, i * 8_000_000, i)
      index.insert(8, lo, i, i, 0)
    }
    const found = entriesAt(index, 7, lo)
    assert.deepEqual(
      found.map((entry) => [entry.hi, entry.segment, entry.position, entry.tag]),
      Array.from({ length: 500 }, (_, i) => [7, i, i * 8_000_000, i]),
      'in the order in which they came',
    )
    assert.equal(index.replacePlace(7, lo, 250, 250 * 8_000_000, 9000, 1), true)
    assert.equal(index.replacePlace(7, lo, 250, 250 * 8_000_000, 9001, 1), false, 'it has moved already')
    assert.equal(index.replacePlace(8, lo, 250, 250 * 8_000_000, 9001, 1), false, 'not that hash')
    assert.equal(entriesAt(index, 7, lo)[250]!.tag, 250)
    for (let left = 500; left > 0; left--) {
      assert.equal(entriesAt(index, 7, lo).length, left)
      assert.ok(index.seek(7, lo))
      index.remove()
    }
    assert.equal(index.seek(7, lo), false)
    assert.equal(entriesAt(index, 8, lo).length, 500)
    assert.equal(index.count, 500)
  }
})

test('an entry holds the largest segment, position and tag', () => {
  const index = new HashIndex()
  index.insert(-1, -1, 2 ** 20 - 1, 2 ** 32 - 1, 2047)
  assert.deepEqual(entriesAt(index, -1, -1), [
    { hi: -1, lo: -1, segment: 2 ** 20 - 1, position: 2 ** 32 - 1, tag: 2047 },
  ])
  index.insert(0, 0, 0, 0, 0)
  assert.deepEqual(entriesAt(index, 0, 0), [{ hi: 0, lo: 0, segment: 0, position: 0, tag: 0 }])
})

test('at most 32 bytes an entry at any count from 100,000 on, growing and shrinking', () => {
  const random = randomOf(4)
  const index = new HashIndex()
  assert.ok(index.byteSize < 1_000_000, `${index.byteSize} bytes when empty`)
  const words = new Int32Array(2_400_000)
  for (let i = 0; i < words.length; i++) words[i] = random()
  let worst = 0
  const check = (): void => {
    if (index.count >= 100_000) worst = Math.max(worst, index.byteSize / index.count)
  }
  for (let at = 0; at < words.length; at += 2) {
    index.insert(words[at]!, words[at + 1]!, 1, at, 0)
    if (index.count % 1000 === 0) check()
  }
  assert.ok(worst <= 32, `${worst} bytes an entry while growing`)
  worst = 0
  for (let at = 0; at < words.length; at += 2) {
    assert.ok(index.seek(words[at]!, words[at + 1]!))
    index.remove()
    if (index.count % 1000 === 0) check()
  }
  assert.ok(worst > 0 && worst <= 32, `${worst} bytes an entry while shrinking`)
  assert.equal(index.count, 0)
})

test('one insert lets one small table grow, not all', () => {
  const random = randomOf(5)
  const index = new HashIndex()
  for (let i = 0; i < 300_000; i++) index.insert(random(), random(), 0, 0, 0)
  let before = index.byteSize
  for (let i = 0; i < 10_000; i++) {
    index.insert(random(), random(), 0, 0, 0)
    const size = index.byteSize
    // A quarter of one of 128 tables.
    assert.ok(size - before < size / 300, `${size - before} bytes at once`)
    before = size
  }
})

test('tables grow at different counts, so memory rises evenly', () => {
  const random = randomOf(6)
  // Few tables of equal counts: nothing but their own design keeps them from growing at once.
  const index = new HashIndex({ tableBits: 4 })
  const bytes: number[] = []
  while (index.count < 200_000) {
    index.insert(random(), random(), 0, 0, 0)
    if (index.count > 100_000 && index.count % 1000 === 0) bytes.push(index.byteSize / index.count)
  }
  const spread = Math.max(...bytes) / Math.min(...bytes)
  assert.ok(spread < 1.06, `most is ${spread} times least`)
})

test('a scan visits in the order of hashes, those with the same hash in one call', () => {
  const random = randomOf(11)
  const index = new HashIndex({ tableBits: 2 })
  for (let i = 0; i < 2000; i++) {
    const hi = random()
    const lo = i % 3 === 0 ? 0x4000_0000 : random()
    const same = i % 50 === 0 ? 40 : 1
    for (let n = 0; n < same; n++) index.insert(hi, lo, n, i, 0)
  }
  for (const count of [1, 2, 10, 1000, 1e9]) {
    const calls = new Map<string, number>()
    let lastPlace = -1
    let cursor = 0
    let visited = 0
    let call = 0
    do {
      cursor = index.scan(cursor, count, (hi, lo) => {
        const place = (hi >>> 30) * 2 ** 32 + (lo >>> 0)
        assert.ok(place >= lastPlace, 'in order')
        lastPlace = place
        assert.equal(calls.get(`${hi},${lo}`) ?? call, call, 'same hash, same call')
        calls.set(`${hi},${lo}`, call)
        visited++
      })
      call++
    } while (cursor !== 0)
    assert.equal(visited, index.count)
    if (count === 1e9) assert.equal(call, 1)
    if (count <= 10) assert.ok(call > 1000 / count)
  }
})

test("a scan's call is bounded in a nearly empty index too", () => {
  const index = new HashIndex({ tableBits: 16 })
  for (let i = 0; i < 1024; i++) index.insert(i << 22, i << 22, 0, i, 0)
  // 1024 tables with one entry each and 64,512 without: about 98,000 slots and tables to look at.
  let calls = 0
  let visited = 0
  let cursor = 0
  do {
    cursor = index.scan(cursor, 100, () => visited++)
    calls++
  } while (cursor !== 0)
  assert.equal(visited, 1024)
  assert.ok(calls >= 16 && calls < 100, `${calls} calls`)
  // No entries at all: over in a call.
  assert.equal(
    new HashIndex().scan(0, 10, () => assert.fail()),
    0,
  )
})

test('a scan gets past a crowd that is larger than what one call looks at', () => {
  const index = new HashIndex({ tableBits: 0 })
  const crowd = 6000
  for (let i = 0; i < crowd; i++) index.insert(i % 2, 5, 0, i, 0)
  for (let lo = 6; lo < 16; lo++) index.insert(1, lo, 0, crowd + lo, 0)
  const seen = new Set<number>()
  let cursor = 0
  for (let calls = 1; ; calls++) {
    cursor = index.scan(cursor, 1, (_hi, _lo, _segment, position) => seen.add(position))
    if (cursor === 0) break
    assert.ok(calls < 20, `no end after ${calls} calls, at ${cursor}`)
  }
  assert.equal(seen.size, crowd + 10)
})

test('any number is a harmless cursor and a harmless count', () => {
  const index = new HashIndex({ tableBits: 1 })
  for (let i = 0; i < 100; i++) index.insert(i << 25, i << 25, 0, i, 0)
  const past = [2 * 2 ** 32, 2 ** 53 - 1, 1e300, Infinity, NaN, -1, -(2 ** 53), -0.5]
  for (const cursor of past)
    assert.equal(
      index.scan(cursor, 10, () => assert.fail()),
      0,
    )
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.maxSafeInteger(), fc.nat(2 ** 33)), fc.double(), (cursor, count) => {
      const seen = new Set<number>()
      let next = cursor
      do {
        const after = index.scan(next, count, (_hi, _lo, _segment, position) => {
          assert.ok(!seen.has(position))
          seen.add(position)
        })
        assert.ok(after === 0 || after > next, 'goes on')
        next = after
      } while (next !== 0)
    }),
  )
  for (const count of [0, -5, NaN]) assert.equal(scanAll(index, count).length, 100)
})

test('a scan returns once whatever stays, while the index changes, and compaction moves records, between calls', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.nat(3),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      (seed, tableBits, count, clustered) => {
        const random = randomOf(seed)
        const index = new HashIndex({ tableBits })
        let next = 0
        const add = (): Entry => {
          const lo = clustered ? below(random, 60) * 0x0444_4444 - below(random, 3) : random()
          const entry = { hi: below(random, 16) << 28, lo: lo | 0, segment: 0, position: next++, tag: 0 }
          index.insert(entry.hi, entry.lo, entry.segment, entry.position, entry.tag)
          return entry
        }
        // Entries by position, which no two share.
        const stay = Array.from({ length: 150 }, add)
        const come = Array.from({ length: below(random, 600) }, add)
        const present = new Map([...stay, ...come].map((entry) => [entry.position, entry]))
        const seen = new Set<number>()
        let cursor = 0
        do {
          cursor = index.scan(cursor, count, (hi, lo, segment, position, tag) => {
            assert.deepEqual({ hi, lo, segment, position, tag }, present.get(position))
            assert.ok(!seen.has(position), 'once')
            seen.add(position)
          })
          // Compaction moves some of those that stay: also ones that this walk has still before it, or has just left.
          for (let i = below(random, 20); i > 0; i--) {
            const entry = stay[below(random, stay.length)]!
            const { hi, lo, segment, position } = entry
            const moved = { ...entry, segment: segment + 1 }
            assert.ok(index.replacePlace(hi, lo, segment, position, moved.segment, position))
            assert.ok(!index.replacePlace(hi, lo, segment, position, moved.segment, position), 'its place has changed')
            stay[stay.indexOf(entry)] = moved
            present.set(position, moved)
          }
          // Sometimes a few, sometimes so many that tables grow or shrink.
          const change = below(random, 10) === 0 ? 400 : below(random, 8)
          const grows = fraction(random) < 0.5 && next < 5000
          for (let i = 0; i < change; i++) {
            if (grows) {
              const entry = add()
              come.push(entry)
              present.set(entry.position, entry)
            } else if (come.length > 0) {
              const which = below(random, come.length)
              present.delete(come[which]!.position)
              removeOne(index, come, which)
            }
          }
        } while (cursor !== 0)
        for (const entry of stay) assert.ok(seen.has(entry.position))
      },
    ),
    { numRuns: 150 },
  )
})

test('a random entry is any of them, equally often', () => {
  // Small tables of unequal size, and one large table with its entries crowded in places.
  for (const [tableBits, count] of [
    [6, 90],
    [0, 700],
    [10, 3],
  ] as const) {
    const random = randomOf(17)
    const index = new HashIndex({ tableBits })
    assert.equal(index.seekRandom(0.5, 0.5), false)
    for (let i = 0; i < count; i++)
      index.insert(random() & (i % 2 === 0 ? -1 : 0x0fff_ffff), random() >> (i % 5), 0, i, 0)
    const found = new Uint32Array(count)
    const draws = count * 200
    for (let i = 0; i < draws; i++) {
      assert.equal(index.seekRandom(fraction(random), fraction(random)), true)
      found[index.position]!++
    }
    let chiSquare = 0
    for (const times of found) chiSquare += (times - 200) ** 2 / 200
    const freedom = count - 1
    assert.ok(chiSquare < freedom + 6 * Math.sqrt(2 * freedom), `${count} entries: chi square ${chiSquare}`)
    // The ends of the range are allowed.
    for (const end of [0, 1 - Number.EPSILON / 2]) assert.equal(index.seekRandom(end, end), true)
    index.seekRandom(0.3, 0.3)
    index.remove()
    assert.equal(index.count, count - 1)
  }
})

test('stands nowhere after what found nothing', () => {
  const index = new HashIndex({ tableBits: 0 })
  assert.equal(index.seekNext(), false)
  index.insert(1, 1, 1, 1, 1)
  assert.equal(index.seek(2, 1), false)
  assert.equal(index.seekNext(), false)
  index.insert(1, 1, 2, 2, 2)
  assert.equal(index.seek(1, 1), true)
  index.remove()
  assert.equal(index.seekNext(), false, 'also where the hash has more entries')
  assert.equal(index.seek(1, 1), true)
  index.clear()
  assert.equal(index.seekNext(), false)
  assert.equal(index.count, 0)
  assert.equal(index.seek(1, 1), false)
})

test('refuses a count of tables that makes no sense', () => {
  for (const tableBits of [-1, 17, 1.5, NaN]) assert.throws(() => new HashIndex({ tableBits }), RangeError)
})

test('touch tells where the first entry of each hash points, and changes nothing', () => {
  const index = new HashIndex({ tableBits: 2 })
  for (let i = 1; i <= 100; i++) index.insert(i << 25, i, i, i * 8, i)
  index.insert(5 << 25, 5, 999, 8, 1)
  assert.ok(index.seek(7 << 25, 7))
  const hashes = [5, 101, 100, 1]
  const segments = new Int32Array(5).fill(77)
  const positions = new Uint32Array(5).fill(77)
  index.touch(
    Int32Array.from(hashes, (i) => i << 25),
    Int32Array.from(hashes),
    4,
    segments,
    positions,
  )
  assert.deepEqual([...segments], [5, -1, 100, 1, 77])
  assert.deepEqual([...positions], [40, 0, 800, 8, 77])
  assert.deepEqual(standsOn(index), { hi: 7 << 25, lo: 7, segment: 7, position: 56, tag: 7 })
})
