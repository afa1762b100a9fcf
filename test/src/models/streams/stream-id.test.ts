import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { longAt, putLong, StreamId } from '../../../../src/models/streams/stream-id.js'

const MAX = 2n ** 64n - 1n
const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 53n - 1n, MAX - 1n, MAX),
)

function idOf(ms: bigint, seq: bigint): StreamId {
  return new StreamId().setBigMs(ms).setBigSeq(seq)
}

test('an id is written, read, told and compared as two numbers of 64 bits', () => {
  fc.assert(
    fc.property(u64, u64, u64, u64, (ms, seq, otherMs, otherSeq) => {
      const id = idOf(ms, seq)
      assert.equal(id.toString(), `${ms}-${seq}`)
      const bytes = Buffer.alloc(20)
      id.write(bytes, 3)
      assert.equal(bytes.readBigUInt64LE(3), ms)
      assert.equal(bytes.readBigUInt64LE(11), seq)
      assert.equal(new StreamId().read(bytes, 3).compare(id), 0)
      const sign = ms === otherMs ? Number(seq > otherSeq) - Number(seq < otherSeq) : ms > otherMs ? 1 : -1
      assert.equal(Math.sign(id.compare(idOf(otherMs, otherSeq))), sign)
      assert.equal(id.hasSameMs(idOf(otherMs, otherSeq)), ms === otherMs)
    }),
  )
})

test('the next id and the one before are one apart, over all words; there is none behind the last and before the first', () => {
  fc.assert(
    fc.property(u64, u64, (ms, seq) => {
      const all = (ms << 64n) | seq
      const next = idOf(ms, seq)
      assert.equal(next.increment(), all < 2n ** 128n - 1n)
      if (all < 2n ** 128n - 1n) assert.equal(next.toString(), textOf(all + 1n))
      else assert.ok(next.isMax)
      const before = idOf(ms, seq)
      assert.equal(before.decrement(), all > 0n)
      if (all > 0n) assert.equal(before.toString(), textOf(all - 1n))
      else assert.ok(before.isZero)
    }),
  )
})

function textOf(all: bigint): string {
  return `${all >> 64n}-${all & MAX}`
}

test('small numbers are set without bigints', () => {
  const id = new StreamId().setMs(1_700_000_000_123).setSeq(2 ** 40 + 5)
  assert.equal(id.toString(), `1700000000123-${2 ** 40 + 5}`)
  assert.equal(id.clone().setMax().toString(), `${MAX}-${MAX}`)
  assert.equal(id.setZero().toString(), '0-0')
})

test('safe integers are written as u64', () => {
  const bytes = Buffer.alloc(8)
  for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    putLong(bytes, 0, value)
    assert.equal(bytes.readBigUInt64LE(), BigInt(value))
    assert.equal(longAt(bytes, 0), value)
  }
})
