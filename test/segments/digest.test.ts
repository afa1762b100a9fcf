import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digest64, digestInSlices, GrowingDigest, hex64, StreamingDigest } from '../../segments/digest.js'

const MIB = 1 << 20

test('published values of XXH64 with seed 0', () => {
  assert.equal(hex64(digest64(Buffer.alloc(0))), 'ef46db3751d8e999')
  assert.equal(hex64(digest64(Buffer.from('a'))), 'd24ec4f1a98c6e5b')
  assert.equal(hex64(digest64(Buffer.from('abc'))), '44bc2cf5ad770999')
})

test('leading zeroes are written', () => {
  assert.equal(hex64(0n), '0000000000000000')
  assert.equal(hex64(0xabcn), '0000000000000abc')
  assert.equal(hex64(2n ** 64n - 1n), 'ffffffffffffffff')
})

test('in pieces, however they are cut, it is that of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 }), (pieces) => {
      const digest = new StreamingDigest()
      for (const piece of pieces) digest.update(Buffer.from(piece))
      assert.equal(digest.hex(), hex64(digest64(Buffer.concat(pieces))))
    }),
  )
})

test('in slices it is that of the bytes up to the size, and no further', async () => {
  const bytes = Buffer.alloc(2 * MIB + 123, 0x5c)
  bytes[MIB] = 1
  for (const size of [0, 1, MIB - 1, MIB, MIB + 1, bytes.length]) {
    assert.equal(await digestInSlices(bytes, size), hex64(digest64(bytes.subarray(0, size))), `size ${size}`)
  }
})

test('of what grows it is that of all, whatever was added when it was written, and what was left for the end', async () => {
  const bytes = Buffer.alloc(4 * MIB + 77, 0x3b)
  for (let at = 0; at < bytes.length; at += 1001) bytes[at] = at
  const whole = hex64(digest64(bytes))
  for (const ends of [
    [],
    [100],
    [100, 300, MIB],
    [MIB + 1, MIB + 2],
    [8, 3 * MIB, 3 * MIB + 8],
    [8, 8, 16, bytes.length],
  ]) {
    const digest = new GrowingDigest()
    ends.forEach((end, i) => digest.add(bytes, ends[i - 1] ?? 0, end))
    assert.equal(await digest.finish(bytes, bytes.length), whole, `ends ${ends.join(', ')}`)
  }
})

test('several at a time do not disturb each other', async () => {
  const all = [1, 2, 3].map((fill) => Buffer.alloc(MIB * 2, fill))
  const together = await Promise.all(all.map((bytes) => digestInSlices(bytes, bytes.length)))
  assert.deepEqual(
    together,
    all.map((bytes) => hex64(digest64(bytes))),
  )
})

test('other work runs between slices', async () => {
  let turns = 0
  let isDone = false
  const count = (): void => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  await digestInSlices(Buffer.alloc(5 * MIB), 5 * MIB)
  isDone = true
  assert.ok(turns >= 5, `${turns} turns of the event loop`)
})
