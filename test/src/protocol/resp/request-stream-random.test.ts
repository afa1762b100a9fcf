import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deliver, Feeder, multibulk } from './deliver.js'

const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((it) => Buffer.from(it).toString('latin1'))

/** Mostly small arguments; some larger than a read, so that requests lie across several. */
const argument = fc.oneof(
  { weight: 20, arbitrary: bytes(40) },
  { weight: 4, arbitrary: fc.constantFrom('', '\r\n', '$1\r\n', '*1\r\n', '"', '\n') },
  { weight: 1, arbitrary: fc.integer({ min: 900, max: 200_000 }).map((size) => '\r\n*1$'.repeat(size / 5)) },
)

const multibulkRequest = fc
  .array(argument, { minLength: 1, maxLength: 12 })
  .map((args) => ({ args: [args], input: multibulk(...args) }))

/** One of the ways to write a word in a line. */
function quoted(word: string, way: number): string {
  if (way === 0 && word !== '' && !/[\0-\x20"']/.test(word)) return word
  if (way === 1 && !/[\\'\n]/.test(word)) return `'${word}'`
  const hex = (unit: string): string => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`
  if (way === 2) return `"${word.replace(/[^]/g, hex)}"`
  return `"${word.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`
}

const inlineRequest = fc
  .tuple(
    fc.array(fc.tuple(bytes(20), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 6 }),
    fc.constantFrom('\n', '\r\n', ' \r\n'),
    fc.constantFrom(' ', '  ', '\t'),
  )
  // A line that begins with a star is no line.
  .filter(([words]) => words[0]![1] !== 0 || !words[0]![0].startsWith('*'))
  .map(([words, lineEnd, space]) => ({
    args: [words.map(([word]) => word)],
    input: Buffer.from(words.map(([word, way]) => quoted(word, way)).join(space) + lineEnd, 'latin1'),
  }))

const emptyRequest = fc
  .constantFrom('*0\r\n', '*-1\r\n', '\r\n', '\n', '  \r\n')
  .map((input) => ({ args: [] as string[][], input: Buffer.from(input) }))

const stream = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: multibulkRequest },
    { weight: 3, arbitrary: inlineRequest },
    { weight: 1, arbitrary: emptyRequest },
  ),
  { maxLength: 12 },
)

/** Where to cut, in shares of the whole. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

function positions(shares: number[], size: number): number[] {
  return shares.map((share) => Math.floor(share * size)).sort((a, b) => a - b)
}

test('what was encoded is read, however it is cut', () => {
  fc.assert(
    fc.property(stream, cuts, (requests, shares) => {
      const input = Buffer.concat(requests.map((it) => it.input))
      const outcome = deliver(input, positions(shares, input.length))
      assert.deepEqual(outcome, { requests: requests.flatMap((it) => it.args), error: null })
    }),
    { numRuns: 500 },
  )
})

test('also when requests are given back and reading stops now and then', () => {
  const visits = fc.array(fc.record({ take: fc.integer({ min: 0, max: 4 }), giveBack: fc.integer({ min: 0, max: 5 }) }))
  fc.assert(
    fc.property(stream, cuts, visits, (requests, shares, plans) => {
      const input = Buffer.concat(requests.map((it) => it.input))
      const feeder = new Feeder()
      let at = 0
      let round = 0
      for (const cut of [...positions(shares, input.length), input.length]) {
        while (at < cut) {
          const end = Math.min(cut, at + 64 * 1024)
          const plan = plans[round++] ?? { take: Infinity, giveBack: -1 }
          feeder.read(input.subarray(at, end), plan.take, (i) => i === plan.giveBack)
          at = end
        }
      }
      feeder.drain()
      assert.deepEqual(feeder.outcome, { requests: requests.flatMap((it) => it.args), error: null })
      feeder.stream.retain()
      assert.equal(feeder.stream.bufferedSize, 0)
    }),
    { numRuns: 500 },
  )
})

test('any bytes have the same outcome however they are cut', () => {
  const parts = [
    '*',
    '$',
    '\r\n',
    '\r',
    '\n',
    '1',
    '2',
    '3',
    '-',
    '"',
    "'",
    '\\x',
    'a',
    ' ',
    '*2\r\n$1\r\na\r\n',
    '$2\r\nab\r\n',
  ]
  const input = fc.array(fc.constantFrom(...parts), { maxLength: 30 }).map((it) => Buffer.from(it.join('')))
  fc.assert(
    fc.property(input, cuts, (it, shares) => {
      const whole = deliver(it, [])
      assert.deepEqual(deliver(it, positions(shares, it.length)), whole)
      assert.deepEqual(deliver(it, [...it.keys()]), whole)
    }),
    { numRuns: 2000 },
  )
})
