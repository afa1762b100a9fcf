import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHUNK_CAPACITY } from '../../../../src/models/lists/item-chunk.js'
import { ItemSequence } from '../../../../src/models/lists/item-sequence.js'
import { Random } from '../../../helpers/random.js'

/** An item of the naive list; its place is made of its serial number. */
interface Item {
  readonly order: number
  segment: number
  position: number
  sizeClass: number
}

/** A sequence beside an array that is treated the same way. */
class Pair {
  readonly items = new ItemSequence()
  readonly naive: Item[] = []
  #serial = 0

  #make(order: number): Item {
    const serial = this.#serial++
    return { order, segment: serial % 1000, position: serial * 8, sizeClass: serial % 256 }
  }

  pushRight(): void {
    const it = this.#make((this.naive.at(-1)?.order ?? 0) + 1)
    this.items.pushRight(it.order, it.segment, it.position, it.sizeClass)
    this.naive.push(it)
  }

  pushLeft(): void {
    const it = this.#make((this.naive[0]?.order ?? 0) - 1)
    this.items.pushLeft(it.order, it.segment, it.position, it.sizeClass)
    this.naive.unshift(it)
  }

  popLeft(): void {
    if (this.naive.shift() !== undefined) this.items.popLeft()
  }

  popRight(): void {
    if (this.naive.pop() !== undefined) this.items.popRight()
  }

  insert(index: number): void {
    const low = this.naive[index - 1]?.order ?? this.naive[index]!.order - 1
    const high = this.naive[index]?.order ?? low + 1
    const order = (low + high) / 2
    if (order === low || order === high) return
    const it = this.#make(order)
    this.items.insert(it.order, it.segment, it.position, it.sizeClass)
    this.naive.splice(index, 0, it)
  }

  remove(index: number): void {
    assert.ok(this.items.seek(index))
    this.items.remove()
    this.naive.splice(index, 1)
  }

  move(index: number): void {
    const it = this.naive[index]!
    assert.ok(this.items.find(it.order))
    const moved = this.#make(0)
    this.items.setPlace(moved.segment, moved.position, moved.sizeClass)
    Object.assign(it, { segment: moved.segment, position: moved.position, sizeClass: moved.sizeClass })
  }

  checkAt(index: number): void {
    assert.equal(this.items.seek(index), index >= 0 && index < this.naive.length, `index ${index}`)
    if (this.naive[index] !== undefined) this.#isOn(index)
  }

  #isOn(index: number): void {
    const { order, segment, position, sizeClass } = this.items
    assert.deepEqual({ order, segment, position, sizeClass }, this.naive[index], `index ${index}`)
    assert.equal(this.items.index, index)
  }

  checkAll(): void {
    const { items, naive } = this
    assert.equal(items.count, naive.length)
    for (let i = 0; i < naive.length; i++) {
      if (i === 0) items.seek(0)
      else assert.ok(items.next(), `behind ${i}`)
      this.#isOn(i)
    }
    if (naive.length > 0) assert.ok(!items.next())
    for (let i = naive.length - 1; i >= 0; i--) {
      if (i === naive.length - 1) items.seek(i)
      else assert.ok(items.previous(), `before ${i}`)
      this.#isOn(i)
    }
    if (naive.length > 0) assert.ok(!items.previous())
    for (const { order } of naive) assert.ok(items.find(order))
    const all = new Set(naive.map(({ order }) => order))
    for (const { order } of naive.slice(0, 50)) assert.equal(items.find(order + 0.125), all.has(order + 0.125))
    const orders = [...items.chunks].flatMap((chunk) => [...chunk.orders.subarray(chunk.first, chunk.end)])
    assert.deepEqual(
      orders,
      naive.map(({ order }) => order),
    )
  }
}

const WAYS = ['pushRight', 'pushLeft', 'popLeft', 'popRight', 'insert', 'remove', 'move'] as const
type Way = (typeof WAYS)[number]

for (const [name, weights] of Object.entries<Partial<Record<Way, number>>>({
  everything: { pushRight: 3, pushLeft: 3, popLeft: 1, popRight: 1, insert: 4, remove: 3, move: 2 },
  'a queue': { pushRight: 10, popLeft: 10, move: 1 },
  'a queue the other way': { pushLeft: 10, popRight: 10 },
  'a stack': { pushLeft: 10, popLeft: 9 },
  'both ends in turn': { pushLeft: 10, pushRight: 10, popLeft: 5, popRight: 5 },
  'mostly in between': { pushRight: 1, insert: 20, remove: 5 },
})) {
  test(`a sequence of items is what an array is: ${name}`, () => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = new Random(seed)
      const ways = WAYS.flatMap((way) => Array.from({ length: weights[way] ?? 0 }, () => way))
      const pair = new Pair()
      const peak = random.pick([10, 100, 3000, 6000])
      for (let round = 0; round < 3; round++) {
        // Grows, lives for a while, and shrinks to nothing.
        for (let i = 0; i < peak; i++) step(pair, random, random.chance(0.7) ? 'pushRight' : random.pick(ways))
        for (let i = 0; i < 1000; i++) step(pair, random, random.pick(ways))
        pair.checkAll()
        while (pair.naive.length > 3) {
          step(pair, random, random.pick(ways))
          step(pair, random, random.pick(['popLeft', 'popRight', 'remove'] as const))
          step(pair, random, random.pick(['popLeft', 'popRight', 'remove'] as const))
        }
        pair.checkAll()
      }
    }
  })
}

function step(pair: Pair, random: Random, way: Way): void {
  const { length } = pair.naive
  if (way === 'insert' || way === 'remove' || way === 'move') {
    if (length > 0) pair[way](random.below(length))
  } else pair[way]()
  if (random.chance(0.2)) pair.checkAt(random.below(length + 2) - 1)
}

test('memory is 17 bytes an item and a little, and is given back', () => {
  const items = new ItemSequence()
  const empty = items.byteSize
  for (let i = 0; i < 100_000; i++) items.pushRight(i, 1, i, 1)
  assert.ok(items.byteSize < 100_000 * 20, String(items.byteSize))
  // Every other one, in any order, down to nothing at last.
  for (let step = 1; step <= 1 << 17; step *= 2) {
    for (let i = items.count - 1; i >= 0; i -= 2) {
      items.seek(i)
      items.remove()
    }
    const { count } = items
    if (count > CHUNK_CAPACITY) assert.ok(items.byteSize < count * 80, `${items.byteSize} for ${count}`)
  }
  assert.equal(items.count, 0)
  assert.ok(items.byteSize <= empty)
})
