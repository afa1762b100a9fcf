import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatches } from '../../../src/models/glob.js'
import { temporaryFolder } from '../../helpers/daemon.js'
import { needs } from '../../helpers/needs.js'
import { RedisServer } from '../../helpers/redis-server.js'
import { RespClient } from '../../helpers/resp-client.js'

function matches(pattern: string | Buffer, text: string | Buffer): boolean {
  const p = Buffer.from(pattern as string, 'latin1')
  const t = Buffer.from(text as string, 'latin1')
  return globMatches(p, 0, p.length, t, 0, t.length)
}

/** The same by plain recursion, over what a pattern consists of. */
function naive(pattern: readonly Part[], text: Buffer, p = 0, t = 0): boolean {
  const part = pattern[p]
  if (part === undefined) return t === text.length
  if (part === 'many') return naive(pattern, text, p + 1, t) || (t < text.length && naive(pattern, text, p, t + 1))
  return t < text.length && part.includes(text[t]!) && naive(pattern, text, p + 1, t + 1)
}

/** What matches one byte, or `*`. */
type Part = readonly number[] | 'many'

const ALL_BYTES = Array.from({ length: 256 }, (_, i) => i)
const special = Buffer.from('*?[]\\^-')
const quoted = (byte: number) => (special.includes(byte) ? [92, byte] : [byte])

const byte = fc.oneof(fc.constantFrom(97, 98, 99, 0, 255, 128), fc.constantFrom(...special))
/** A piece of a pattern with its meaning. */
const piece: fc.Arbitrary<{ readonly bytes: readonly number[]; readonly part: Part }> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ bytes: [42], part: 'many' as const }) },
  { weight: 2, arbitrary: fc.constant({ bytes: [63], part: ALL_BYTES }) },
  { weight: 4, arbitrary: byte.map((it) => ({ bytes: quoted(it), part: [it] })) },
  { weight: 1, arbitrary: fc.constantFrom(97, 98, 10).map((it) => ({ bytes: [92, it], part: [it] })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.boolean(), fc.array(fc.tuple(byte, fc.option(byte)), { maxLength: 3 }))
      .map(([not, items]) => {
        const members = new Set<number>()
        const bytes: number[] = []
        for (const [from, to] of items) {
          // A range takes its ends as they are; quoting is for single members.
          if (to === null || special.includes(from) || special.includes(to)) {
            members.add(from)
            bytes.push(92, from)
          } else {
            for (let b = Math.min(from, to); b <= Math.max(from, to); b++) members.add(b)
            bytes.push(from, 45, to)
          }
        }
        const part = ALL_BYTES.filter((it) => members.has(it) !== not)
        return { bytes: [91, ...(not ? [94] : []), ...bytes, 93], part }
      }),
  },
)
const text = fc.array(byte, { maxLength: 8 }).map((it) => Buffer.from(it))

test('a pattern matches what its pieces mean, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 7 }), text, (pieces, subject) => {
      const pattern = Buffer.from(pieces.flatMap((it) => it.bytes))
      const parts = pieces.map((it) => it.part)
      assert.equal(matches(pattern, subject), naive(parts, subject))
    }),
    { numRuns: 3000 },
  )
})

test('what lies around pattern and text does not matter', () => {
  const around = fc.array(byte, { maxLength: 3 }).map((it) => Buffer.from(it))
  const any = fc.array(byte, { maxLength: 7 }).map((it) => Buffer.from(it))
  fc.assert(
    fc.property(any, text, around, around, (pattern, subject, before, behind) => {
      const p = Buffer.concat([before, pattern, behind])
      const t = Buffer.concat([behind, subject, before])
      const from = before.length
      const found = globMatches(p, from, from + pattern.length, t, behind.length, behind.length + subject.length)
      assert.equal(found, matches(pattern, subject))
    }),
    { numRuns: 1000 },
  )
})

test('examples', () => {
  for (const [pattern, yes, no] of [
    ['h?llo', ['hello', 'hallo'], ['hllo', 'heello']],
    ['h*llo', ['hllo', 'heeeello'], ['hllox']],
    ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'hllo']],
    ['h[^e]llo', ['hallo', 'h^llo'], ['hello', 'hllo']],
    ['h[a-b]llo', ['hallo', 'hbllo'], ['hcllo', 'h-llo']],
    ['h[b-a]llo', ['hallo', 'hbllo'], ['hcllo']],
    ['\\*', ['*'], ['a', '\\*']],
    ['a\\', ['a\\'], ['a']],
    ['[abc', ['a', 'c'], ['[abc', 'd']],
    ['[^', ['a'], ['', 'aa']],
    ['[]', [], ['', ']', '[]']],
    ['[^]', ['a', ']'], ['']],
    ['[\\]]', [']'], ['\\']],
    ['user:*:name', ['user::name', 'user:1:name:name'], ['user:name']],
    ['', [''], ['a']],
    ['***', ['', 'a', 'abc'], []],
  ] as const) {
    for (const it of yes) assert.ok(matches(pattern, it), `${pattern} should match ${it}`)
    for (const it of no) assert.ok(!matches(pattern, it), `${pattern} should not match ${it}`)
  }
})

test('time stays in proportion to pattern times text', () => {
  const pattern = Buffer.from('a*'.repeat(50) + 'b')
  const subject = Buffer.alloc(2000, 'a')
  let reads = 0
  const counted = new Proxy(subject, {
    get: (target, name) => {
      reads++
      return target[Number(name)]
    },
  })
  assert.equal(globMatches(pattern, 0, pattern.length, counted, 0, 2000), false)
  assert.ok(reads <= pattern.length * subject.length, `${reads} reads`)
})

test('as redis-server matches: any pattern of ASCII', needs('redis-server'), async (t) => {
  const server = await RedisServer.start(temporaryFolder(t))
  t.after(() => server.stop())
  const client = await RespClient.connect(server.port)
  t.after(() => client.close())
  const character = fc.constantFrom('a', 'b', 'c', '-', '^', ']', '[', '\\', '*', '?', ':')
  const words = (maxLength: number) => fc.array(character, { maxLength }).map((it) => it.join(''))
  // An empty key is left out: there Redis's own shortcuts for `*` and `**` do not agree.
  const keys = [...new Set(fc.sample(words(5), { numRuns: 400, seed: 1 }))].filter((it) => it !== '')
  for (const a of 'abc-^][\\*?:') for (const b of ['', ...Array.from('abc-^][\\*?:')]) keys.push(a + b)
  await client.pipeline([...new Set(keys)].map((key) => ['SET', key, '']))
  const patterns = [...new Set(fc.sample(words(7), { numRuns: 1500, seed: 2 }))]
  const replies = await client.pipeline(patterns.map((pattern) => ['KEYS', pattern]))
  const all = [...new Set(keys)].sort()
  patterns.forEach((pattern, i) => {
    const expected = (replies[i] as string[]).sort()
    assert.deepEqual(
      all.filter((key) => matches(pattern, key)),
      expected,
      `pattern ${pattern}`,
    )
  })
})
