import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { crc32 } from '../../segments/crc.js'

const seeds = fc.oneof(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff))

function pattern(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 167 + (i >> 3) * 31 + 11) & 0xff))
}

test('the published check value', () => {
  assert.equal(crc32(Buffer.from('123456789'), 0, 9, 0), 0xcbf4_3926)
})

test("every small size, at every alignment, from several seeds, is zlib's", () => {
  const bytes = pattern(400)
  for (const seed of [0, 1, 0x1234_5678, 0x8000_0000, 0xffff_ffff]) {
    for (let start = 0; start < 16; start++) {
      // Beyond 256 bytes the native function takes over: the change must not show.
      for (let size = 0; size <= 300; size++) {
        const expected = zlib.crc32(bytes.subarray(start, start + size), seed)
        const found = crc32(bytes, start, start + size, seed)
        if (found !== expected) assert.equal(found, expected, `${size} bytes at ${start}, seed ${seed}`)
      }
    }
  }
})

test('any bytes and seed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(20), seeds, (some, before, seed) => {
      const bytes = Buffer.concat([Buffer.alloc(before, 0xa5), some, Buffer.alloc(9, 0x5a)])
      assert.equal(crc32(bytes, before, before + some.length, seed), zlib.crc32(some, seed))
    }),
    { numRuns: 500 },
  )
})

test('what is checked in two pieces is checked as a whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), seeds, (some, where, seed) => {
      const bytes = Buffer.from(some)
      const middle = where % (bytes.length + 1)
      const first = crc32(bytes, 0, middle, seed)
      assert.equal(crc32(bytes, middle, bytes.length, first), crc32(bytes, 0, bytes.length, seed))
    }),
  )
})
