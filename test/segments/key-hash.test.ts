import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeyHasher } from '../../segments/key-hash.js'

const MASK = 0xffff_ffffn

/**
 * HalfSipHash-c-d with 8 bytes of output, written for plainness from the description of the function, in unsigned big integers:
 * the first and the second output word.
 */
function halfSipHash(c: number, d: number, key0: bigint, key1: bigint, message: Uint8Array): [bigint, bigint] {
  const v: [bigint, bigint, bigint, bigint] = [key0, key1 ^ 0xeen, key0 ^ 0x6c796765n, key1 ^ 0x74656462n]
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & MASK
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v[0] = (v[0] + v[1]) & MASK
      v[1] = rotate(v[1], 5n) ^ v[0]
      v[0] = rotate(v[0], 16n)
      v[2] = (v[2] + v[3]) & MASK
      v[3] = rotate(v[3], 8n) ^ v[2]
      v[0] = (v[0] + v[3]) & MASK
      v[3] = rotate(v[3], 7n) ^ v[0]
      v[2] = (v[2] + v[1]) & MASK
      v[1] = rotate(v[1], 13n) ^ v[2]
      v[2] = rotate(v[2], 16n)
    }
  }
  // Padded with zeroes to whole words, the last byte being the length.
  const padded = new Uint8Array(Math.floor(message.length / 4) * 4 + 4)
  padded.set(message)
  padded[padded.length - 1] = message.length & 0xff
  for (let at = 0; at < padded.length; at += 4) {
    const word = BigInt(new DataView(padded.buffer).getUint32(at, true))
    v[3] ^= word
    rounds(c)
    v[0] ^= word
  }
  v[2] ^= 0xeen
  rounds(d)
  const first = v[1] ^ v[3]
  v[1] ^= 0xddn
  rounds(d)
  return [first, v[1] ^ v[3]]
}

// vectors_hsip64 of the authors' reference implementation: HalfSipHash-2-4, key 00 01 .. 07, message 00 01 .. (length - 1).
const PUBLISHED = `
  218d1f59b9b83cc8 be552412f8387315 064f39ef7c50eb57 ce0f1a45f7060679 d5e78a175be52ea1 cb9d7c3f2f3db580 ce3e91358aa2bc25
  ff202728b07bc684 edfee820bce4858c 5b51cccc13888307 95b0469f06a6f2ee ae26333994ddcd48 7bc71f9faef5c799 5a2352d75a0c3744
  3bb1a870eae8e658 217d0bcb4e81c902 7336aad25f7bf3b5 37adc0641c4c4f6a c9b2db2b9a3e42f9 f910e48020ab363c 1bf52b0a6feea7db
  00741dc269e8b3ef e20103fa1ba776ef 4c2210e54b681d73 70741045ae3fa6f1 0c86403739714038 0d899ed8112923f0 226bf5fab81ee1b8
  2d925ffb1e0016b5 361958d52cee10f1 291aaf864898179d 863c7f155c34117c 28709d46d811626c 248477681d28f89c 8324e4d7528f9830
  f9efd4e13aea6bd8 86d67a40ec4276dc 3f6292eccca97e35 cbd92ee724d42109 368df6808d403d79 5b38c81c67c8ae4c 95ab7189d439acb3
  a91a52c025327024 5b0087c69528acea 1e30f3ad27dcb15a 697f5c9a90324ed4 495c0f995557dc38 9427202a3c29f94d a9eaa8c04ba93e3e
  eea4c1737d011218 912d568fd8f65a49 56919596b0ff5c97 02445a7998f550e1 86ec466ce71d1fb2 359569e7d289e3bc 871b05ca62bb7c96
  a1a492f942f15f1d 12ec267ff6095b6e 5d1b5ea1b231d89d d8cfb4453f92ee54 d6762890bf26e460 313563a4b7ed5cf3 f90b3ab572d46693
  2ea63c71bf326087`
  .trim()
  .split(/\s+/)

const upTo = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i)

/** First and second output word of the hasher under test, as unsigned big integers. */
function hashOf(hasher: KeyHasher, bytes: Uint8Array, start = 0, end = bytes.length): [bigint, bigint] {
  hasher.hash(bytes, start, end)
  assert.equal(hasher.hi, hasher.hi | 0, 'hi is a signed 32-bit integer')
  assert.equal(hasher.lo, hasher.lo | 0, 'lo is a signed 32-bit integer')
  return [BigInt(hasher.lo >>> 0), BigInt(hasher.hi >>> 0)]
}

test('the plain reference gives the published HalfSipHash-2-4 vectors', () => {
  assert.equal(PUBLISHED.length, 64)
  for (const [length, hex] of PUBLISHED.entries()) {
    const bytes = Buffer.alloc(8)
    const [first, second] = halfSipHash(2, 4, 0x03020100n, 0x07060504n, upTo(length))
    bytes.writeUInt32LE(Number(first), 0)
    bytes.writeUInt32LE(Number(second), 4)
    assert.equal(bytes.toString('hex'), hex, `length ${length}`)
  }
})

test('the hasher is HalfSipHash-1-3, lo being the first output word', () => {
  const hasher = new KeyHasher(0x03020100, 0x07060504)
  for (const length of [...upTo(64), 255, 256, 257, 1000, 65_537]) {
    const message = upTo(length)
    assert.deepEqual(hashOf(hasher, message), halfSipHash(1, 3, 0x03020100n, 0x07060504n, message), `length ${length}`)
  }
})

test('any seeds, bytes and place in a buffer', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -0x8000_0000, max: 0xffff_ffff }),
      fc.integer({ min: -0x8000_0000, max: 0xffff_ffff }),
      fc.uint8Array({ maxLength: 80 }),
      fc.nat(9),
      (seed0, seed1, message, before) => {
        const buffer = new Uint8Array(before + message.length + 7).fill(0xa5)
        buffer.set(message, before)
        assert.deepEqual(
          hashOf(new KeyHasher(seed0, seed1), buffer, before, before + message.length),
          halfSipHash(1, 3, BigInt(seed0 >>> 0), BigInt(seed1 >>> 0), message),
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('every bit of the key changes every bit of the hash about half the time', () => {
  const hasher = new KeyHasher(0x1234_5678, -77)
  for (const size of [3, 16]) {
    const samples = 400
    const flips = new Uint32Array(64)
    const bytes = new Uint8Array(size)
    let state = 1
    for (let bit = 0; bit < size * 8; bit++) {
      flips.fill(0)
      for (let i = 0; i < samples; i++) {
        for (let at = 0; at < size; at++) {
          state = (Math.imul(state, 1664525) + 1013904223) | 0
          bytes[at] = state >>> 24
        }
        hasher.hash(bytes, 0, size)
        const { hi, lo } = hasher
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        hasher.hash(bytes, 0, size)
        for (let out = 0; out < 32; out++) {
          flips[out]! += ((hasher.lo ^ lo) >>> out) & 1
          flips[32 + out]! += ((hasher.hi ^ hi) >>> out) & 1
        }
      }
      // 400 throws of a coin: 200, give or take 10; six times that is out of the question.
      for (const [out, count] of flips.entries()) {
        assert.ok(Math.abs(count - samples / 2) < 60, `input bit ${bit}, output bit ${out}: ${count} of ${samples}`)
      }
    }
  }
})

test('keys that differ little spread like random ones', () => {
  const hasher = new KeyHasher(1, 2)
  const count = 100_000
  const bytes = Buffer.alloc(16)
  const high = new Set<number>()
  const low = new Set<number>()
  const tables = new Uint32Array(1024)
  for (let i = 0; i < count; i++) {
    bytes.write(`key:${String(i).padStart(12, '0')}`, 'latin1')
    hasher.hash(bytes, 0, 16)
    high.add(hasher.hi)
    low.add(hasher.lo)
    tables[hasher.hi >>> 22]!++
  }
  // Expected pairs of equal 32-bit words: 100,000^2 / 2^33 = 1.2.
  assert.ok(count - high.size < 12, `${count - high.size} equal high words`)
  assert.ok(count - low.size < 12, `${count - low.size} equal low words`)
  let chiSquare = 0
  for (const found of tables) chiSquare += (found - count / 1024) ** 2 / (count / 1024)
  // 1023 degrees of freedom: mean 1023, deviation 45.
  assert.ok(chiSquare > 1023 - 270 && chiSquare < 1023 + 270, `chi square ${chiSquare}`)
})
