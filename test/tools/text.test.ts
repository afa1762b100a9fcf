import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sizeOf } from '../../tools/text.js'

test('sizes are written as flin-server takes them', () => {
  const cases: readonly (readonly [text: string, size: number | null])[] = [
    ['0', 0],
    ['4096', 4096],
    ['5k', 5000],
    ['64mb', 64 << 20],
    ['64MB', 64 << 20],
    ['1gb', 1 << 30],
    ['3g', 3e9],
    ['', null],
    ['mb', null],
    ['-1', null],
    ['1.5mb', null],
    ['1tb', null],
    ['1 mb', null],
    ['99999999999999999999', null],
  ]
  for (const [text, size] of cases) assert.equal(sizeOf(text), size, text)
})
