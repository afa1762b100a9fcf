import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { digitCount, doubleText, writeDigits } from '../../../../src/protocol/resp/digits.js'

function digits(n: number): string {
  const buf = Buffer.alloc(24, 'x')
  const count = digitCount(n)
  assert.equal(writeDigits(buf, 3, n, count), 3 + count)
  assert.equal(buf.toString('latin1', 0, 3), 'xxx')
  assert.equal(buf[3 + count], 0x78)
  return buf.toString('latin1', 3, 3 + count)
}

suite('digits', () => {
  test('around every power of ten and of two', () => {
    for (let power = 1; power <= Number.MAX_SAFE_INTEGER; power *= 10) {
      for (const n of [power - 1, power, power + 1]) assert.equal(digits(n), String(n))
    }
    for (let power = 1; power < Number.MAX_SAFE_INTEGER; power *= 2) {
      for (const n of [power - 1, power, power + 1]) assert.equal(digits(n), String(n))
    }
    assert.equal(digits(Number.MAX_SAFE_INTEGER), String(Number.MAX_SAFE_INTEGER))
  })

  test('any', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (n) => assert.equal(digits(n), String(n))))
  })
})

suite('doubles', () => {
  test('as printf writes them, with the fewest digits', () => {
    const table: [number, string][] = [
      [0, '0'],
      [-0, '-0'],
      [1, '1'],
      [-1.5, '-1.5'],
      [0.1, '0.1'],
      [3.141, '3.141'],
      [100, '100'],
      [1234567890123456, '1234567890123456'],
      [0.001, '0.001'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [0.000012345, '1.2345e-05'],
      [1e-100, '1e-100'],
      [1e16, '10000000000000000'],
      [12345678901234568, '12345678901234568'],
      [1e17, '1e+17'],
      [1.5e17, '1.5e+17'],
      [-1e300, '-1e+300'],
      [Number.MIN_VALUE, '5e-324'],
      [Number.MAX_VALUE, '1.7976931348623157e+308'],
      [Infinity, 'inf'],
      [-Infinity, '-inf'],
      [NaN, 'nan'],
    ]
    for (const [d, text] of table) assert.equal(doubleText(d), text)
  })

  test('each reads back as itself', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (d) => {
        assert.equal(Number(doubleText(d)), d)
        assert.ok(doubleText(d).length <= 24)
      }),
      { numRuns: 1000 },
    )
  })
})
