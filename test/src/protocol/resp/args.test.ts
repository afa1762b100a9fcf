import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Args, parseInt64, parseInteger } from '../../../../src/protocol/resp/args.js'

/** Arguments that do not begin at the beginning of their buffer. */
function argsOf(...texts: string[]): Args {
  const args = new Args(1)
  args.buf = Buffer.from(`xx${texts.join('--')}`)
  let at = 2
  for (const text of texts) {
    if (args.count === args.starts.length) args.grow()
    args.starts[args.count] = at
    at += Buffer.byteLength(text)
    args.ends[args.count++] = at
    at += 2
  }
  return args
}

const texts = (args: Args): string[] => Array.from({ length: args.count }, (_, i) => args.text(i))

suite('Args', () => {
  test('texts and sizes', () => {
    const args = argsOf('SET', 'ключ', '')
    assert.deepEqual(texts(args), ['SET', 'ключ', ''])
    assert.deepEqual([args.size(0), args.size(1), args.size(2)], [3, 8, 0])
  })

  test('names are found whatever their case', () => {
    const args = argsOf('keepTTL', 'GET', 'get@[', '', 'S-1')
    assert.ok(args.equalsIgnoreCase(0, 'KEEPTTL'))
    assert.ok(args.equalsIgnoreCase(1, 'GET'))
    assert.ok(!args.equalsIgnoreCase(1, 'GE'))
    assert.ok(!args.equalsIgnoreCase(1, 'GETS'))
    assert.ok(!args.equalsIgnoreCase(1, 'SET'))
    assert.ok(args.equalsIgnoreCase(2, 'GET@['))
    // Only letters have two cases.
    assert.ok(!argsOf('get`{').equalsIgnoreCase(0, 'GET@['))
    assert.ok(args.equalsIgnoreCase(3, ''))
    assert.ok(args.equalsIgnoreCase(4, 'S-1'))
  })

  test('a copy stays when the buffer is reused', () => {
    const args = argsOf('SET', 'k', '', 'v'.repeat(100))
    const copy = args.copy()
    args.buf.fill(0)
    args.starts.fill(0)
    args.ends.fill(0)
    assert.deepEqual(texts(copy), ['SET', 'k', '', 'v'.repeat(100)])
    assert.equal(copy.buf.length, 3 + 1 + 100 + 3 * 2)
    assert.equal(new Args().copy().count, 0)
  })

  test('a clone has indexes of its own', () => {
    const args = argsOf('a', 'b')
    const clone = args.clone()
    args.shift(1)
    args.count = 0
    assert.deepEqual(texts(clone), ['a', 'b'])
    for (let i = 0; i < 100; i++) if (clone.count++ === clone.starts.length) clone.grow()
    assert.deepEqual([clone.text(0), clone.text(1)], ['a', 'b'])
  })

  test('a tail leaves out the first', () => {
    const args = argsOf('COMMAND', 'GETKEYS', 'GET', 'k')
    assert.deepEqual(texts(args.tail(2)), ['GET', 'k'])
    assert.deepEqual(texts(args.tail(4)), [])
    assert.deepEqual(texts(args.tail(9)), [])
    assert.equal(args.count, 4)
  })

  test('growing keeps what is there, from nothing too', () => {
    const args = new Args(0)
    args.grow()
    assert.ok(args.starts.length > 0 && args.ends.length === args.starts.length)
    const many = Array.from({ length: 1000 }, (_, i) => String(i))
    assert.deepEqual(texts(argsOf(...many)), many)
  })
})

suite('integers', () => {
  const INT64_MAX = '9223372036854775807'
  const INT64_MIN = '-9223372036854775808'
  const refused = [
    '',
    '-',
    '+1',
    '01',
    '-0',
    '-01',
    '00',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    'a',
    '0x1',
    '1a',
    '--1',
    '1-',
    '1\0',
    '٣',
  ]
  const tooLarge = [
    '9223372036854775808',
    '-9223372036854775809',
    '99999999999999999999',
    '1'.repeat(30),
    `-${'9'.repeat(20)}`,
  ]

  test('what is none, is none', () => {
    for (const text of [...refused, ...tooLarge]) {
      const args = argsOf(text)
      assert.equal(args.integer(0), NaN, text)
      assert.equal(args.bigint(0), null, text)
    }
  })

  test('the ends of int64 and of the safe integers', () => {
    assert.equal(argsOf(INT64_MAX).bigint(0), 0x7fff_ffff_ffff_ffffn)
    assert.equal(argsOf(INT64_MIN).bigint(0), -0x8000_0000_0000_0000n)
    assert.equal(argsOf(INT64_MAX).integer(0), NaN)
    assert.equal(argsOf('9007199254740991').integer(0), Number.MAX_SAFE_INTEGER)
    assert.equal(argsOf('-9007199254740991').integer(0), Number.MIN_SAFE_INTEGER)
    assert.equal(argsOf('9007199254740992').integer(0), NaN)
    assert.equal(argsOf('-9007199254740993').integer(0), NaN)
    assert.equal(argsOf('9007199254740993').bigint(0), 9007199254740993n)
  })

  test('every number reads back, with other bytes around it', () => {
    const int64 = fc.bigInt({ min: -0x8000_0000_0000_0000n, max: 0x7fff_ffff_ffff_ffffn })
    fc.assert(
      fc.property(fc.oneof(int64, fc.maxSafeInteger().map(BigInt)), (value) => {
        const text = Buffer.from(`7${value}7`)
        assert.equal(parseInt64(text, 1, text.length - 1), value)
        const number = Number(value)
        assert.equal(parseInteger(text, 1, text.length - 1), Number.isSafeInteger(number) ? number : NaN)
      }),
    )
  })

  test('other text than that of a number is refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '1', '9', '-', '+', ' ', '.'), maxLength: 22 }), (text) => {
        const bytes = Buffer.from(text)
        const isNumber = /^(0|-?[1-9][0-9]*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
        assert.equal(parseInt64(bytes, 0, bytes.length), isNumber ? BigInt(text) : null)
      }),
    )
  })
})
