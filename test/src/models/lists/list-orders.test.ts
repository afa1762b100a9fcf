import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ItemSequence } from '../../../../src/models/lists/item-sequence.js'
import { insertionsLeft, orderBetween, renumber } from '../../../../src/models/lists/list-orders.js'
import { Random } from '../../../helpers/random.js'

test('between two numbers there is one that is neither, until none is left', () => {
  assert.equal(orderBetween(1, 2), 1.5)
  assert.equal(orderBetween(-3, 3), 0)
  assert.ok(Object.is(orderBetween(-3, 3), 0), 'not -0, which other bytes stand for')
  let low = 1_000_000_007
  let count = 0
  for (; !Number.isNaN(orderBetween(low, 1_000_000_008)); count++) low = orderBetween(low, 1_000_000_008)
  assert.equal(count, 23)
  assert.ok(Number.isNaN(orderBetween(5, 5)))
})

/** Orders alone, as a list has them; it is treated as one is whose log ends at `endOffset`. */
class Orders {
  readonly items = new ItemSequence()
  endOffset: number
  rewritten = 0

  constructor(endOffset: number) {
    this.endOffset = endOffset
  }

  get all(): number[] {
    return [...this.items.chunks].flatMap(({ orders, first, end }) => [...orders.subarray(first, end)])
  }

  push(side: 'left' | 'right'): void {
    const offset = this.endOffset++
    if (side === 'right') this.items.pushRight(offset, 0, 0, 0)
    else this.items.pushLeft(-offset, 0, 0, 0)
  }

  /** In front of the item with this index. Returns whether others had to make room. */
  insert(index: number): boolean {
    const { items } = this
    items.seek(index - 1)
    const low = items.order
    items.seek(index)
    const order = orderBetween(low, items.order)
    if (!Number.isNaN(order)) {
      this.endOffset++
      items.insert(order, 0, 0, 0)
      return false
    }
    const { first, end, orders } = renumber(items, index, this.endOffset)
    assert.ok(first <= index && index <= end && orders.length === end - first + 1)
    for (let i = first; i < end; i++) {
      items.seek(first)
      items.remove()
    }
    for (const it of orders) {
      assert.ok(Math.floor(Math.abs(it)) <= this.endOffset, 'an order is above the offset of its record')
      assert.ok(!items.find(it), `${it} is there already`)
      items.insert(it, 0, 0, 0)
    }
    this.rewritten += end - first
    this.endOffset += 2 * (end - first) + 1
    return true
  }

  check(count: number): void {
    const { all } = this
    assert.equal(all.length, count)
    all.forEach((order, i) => {
      assert.ok(i === 0 || order > all[i - 1]!, `items ${i - 1} and ${i}`)
      assert.ok(Math.abs(order) < this.endOffset)
    })
  }
}

for (const [name, indexOf] of Object.entries<(count: number, random: Random) => number>({
  'always behind the first item': () => 1,
  'always in front of the last item': (count) => count - 1,
  'always at the same place': () => 50,
  anywhere: (count, random) => 1 + random.below(count - 1),
  'at few places': (count, random) => Math.min(count - 1, random.pick([3, 40, 41, 90])),
})) {
  for (const offset of [200, 1e9, 2 ** 40]) {
    test(`insertions ${name} find room and cost little: log end ${offset}`, () => {
      const random = new Random(1)
      const orders = new Orders(offset)
      for (let i = 0; i < 100; i++) orders.push(i % 3 === 0 ? 'left' : 'right')
      const inserted = 5000
      for (let i = 0; i < inserted; i++) orders.insert(indexOf(orders.items.count, random))
      orders.check(100 + inserted)
      // Were the whole list written anew whenever room is out at one place, it would be hundreds.
      assert.ok(orders.rewritten < inserted * 12, `${orders.rewritten} rewritten`)
      for (let i = 0; i < 10; i++) orders.push(i % 2 === 0 ? 'left' : 'right')
      orders.check(110 + inserted)
    })
  }
}

test('two items that are all there is make room at either end', () => {
  const orders = new Orders(1)
  orders.push('right')
  orders.push('right')
  for (let i = 0; i < 500; i++) orders.insert(1)
  orders.check(502)
})

test('so many insertions are left as are told: what comes next may be pushed, removed or inserted at the worst place', () => {
  for (const offset of [10, 1e6, 1e9, 2 ** 40]) {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed)
      const orders = new Orders(offset)
      for (let i = 0; i < 20; i++) orders.push(random.pick(['left', 'right'] as const))
      for (let i = 0; i < 60; i++) orders.insert(1 + random.below(random.pick([2, 18])))
      const left = insertionsLeft(orders.items, orders.endOffset)
      const place = random.below(orders.items.count - 2)
      for (let i = 0; i < left; i++) {
        if (random.chance(0.3)) orders.push(random.pick(['left', 'right'] as const))
        assert.ok(!orders.insert(random.chance(0.8) ? 1 + place : 1), `insertion ${i} of ${left}`)
      }
    }
  }
  const fresh = new Orders(1e6)
  fresh.push('right')
  fresh.push('right')
  assert.ok(insertionsLeft(fresh.items, fresh.endOffset) > 20)
})
