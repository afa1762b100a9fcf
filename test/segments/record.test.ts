import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aligned, RECORD_FLAG, RECORD_HEADER_SIZE } from '../../segments/format.js'
import { readU32, recordFits, RecordView, writeU32 } from '../../segments/record.js'

interface Parts {
  readonly delta: number
  readonly kind: number
  /** Flags without those that say which fields there are. */
  readonly flags: number
  readonly command: number
  readonly datum: number | null
  readonly since: number | null
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const parts: fc.Arbitrary<Parts> = fc.record({
  delta: fc.nat(0xffff_ffff),
  kind: fc.nat(255),
  flags: fc.constantFrom(0, 1, 2, 3),
  command: fc.nat(0xffff),
  datum: fc.option(fc.maxSafeNat(), { nil: null }),
  since: fc.option(fc.maxSafeNat(), { nil: null }),
  key: fc.uint8Array({ maxLength: 300 }),
  value: fc.uint8Array({ maxLength: 300 }),
})

/** A record as FORMAT.md describes it, written with the runtime's own functions. */
function recordOf({ delta, kind, flags, command, datum, since, key, value }: Parts): Buffer {
  const fields = [datum, since].filter((it) => it !== null)
  const size = RECORD_HEADER_SIZE + fields.length * 8 + key.length + value.length
  const bytes = Buffer.alloc(aligned(size))
  bytes.writeUInt32LE(size, 0)
  bytes.writeUInt32LE(delta, 4)
  bytes.writeUInt8(kind, 8)
  const has = (datum === null ? 0 : RECORD_FLAG.datum) | (since === null ? 0 : RECORD_FLAG.since)
  bytes.writeUInt8(flags | has, 9)
  bytes.writeUInt16LE(command, 10)
  bytes.writeUInt16LE(key.length, 12)
  bytes.writeUInt16LE(fields.length * 8, 14)
  fields.forEach((field, i) => bytes.writeBigUInt64LE(BigInt(field), RECORD_HEADER_SIZE + i * 8))
  bytes.set(key, RECORD_HEADER_SIZE + fields.length * 8)
  bytes.set(value, size - value.length)
  return bytes
}

test('a view reads what a record says, wherever it lies', () => {
  const view = new RecordView()
  fc.assert(
    fc.property(parts, fc.nat(4), (it, before) => {
      const record = recordOf(it)
      const start = before * 8
      const bytes = Buffer.concat([Buffer.alloc(start, 0xff), record, Buffer.alloc(24, 0xff)])
      assert.ok(recordFits(bytes, start, start + record.length))
      view.at(bytes, start)
      const { delta, kind, command, datum, since, key, value } = it
      assert.deepEqual(
        [view.offsetDelta, view.kind, view.command, view.datum, view.since, view.isTombstone],
        [delta, kind, command, datum ?? 0, since ?? -1, (it.flags & 1) !== 0],
      )
      assert.deepEqual([...view.key()], [...key])
      assert.deepEqual([...view.value()], [...value])
      assert.equal(view.next, start + record.length)
    }),
    { numRuns: 500 },
  )
})

test('what fits lies wholly before the end, whatever the bytes are', () => {
  const header = fc.record({
    size: fc.oneof(
      { weight: 5, arbitrary: fc.nat(200) },
      { weight: 1, arbitrary: fc.nat(0xffff_ffff) },
      { weight: 1, arbitrary: fc.constantFrom(0, 15, 16, 17, 0xffff_fff8, 0xffff_ffff) },
    ),
    keySize: fc.oneof(
      { weight: 4, arbitrary: fc.nat(40) },
      { weight: 2, arbitrary: fc.constant(8) },
      { weight: 1, arbitrary: fc.nat(0xffff) },
    ),
    fieldsSize: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(0, 8, 16, 24, 9) },
      { weight: 1, arbitrary: fc.nat(0xffff) },
    ),
    flags: fc.nat(255),
    room: fc.nat(200),
    before: fc.nat(4),
  })
  let fitted = 0
  fc.assert(
    fc.property(header, ({ size, keySize, fieldsSize, flags, room, before }) => {
      const start = before * 8
      const bytes = Buffer.alloc(start + 256, 0xee)
      bytes.writeUInt32LE(size, start)
      bytes.writeUInt8(flags, start + 9)
      bytes.writeUInt16LE(keySize, start + 12)
      bytes.writeUInt16LE(fieldsSize, start + 14)
      const end = start + room
      const wanted = ((flags & RECORD_FLAG.datum) === 0 ? 0 : 8) + ((flags & RECORD_FLAG.since) === 0 ? 0 : 8)
      const isWellFormed =
        room >= 16 &&
        size >= 16 + keySize + fieldsSize &&
        fieldsSize % 8 === 0 &&
        fieldsSize >= wanted &&
        ((flags & RECORD_FLAG.member) === 0 || keySize === 8) &&
        aligned(size) <= room
      assert.equal(recordFits(bytes, start, end), isWellFormed)
      if (!isWellFormed) return
      fitted++
      const view = new RecordView().at(bytes, start)
      assert.ok(view.keyStart >= start + 16 && view.keyStart <= view.keyEnd && view.keyEnd <= view.valueEnd)
      assert.ok(view.valueEnd <= view.next && view.next <= end)
    }),
    { numRuns: 3000 },
  )
  assert.ok(fitted > 100, `only ${fitted} of the records fitted: the test looks at nothing`)
})

test('a header that is cut off does not fit', () => {
  const record = recordOf({
    delta: 0,
    kind: 1,
    flags: 0,
    command: 1,
    datum: 5,
    since: 6,
    key: Buffer.from('key'),
    value: Buffer.from('value'),
  })
  for (let end = 0; end < record.length; end++) assert.equal(recordFits(record, 0, end), false, `${end} bytes`)
  assert.ok(recordFits(record, 0, record.length))
})

test('32-bit numbers are unsigned, and written as the runtime writes them', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff)), (value) => {
      const bytes = Buffer.alloc(8, 0xa5)
      const expected = Buffer.alloc(8, 0xa5)
      writeU32(bytes, value, 3)
      expected.writeUInt32LE(value, 3)
      assert.deepEqual(bytes, expected)
      assert.equal(readU32(bytes, 3), value)
    }),
  )
})
