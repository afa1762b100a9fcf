import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { COPY_BY_LOOP_MAX, copyBytes, sameBytes } from '../../segments/bytes.js'

const sizes = fc.oneof(
  fc.nat(40),
  fc.constantFrom(COPY_BY_LOOP_MAX - 1, COPY_BY_LOOP_MAX, COPY_BY_LOOP_MAX + 1, 128, 129, 1000),
)

test('bytes are copied by loop and by the runtime alike, and nothing beside them', () => {
  fc.assert(
    fc.property(sizes, fc.nat(9), fc.nat(9), (size, start, at) => {
      const from = Buffer.from(Array.from({ length: size + 20 }, (_, i) => (i * 7 + 1) & 0xff))
      const to = Buffer.alloc(size + 20, 0xee)
      const expected = Buffer.alloc(size + 20, 0xee)
      from.copy(expected, at, start, start + size)
      copyBytes(from, start, start + size, to, at)
      assert.deepEqual(to, expected)
    }),
  )
})

test('bytes are the same only when each of them is', () => {
  fc.assert(
    fc.property(sizes, fc.nat(9), fc.nat(9), fc.nat(), (size, aStart, bStart, where) => {
      const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 13 + 5) & 0xff))
      const a = Buffer.concat([Buffer.alloc(aStart, 1), bytes, Buffer.alloc(4, 1)])
      const b = Buffer.concat([Buffer.alloc(bStart, 2), bytes, Buffer.alloc(4, 2)])
      assert.ok(sameBytes(a, aStart, b, bStart, size))
      if (size === 0) return
      b[bStart + (where % size)]! ^= 0x10
      assert.equal(sameBytes(a, aStart, b, bStart, size), false)
    }),
  )
})
