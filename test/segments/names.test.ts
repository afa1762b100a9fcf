import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSegmentName, segmentName, sideFileName } from '../../segments/names.js'

const generations = fc.oneof(fc.nat(9999), fc.nat())

test('a name tells base offset and generation', () => {
  assert.equal(segmentName(1234, 2), '00000000000000001234-0002.seg')
  assert.equal(sideFileName(1234, 2), '00000000000000001234-0002.side')
  fc.assert(
    fc.property(fc.maxSafeNat(), generations, (baseOffset, generation) => {
      assert.deepEqual(parseSegmentName(segmentName(baseOffset, generation)), { baseOffset, generation })
      assert.equal(parseSegmentName(sideFileName(baseOffset, generation)), null)
    }),
  )
})

test('names sort as offsets do', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), generations, generations, (a, b, first, second) => {
      if (a === b) return
      assert.equal(segmentName(a, first) < segmentName(b, second), a < b)
    }),
  )
})

test('other names are no segments', () => {
  const good = segmentName(7, 0)
  for (const name of [
    '',
    'MANIFEST',
    'spare.tmp',
    `${good}.tmp`,
    `${good} `,
    ` ${good}`,
    `quarantine/${good}`,
    good.slice(1),
    `0${good}`,
    good.replace('-0000', '-000'),
    good.replace('-0000', ''),
    good.replace('7', 'x'),
    good.replace('.seg', '.SEG'),
  ]) {
    assert.equal(parseSegmentName(name), null, name)
  }
})
