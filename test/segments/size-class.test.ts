import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS_SIZES, SIZE_CLASS_BITS, sizeClassOf } from '../../segments/size-class.js'

test('small sizes are exact, all others right to a sixteenth, up to the largest record', () => {
  for (let size = 16; size < 128; size += 8) assert.equal(CLASS_SIZES[sizeClassOf(size)], size)
  let last = 0
  for (let size = 128; size < 2 ** 32; size = Math.ceil((size * 1.013) / 8) * 8) {
    const sizeClass = sizeClassOf(size)
    assert.ok(sizeClass >= last && sizeClass < 1 << SIZE_CLASS_BITS, String(size))
    assert.ok(Math.abs(CLASS_SIZES[sizeClass]! / size - 1) <= 1 / 16, `${size} counts as ${CLASS_SIZES[sizeClass]!}`)
    last = sizeClass
  }
})
