import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addLongDoubles,
  longDoubleText,
  parseLongDouble,
  type LongDouble,
} from '../../../../src/commands/strings/long-double.js'

function sum(a: string, b: string): string | null {
  const [left, right] = [parseLongDouble(a)!, parseLongDouble(b)!]
  const added = addLongDoubles(left, right)
  return added === null ? null : longDoubleText(added)
}

/** As redis-server 7.0.15 on x86-64 answers INCRBYFLOAT. */
const KNOWN: readonly (readonly [string, string, string])[] = [
  ['0.1', '0.2', '0.3'],
  ['3.0e3', '200', '3200'],
  ['1e17', '0.1', '100000000000000000.1015625'],
  ['1e30', '1', '1000000000000000000024696061952'],
  ['0', '1e-17', '0.00000000000000001'],
  ['0', '5e-18', '0'],
  ['-0.1', '0.1', '0'],
  ['-1', '1e-20', '-1'],
  ['123456789.123456789', '1e-9', '123456789.12345678999554366'],
  ['18446744073709551615', '1', '18446744073709551616'],
  ['18446744073709551616', '0.5', '18446744073709551616'],
  ['9007199254740993', '0', '9007199254740993'],
  ['0', '0.30000000000000004', '0.30000000000000004'],
  ['1e4931', '-1e4931', '0'],
  ['10.5', '0.1', '10.6'],
  ['0', '1e-4940', '0'],
]

test('sums are those of Redis, to the last digit', () => {
  for (const [a, b, expected] of KNOWN) {
    assert.equal(sum(a, b), expected, `${a} + ${b}`)
    assert.equal(sum(b, a), expected, `${b} + ${a}`)
  }
  assert.equal(sum('1e4932', '1e4932'), null)
  assert.equal(sum('-1e4932', '-1e4932'), null)
})

test('what is a number, and what is none or out of range', () => {
  for (const text of ['0', '-0', '+1', '007', '.5', '5.', '1.e2', '1e+2', '-.5E-3', '1e4932', '1e-4949']) {
    assert.notEqual(parseLongDouble(text), null, text)
  }
  const wrong = ['', '.', 'e5', '1e', '+-1', '++1', '1_0', '1 ', ' 1', '1,5', 'x', '0x10', 'inf', 'nan', '1e2.5']
  for (const text of [...wrong, '1e4933', '-1e4933', '1e-5000', '1e-4951', '1e99999999', '1\n']) {
    assert.equal(parseLongDouble(text), null, text)
  }
})

/** A number as a fraction. */
interface Rational {
  readonly over: bigint
  readonly under: bigint
}

function rational(text: string): Rational {
  const [, sign, whole, fraction, power] = /^(-?)(\d+)\.(\d+)e(-?\d+)$/.exec(text)!
  const scale = Number(power) - fraction!.length
  const digits = BigInt(`${sign}${whole}${fraction}`)
  return scale >= 0
    ? { over: digits * 10n ** BigInt(scale), under: 1n }
    : { over: digits, under: 10n ** BigInt(-scale) }
}

function exact({ mantissa, exponent }: LongDouble): Rational {
  return exponent >= 0
    ? { over: mantissa << BigInt(exponent), under: 1n }
    : { over: mantissa, under: 1n << BigInt(-exponent) }
}

function plus(a: Rational, b: Rational): Rational {
  return { over: a.over * b.under + b.over * a.under, under: a.under * b.under }
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}

/** Whether a result is the nearest of the format to a fraction: at most half of a last bit away from it. */
function isNearest(result: LongDouble, wanted: Rational): boolean {
  const { over, under } = exact(result)
  const distance = magnitude(over * wanted.under - wanted.over * under)
  const bits = magnitude(result.mantissa).toString(2).length
  assert.ok(bits <= 64)
  // The last of 64 bits, as a fraction.
  const shift = result.exponent - (64 - bits)
  const half: Rational =
    shift > 0 ? { over: 1n << BigInt(shift), under: 2n } : { over: 1n, under: 2n << BigInt(-shift) }
  return distance * half.under <= half.over * under * wanted.under
}

const decimal = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 22n), fc.bigInt(0n, 10n ** 22n), fc.integer({ min: -40, max: 40 }))
  .map(([isNegative, whole, fraction, power]) => `${isNegative ? '-' : ''}${whole}.${fraction}e${power}`)

test('reading and adding round to the nearest number of 64 bits', () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const left = parseLongDouble(a)!
      const right = parseLongDouble(b)!
      assert.ok(isNearest(left, rational(a)), a)
      const added = addLongDoubles(left, right)!
      assert.ok(isNearest(added, plus(exact(left), exact(right))), `${a} + ${b}`)
    }),
    { numRuns: 2000 },
  )
})

test('the text is the number rounded to 17 digits behind the point, without zeroes at the end', () => {
  fc.assert(
    fc.property(decimal, (a) => {
      const value = parseLongDouble(a)!
      const text = longDoubleText(value)
      assert.match(text, /^(?:-?(?:[1-9]\d*|0)(?:\.\d{0,16}[1-9])?)$/)
      assert.notEqual(text, '-0')
      const shown = rational(`${text.includes('.') ? text : `${text}.0`}e0`)
      const { over, under } = exact(value)
      const distance = magnitude(shown.over * under - over * shown.under)
      assert.ok(distance * 2n * 10n ** 17n <= under * shown.under, text)
    }),
    { numRuns: 2000 },
  )
})
