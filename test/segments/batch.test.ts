import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bodyIsIntact, readHeader, recordsFit, sealBatch, type BatchHeader } from '../../segments/batch.js'
import { crc32 } from '../../segments/crc.js'
import { BATCH_HEADER_SIZE, HEADER, RECORD_HEADER_SIZE } from '../../segments/format.js'
import { RecordView, writeU32 } from '../../segments/record.js'
import { batchOf } from '../helpers/batch-bytes.js'

const SEED = 0x9e37_79b9
const VALUES = [Buffer.from('one'), Buffer.from('twotwo'), Buffer.alloc(0)]

const headers: fc.Arbitrary<Omit<BatchHeader, 'size'>> = fc
  .record({
    baseOffset: fc.nat(2 ** 31).map((it) => it * 2 ** 20),
    delta: fc.nat(0xffff_ffff),
    count: fc.nat(0xffff_ffff),
    epoch: fc.nat(0xffff_ffff),
    timestampMs: fc.maxSafeNat(),
    durableOffset: fc.maxSafeNat(),
  })
  .map(({ delta, ...rest }) => ({ ...rest, lastOffset: rest.baseOffset + (rest.count === 0 ? -1 : delta) }))

/** Reads a batch that starts at `start`, as a walk does: header, body, records. */
function read(bytes: Buffer, start = 0, end = bytes.length, seed = SEED): BatchHeader | null {
  const header = readHeader(bytes, start, end, seed)
  if (header === null || !bodyIsIntact(bytes, start, end, header, seed)) return null
  return recordsFit(bytes, start, header) ? header : null
}

/** Makes the header's checksum right again, as a writer that means it would. */
function reseal(bytes: Buffer): void {
  writeU32(bytes, crc32(bytes, HEADER.version, BATCH_HEADER_SIZE, SEED), HEADER.checksum)
}

test('a header is read as it was written, wherever it stands', () => {
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 400 }), fc.nat(5), (fields, body, before) => {
      const start = before * 8
      const size = BATCH_HEADER_SIZE + body.length
      const bytes = Buffer.alloc(start + size + 16, 0xa5)
      bytes.set(body, start + BATCH_HEADER_SIZE)
      sealBatch(bytes, start, { ...fields, size }, SEED)
      const header = readHeader(bytes, start, bytes.length, SEED)
      assert.deepEqual(header, { ...fields, size })
      assert.ok(bodyIsIntact(bytes, start, bytes.length, header, SEED))
      assert.ok(bodyIsIntact(bytes, start, start + size, header, SEED))
      assert.ok(bytes.subarray(0, start).every((byte) => byte === 0xa5))
      assert.ok(bytes.subarray(start + size).every((byte) => byte === 0xa5))
    }),
  )
})

test('the records of a batch are found one behind the other', () => {
  const bytes = batchOf(VALUES, 1000, 990, SEED)
  const header = read(bytes)!
  assert.deepEqual([header.baseOffset, header.lastOffset, header.count, header.durableOffset], [1000, 1002, 3, 990])
  const view = new RecordView()
  let at = BATCH_HEADER_SIZE
  const found = VALUES.map(() => {
    view.at(bytes, at)
    at = view.next
    return { delta: view.offsetDelta, value: view.value() }
  })
  assert.deepEqual(
    found,
    VALUES.map((value, delta) => ({ delta, value })),
  )
  assert.equal(at, header.size)
})

test('a batch without records ends before it begins', () => {
  const bytes = batchOf([], 77, 77, SEED)
  assert.equal(bytes.length, BATCH_HEADER_SIZE)
  const header = read(bytes)!
  assert.deepEqual([header.baseOffset, header.lastOffset, header.count], [77, 76, 0])
})

test('the header checksum covers every bit of the header', () => {
  const bytes = batchOf(VALUES, 1000, 990, SEED)
  for (let bit = 0; bit < BATCH_HEADER_SIZE * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(readHeader(bytes, 0, bytes.length, SEED), null, `bit ${bit}`)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
  assert.notEqual(read(bytes), null)
})

test('the body checksum covers every bit of the body, pads too, and leaves the header to be believed', () => {
  const bytes = batchOf(VALUES, 1000, 990, SEED)
  for (let bit = BATCH_HEADER_SIZE * 8; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    const header = readHeader(bytes, 0, bytes.length, SEED)
    assert.notEqual(header, null)
    assert.equal(bodyIsIntact(bytes, 0, bytes.length, header!, SEED), false, `bit ${bit}`)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
})

test('no length is believed before the checksum that covers it', () => {
  const bytes = batchOf(VALUES, 1000, 990, SEED)
  const { length } = bytes
  for (const size of [0, 1, 63, 64, length - 8, length + 8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    writeU32(bytes, size, HEADER.size)
    assert.equal(readHeader(bytes, 0, length, SEED), null, `size ${size}`)
  }
})

test('a length that a checksum vouches for must still lie within the bytes', () => {
  for (const size of [0, 1, 63, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    const bytes = batchOf(VALUES, 1000, 990, SEED)
    writeU32(bytes, size, HEADER.size)
    // The checksum of no bytes at all: it holds for a body that ends before it begins.
    writeU32(bytes, SEED, HEADER.bodyChecksum)
    reseal(bytes)
    const header = readHeader(bytes, 0, bytes.length, SEED)
    assert.equal(header?.size, size)
    assert.equal(bodyIsIntact(bytes, 0, bytes.length, header, SEED), false, `size ${size}`)
  }
})

test('every truncation is found', () => {
  const bytes = batchOf(VALUES, 1000, 990, SEED)
  for (let end = 0; end < bytes.length; end++) assert.equal(read(bytes, 0, end), null, `${end} bytes`)
})

test('a batch of another log is none, nor is one of another version', () => {
  const bytes = batchOf(VALUES, 1000, 990, SEED)
  assert.equal(readHeader(bytes, 0, bytes.length, SEED ^ 1), null)
  bytes[HEADER.version] = 2
  reseal(bytes)
  assert.equal(readHeader(bytes, 0, bytes.length, SEED), null)
})

test('no bytes are read as a batch by chance, nor make the reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, isBegun) => {
      const bytes = Buffer.from(noise)
      if (isBegun && bytes.length >= 4) bytes.write('FLNB', 'latin1')
      assert.equal(read(bytes), null)
    }),
  )
})

test('numbers beyond 2^53 equal no offset', () => {
  const bytes = batchOf(VALUES, 1000, 990, SEED)
  bytes.fill(0xff, HEADER.baseOffset, HEADER.baseOffset + 8)
  bytes.fill(0xff, HEADER.durableOffset, HEADER.durableOffset + 8)
  reseal(bytes)
  const header = readHeader(bytes, 0, bytes.length, SEED)!
  assert.deepEqual([header.baseOffset, header.lastOffset, header.durableOffset], [Infinity, Infinity, Infinity])
})

test('records that do not fill their batch exactly, or overlap its end, make it none', () => {
  const good = batchOf(VALUES, 0, 0, SEED)
  const header = readHeader(good, 0, good.length, SEED)!
  assert.ok(recordsFit(good, 0, header))
  assert.equal(recordsFit(good, 0, { ...header, count: 2 }), false, 'bytes behind the last record')
  assert.equal(recordsFit(good, 0, { ...header, count: 4 }), false, 'a record behind the end')
  assert.equal(recordsFit(good, 0, { ...header, count: 0xffff_ffff }), false)
  for (const size of [0, RECORD_HEADER_SIZE - 1, RECORD_HEADER_SIZE + 8 + 1, 1000, 0xffff_fff8, 0xffff_ffff]) {
    const bytes = Buffer.from(good)
    writeU32(bytes, size, BATCH_HEADER_SIZE)
    assert.equal(recordsFit(bytes, 0, header), false, `size ${size}`)
  }
})
