import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sizeText } from '../../segments/size-text.js'

test('sizes in the largest unit of which there is one', () => {
  for (const [size, text] of [
    [0, '0 bytes'],
    [1, '1 byte'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [4096, '4 KiB'],
    [64 * 1024 * 1024, '64 MiB'],
    [2 ** 30, '1 GiB'],
    [2 ** 50, '1024 TiB'],
  ] as const) {
    assert.equal(sizeText(size), text)
  }
})

test('never rounded up', () => {
  assert.equal(sizeText(2 ** 20 - 1), '1023.99 KiB')
  assert.equal(sizeText(0xffff_0000), '3.99 GiB')
})
