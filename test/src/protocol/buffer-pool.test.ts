import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { giveBuffer, takeBuffer } from '../../../src/protocol/buffer-pool.js'

const MIB = 1024 * 1024

test('a buffer has the size that is wanted, or a quarter more at most; above 2 MiB and below 8 KiB just that', () => {
  const sizes = fc.integer({ min: 1, max: 3 * MIB })
  fc.assert(
    fc.property(sizes, (size) => {
      const { length } = takeBuffer(size)
      const isPooled = size >= 8192 && size <= 2 * MIB
      assert.ok(isPooled ? length >= size && length <= size * 1.25 : length === size, `${length} for ${size}`)
    }),
  )
})

test('what is given back serves whoever wants that size next, and nobody twice', () => {
  const one = takeBuffer(20_000)
  const other = takeBuffer(20_000)
  assert.notEqual(one, other)
  giveBuffer(one)
  giveBuffer(other)
  const again = [takeBuffer(19_000), takeBuffer(18_500)]
  assert.deepEqual(new Set(again), new Set([one, other]))
  assert.ok(!again.includes(takeBuffer(20_000)))
})

test('what is not of the pool, or only a part of something, is left alone', () => {
  const odd = Buffer.allocUnsafeSlow(20_481)
  const part = Buffer.allocUnsafeSlow(40_960).subarray(0, 20_480)
  giveBuffer(odd)
  giveBuffer(part)
  for (let i = 0; i < 3; i++) {
    const taken = takeBuffer(20_480)
    assert.ok(taken !== odd && taken !== part)
  }
})

test('of each size the pool keeps 4 MiB at most, whatever there is of others', () => {
  const keptOf = (size: number, count: number): number => {
    const many = Array.from({ length: count }, () => takeBuffer(size))
    for (const buffer of many) giveBuffer(buffer)
    const known = new Set(many)
    return many.map(() => takeBuffer(size)).filter((buffer) => known.has(buffer)).length
  }
  for (let size = MIB; size <= 2 * MIB; size += MIB / 4) assert.equal(keptOf(size, 40), Math.floor((4 * MIB) / size))
  const large = Array.from({ length: 40 }, () => takeBuffer(MIB))
  for (const buffer of large) giveBuffer(buffer)
  assert.equal(keptOf(16_384, 300), 256)
})
