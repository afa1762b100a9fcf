import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HashTable, SLOT_WORDS } from '../../segments/hash-table.js'

/** What every table keeps to: sorted, no entry before its home nor behind a gap, an empty slot at the end. */
function assertSound(table: HashTable): void {
  const { slots } = table
  let found = 0
  let lastLo = 0
  for (let at = 0; at < slots.length; at += SLOT_WORDS) {
    if (slots[at + 2] === 0) continue
    found++
    const lo = slots[at + 1]! >>> 0
    assert.ok(lo >= lastLo, 'sorted by the low word')
    lastLo = lo
    const home = table.home(lo)
    assert.ok(home <= at, 'not before its home')
    for (let before = home; before < at; before += SLOT_WORDS) assert.notEqual(slots[before + 2], 0, 'not behind a gap')
  }
  assert.equal(found, table.count)
  assert.equal(slots[slots.length - SLOT_WORDS + 2], 0, 'the last slot is empty')
}

test('stays sound while crowded entries and others come and go in any proportion', () => {
  for (const crowdLo of [-1, -0x1000_0000, 0]) {
    for (let crowd = 1; crowd < 60; crowd += 1) {
      const table = new HashTable(0)
      for (let i = 0; i < crowd; i++) table.add(i, crowdLo, 1, i)
      for (let i = 0; i < 120; i++) {
        table.add(i, i << 24, 1, i)
        assertSound(table)
      }
      // The others go, so that a crowd of any size meets every smaller table that it may just fit into.
      for (let i = 119; i >= 0; i--) {
        const at = table.find(i, i << 24)
        assert.ok(at >= 0)
        table.removeAt(at)
        assertSound(table)
      }
      for (let i = 0; i < crowd; i++) {
        const at = table.find(i, crowdLo)
        assert.equal(table.slots[at + 3], i)
        assert.equal(table.find(i + crowd, crowdLo), -1)
      }
    }
  }
})

test('a removed entry leaves nothing behind: a table that was full is as good as new', () => {
  const table = new HashTable(0.5)
  const fresh = table.slots.length
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5000; i++) table.add(i, Math.imul(i, 0x9e37_79b1), 1, i)
    assertSound(table)
    for (let i = 0; i < 5000; i++) {
      const at = table.find(i, Math.imul(i, 0x9e37_79b1))
      assert.equal(table.slots[at + 3], i)
      table.removeAt(at)
    }
    assertSound(table)
    assert.equal(table.slots.length, fresh)
  }
})

test('clear empties and shrinks', () => {
  const table = new HashTable(0.25)
  const fresh = table.slots.length
  for (let i = 0; i < 1000; i++) table.add(1, i << 22, 1, i)
  assert.ok(table.slots.length > fresh)
  table.clear()
  assert.equal(table.slots.length, fresh)
  assert.equal(table.find(1, 5 << 22), -1)
  assertSound(table)
})
