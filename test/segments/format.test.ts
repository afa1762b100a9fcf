import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import {
  aligned,
  ALIGNMENT,
  BATCH_HEADER_SIZE,
  BATCH_MAGIC,
  checksumSeed,
  HEADER,
  readU64,
  RECORD_FLAG,
  SEGMENT_SIZE_LIMIT,
  writeU64,
} from '../../segments/format.js'

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER)

/** Whole numbers of all magnitudes, the edges of words among them. */
const safe = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(0xffff),
  fc.tuple(fc.nat(52), fc.constantFrom(-1, 0, 1)).map(([bits, more]) => Math.max(0, 2 ** bits + more)),
)

test('a number is written as u64 and read back, at any position', () => {
  fc.assert(
    fc.property(safe, fc.nat(9), (value, at) => {
      const bytes = Buffer.alloc(20, 0xa5)
      const expected = Buffer.alloc(20, 0xa5)
      writeU64(bytes, value, at)
      expected.writeBigUInt64LE(BigInt(value), at)
      assert.deepEqual(bytes, expected)
      assert.equal(readU64(bytes, at), value)
    }),
    { numRuns: 1000 },
  )
})

test('the last safe number is read, and everything beyond it is Infinity', () => {
  const bytes = Buffer.alloc(8)
  const read = (value: bigint) => {
    bytes.writeBigUInt64LE(value)
    return readU64(bytes, 0)
  }
  assert.equal(read(SAFE_MAX), Number.MAX_SAFE_INTEGER)
  for (const value of [SAFE_MAX + 1n, SAFE_MAX + 2n, 1n << 54n, 1n << 63n, (1n << 64n) - 1n]) {
    assert.equal(read(value), Infinity, String(value))
  }
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
      assert.equal(read(value), value > SAFE_MAX ? Infinity : Number(value))
    }),
  )
})

test('aligned is the next multiple of 8, beyond 32 bits too', () => {
  for (let size = 0; size < 100; size++) {
    const up = aligned(size)
    assert.ok(up % ALIGNMENT === 0 && up >= size && up < size + ALIGNMENT, `${size} -> ${up}`)
  }
  assert.equal(aligned(SEGMENT_SIZE_LIMIT), SEGMENT_SIZE_LIMIT)
  assert.equal(aligned(2 ** 40 + 1), 2 ** 40 + 8)
})

test('the fields of a batch header lie one behind the other and fill it', () => {
  const sizes: Record<keyof typeof HEADER, number> = {
    magic: 4,
    checksum: 4,
    version: 1,
    flags: 1,
    headerSize: 2,
    size: 4,
    baseOffset: 8,
    lastDelta: 4,
    count: 4,
    epoch: 4,
    bodyChecksum: 4,
    timestamp: 8,
    durableOffset: 8,
    reserved: 8,
  }
  let at = 0
  for (const [name, position] of Object.entries(HEADER).sort(([, a], [, b]) => a - b)) {
    assert.equal(position, at, name)
    at += sizes[name as keyof typeof HEADER]
  }
  assert.equal(at, BATCH_HEADER_SIZE)
  assert.equal(BATCH_HEADER_SIZE % ALIGNMENT, 0)
})

test('the magic spells FLNB', () => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(BATCH_MAGIC)
  assert.equal(bytes.toString('latin1'), 'FLNB')
})

test('flags are single bits of one byte, each another', () => {
  const flags = Object.values(RECORD_FLAG)
  for (const flag of flags) assert.ok(flag > 0 && flag <= 0x80 && (flag & (flag - 1)) === 0, String(flag))
  assert.equal(new Set(flags).size, flags.length)
})

test("the seed is the checksum of the log id's bytes, so two logs have two", () => {
  const id = 'a8a9aaabacadaeafb0b1b2b3b4b5b6b7'
  assert.equal(checksumSeed(id), zlib.crc32(Buffer.from(id, 'hex')))
  assert.notEqual(checksumSeed(id), checksumSeed(`${id.slice(0, -1)}8`))
})
