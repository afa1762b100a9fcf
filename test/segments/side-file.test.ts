import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { FlinError } from '../../segments/errors.js'
import { RestartColumns, SparseIndex } from '../../segments/restart-columns.js'
import { decodeSideFile, encodeSideFile, type SideFile } from '../../segments/side-file.js'

const SEED = 0xdead_beef

const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const number64 = fc.maxSafeNat()

const sideFiles: fc.Arbitrary<SideFile> = fc
  .record({
    generation: fc.nat(0xffff_ffff),
    baseOffset: number64,
    endOffset: number64,
    segmentSize: fc.nat(0xffff_ffff),
    tombstoneCount: number64,
    firstTimestampMs: number64,
    lastTimestampMs: number64,
    lastEpoch: number64,
    digest: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((it) => Buffer.from(it).toString('hex')),
    rows: fc.array(
      fc.record({
        hi: int32,
        lo: int32,
        position: int32,
        kind: fc.nat(255),
        flags: fc.nat(255),
        datum: fc.option(number64, { nil: null }),
      }),
      { maxLength: 25 },
    ),
    sparse: fc.array(number64, { maxLength: 9 }),
  })
  .map(({ rows, sparse: offsets, ...rest }) => {
    const columns = new RestartColumns(1)
    for (const { hi, lo, position, kind, flags, datum } of rows) {
      columns.add(hi, lo, position, kind, flags)
      if (datum !== null) columns.addDatum(datum)
    }
    const sparse = new SparseIndex(1)
    offsets.forEach((offset, i) => sparse.add(i * 5000, offset))
    return { ...rest, columns, sparse }
  })

/** What the two have in common is compared, without the unused ends of arrays. */
function plain(side: SideFile) {
  const { columns, sparse, ...rest } = side
  return {
    ...rest,
    words: [...columns.words.subarray(0, columns.count * 3)],
    kinds: [...columns.kinds.subarray(0, columns.count)],
    datumRecords: [...columns.datumRecords.subarray(0, columns.datumCount)],
    data: [...columns.data.subarray(0, columns.datumCount)],
    positions: [...sparse.positions.subarray(0, sparse.count)],
    offsets: [...sparse.offsets.subarray(0, sparse.count)],
  }
}

/** A copy in memory that starts at a multiple of 8, as a file read whole does. */
function inMemory(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

function example(): SideFile {
  const columns = new RestartColumns()
  columns.add(-1, 2, 64, 1, 0)
  columns.add(3, -4, 128, 2, 5)
  columns.addDatum(1_700_000_000_000)
  columns.add(5, 6, 192, 1, 0)
  const sparse = new SparseIndex()
  sparse.add(0, 1000)
  return {
    generation: 3,
    baseOffset: 1000,
    endOffset: 1003,
    segmentSize: 256,
    tombstoneCount: 1,
    firstTimestampMs: 1,
    lastTimestampMs: 2,
    lastEpoch: 7,
    digest: '0123456789abcdef',
    columns,
    sparse,
  }
}

const isCorrupt = (error: unknown) => error instanceof FlinError && error.code === 'LOG_CORRUPT'

test('what is written is read, whatever it holds', () => {
  fc.assert(
    fc.property(sideFiles, fc.nat(0xffff_ffff), (side, seed) => {
      const bytes = encodeSideFile(side, seed)
      assert.equal(bytes.length % 8, 0)
      assert.deepEqual(plain(decodeSideFile(inMemory(bytes), seed)), plain(side))
    }),
  )
})

test('the bytes lie where the grammar says', () => {
  const bytes = encodeSideFile(example(), SEED)
  assert.equal(bytes.toString('latin1', 0, 4), 'FLNS')
  assert.equal(bytes.readUInt32LE(4), zlib.crc32(bytes.subarray(8), SEED))
  assert.equal(bytes.readUInt32LE(8), 1)
  assert.equal(bytes.readUInt32LE(12), 3)
  const numbers = Array.from({ length: 10 }, (_, i) => Number(bytes.readBigUInt64LE(16 + i * 8)))
  assert.deepEqual(numbers, [1000, 1003, 256, 3, 1, 1, 2, 1, 1, 7])
  assert.equal(bytes.toString('hex', 96, 104), '0123456789abcdef')
  // words 36 -> 40, kinds 6 -> 8, one datum: 4 -> 8 and 8, one sparse entry: 4 -> 8 and 8
  assert.equal(bytes.length, 128 + 40 + 8 + 8 + 8 + 8 + 8)
  assert.equal(bytes.readInt32LE(128), -1)
  assert.equal(bytes.readUInt16LE(168 + 2), 2 | (5 << 8))
  assert.equal(bytes.readUInt32LE(176), 1)
  assert.equal(bytes.readDoubleLE(184), 1_700_000_000_000)
  assert.equal(bytes.readUInt32LE(192), 0)
  assert.equal(bytes.readDoubleLE(200), 1000)
})

test('every flipped bit is found', () => {
  const bytes = inMemory(encodeSideFile(example(), SEED))
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    assert.throws(() => decodeSideFile(bytes, SEED), isCorrupt, `bit ${bit}`)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
  decodeSideFile(bytes, SEED)
})

test('every truncation is found, and so are bytes behind the end', () => {
  const bytes = encodeSideFile(example(), SEED)
  for (let size = 0; size < bytes.length; size++) {
    assert.throws(() => decodeSideFile(inMemory(bytes.subarray(0, size)), SEED), isCorrupt, `size ${size}`)
  }
  for (const more of [1, 8, 4096]) {
    assert.throws(() => decodeSideFile(Buffer.concat([bytes, Buffer.alloc(more)]), SEED), isCorrupt)
  }
})

test('the side file of another log is not taken for one of ours', () => {
  const bytes = inMemory(encodeSideFile(example(), SEED))
  assert.throws(() => decodeSideFile(bytes, SEED - 1), isCorrupt)
})

test('a format that is not known is told from damage', () => {
  const bytes = inMemory(encodeSideFile(example(), SEED))
  bytes.writeUInt32LE(2, 8)
  bytes.writeUInt32LE(zlib.crc32(bytes.subarray(8), SEED), 4)
  assert.throws(
    () => decodeSideFile(bytes, SEED),
    (error) => error instanceof FlinError && error.code === 'FORMAT_UNKNOWN',
  )
})

test('columns that were read can be added to', () => {
  const side = { ...example(), columns: new RestartColumns(), sparse: new SparseIndex() }
  const { columns, sparse } = decodeSideFile(inMemory(encodeSideFile(side, SEED)), SEED)
  columns.add(1, 2, 3, 4, 5)
  columns.addDatum(6)
  sparse.add(7, 8)
  assert.deepEqual([...columns.words.subarray(0, 3)], [1, 2, 3])
  assert.equal(columns.data[0], 6)
  assert.deepEqual([sparse.positions[0], sparse.offsets[0]], [7, 8])
})
