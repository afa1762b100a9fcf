import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { BinaryRequestStream } from '../../../../src/protocol/binary/request-stream.js'
import { ask, binaryFrame, k, u32 } from '../../../helpers/binary-frames.js'
import { deliver, Feeder, type Outcome } from './deliver.js'

interface Case {
  readonly name: string
  readonly input: Buffer
  readonly outcome: Outcome
  readonly querySizeMax?: number
  readonly authenticated?: boolean
}

const CASES: readonly Case[] = [
  { name: 'nothing', input: Buffer.alloc(0), outcome: { requests: [], error: null } },
  { name: 'an empty payload', input: Buffer.from([7, 0, 0, 0, 0]), outcome: { requests: [[7, '']], error: null } },
  {
    name: 'every opcode is a request here, also those that mean something to others',
    input: Buffer.concat([0x00, 0x0a, 0x0d, 0x16, 0x2a, 0xff].map((opcode) => binaryFrame(opcode, 'x'))),
    outcome: { requests: [0x00, 0x0a, 0x0d, 0x16, 0x2a, 0xff].map((opcode) => [opcode, 'x']), error: null },
  },
  {
    name: 'several, one behind the other',
    input: Buffer.concat([ask.set('k', 'v'), ask.get('key'), ask.del('')]),
    outcome: {
      requests: [
        [1, '\0\x01k\0\0\0\x01v'],
        [2, '\0\x03key'],
        [3, '\0\0'],
      ],
      error: null,
    },
  },
  {
    name: 'a payload that looks like requests',
    input: binaryFrame(1, ask.get('a'), ask.get('b')),
    outcome: { requests: [[1, '\x02\0\0\0\x03\0\x01a\x02\0\0\0\x03\0\x01b']], error: null },
  },
  { name: 'a header that is not whole', input: Buffer.from([1, 0, 0, 0]), outcome: { requests: [], error: null } },
  {
    name: 'a payload that is not whole, behind a request that is',
    input: Buffer.concat([ask.get('a'), Buffer.from([1, 0, 0, 0, 3, 65, 66])]),
    outcome: { requests: [[2, '\0\x01a']], error: null },
  },
  {
    name: 'a payload of just the limit',
    input: binaryFrame(1, 'x'.repeat(10)),
    querySizeMax: 10,
    outcome: { requests: [[1, 'x'.repeat(10)]], error: null },
  },
  {
    name: 'a payload beyond the limit, behind one that is not',
    input: Buffer.concat([binaryFrame(2, 'abc'), Buffer.from([1]), u32(11), Buffer.from('what follows')]),
    querySizeMax: 10,
    outcome: { requests: [[2, 'abc']], error: 'a payload has at most 10 bytes, not 11' },
  },
  {
    name: 'the largest size that can be told',
    input: Buffer.from([1, 255, 255, 255, 255, 65]),
    outcome: { requests: [], error: 'a payload has at most 1073741824 bytes, not 4294967295' },
  },
  {
    name: 'the largest payload before the password',
    input: binaryFrame(1, 'x'.repeat(16_384)),
    authenticated: false,
    outcome: { requests: [[1, 'x'.repeat(16_384)]], error: null },
  },
  {
    name: 'a larger one before the password',
    input: Buffer.concat([Buffer.from([1]), u32(16_385)]),
    authenticated: false,
    outcome: {
      requests: [],
      error: 'a payload has at most 16384 bytes before HELLO has brought the password, not 16385',
    },
  },
  {
    name: 'larger than a read of 64 KiB',
    input: Buffer.concat([ask.get('a'), binaryFrame(1, 'ab'.repeat(50_000)), ask.get('b')]),
    outcome: {
      requests: [
        [2, '\0\x01a'],
        [1, 'ab'.repeat(50_000)],
        [2, '\0\x01b'],
      ],
      error: null,
    },
  },
]

suite('every case', () => {
  for (const { name, input, outcome, querySizeMax, authenticated } of CASES) {
    const run = (cuts: readonly number[]): Outcome => deliver(input, cuts, querySizeMax, authenticated)

    test(`whole: ${name}`, () => {
      assert.deepEqual(run([]), outcome)
    })

    test(`byte by byte: ${name}`, () => {
      assert.deepEqual(run(Array.from(input.keys())), outcome)
    })

    test(`cut in two at every point: ${name}`, () => {
      for (let cut = 1; cut < input.length; cut++) {
        if (input.length > 1000 && cut > 30 && cut < input.length - 30 && cut % 4099 > 1) continue
        assert.deepEqual(run([cut]), outcome, `at ${cut}`)
      }
    })

    test(`cut in three at every two points: ${name}`, () => {
      if (input.length > 100) return
      for (let one = 1; one < input.length; one++) {
        for (let two = one + 1; two < input.length; two++) assert.deepEqual(run([one, two]), outcome, `${one}, ${two}`)
      }
    })
  }
})

const requests = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.oneof(
      { weight: 10, arbitrary: fc.uint8Array({ maxLength: 60 }).map((it) => Buffer.from(it).toString('latin1')) },
      { weight: 1, arbitrary: fc.integer({ min: 1000, max: 200_000 }).map((size) => 'payload'.repeat(size / 7)) },
    ),
  ),
  { maxLength: 12 },
)
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

function framesOf(all: readonly (readonly [number, string])[]): Buffer {
  return Buffer.concat(all.map(([opcode, payload]) => binaryFrame(opcode, payload)))
}

test('what was sent is read, however it is cut, stopped and given back', () => {
  fc.assert(
    fc.property(requests, shares, fc.array(fc.nat(4), { maxLength: 5 }), (all, cuts, turns) => {
      const input = framesOf(all)
      const feeder = new Feeder()
      const points = [...cuts.map((share) => Math.floor(share * input.length)), input.length].sort((a, b) => a - b)
      let at = 0
      let turn = 0
      for (const point of points) {
        while (at < point) {
          const end = Math.min(point, at + 64 * 1024)
          const take = turns.length === 0 ? Infinity : turns[turn++ % turns.length]!
          feeder.read(input.subarray(at, end), take, turn % 3)
          at = end
        }
      }
      feeder.drain()
      feeder.stream.retain()
      assert.deepEqual(feeder.outcome, { requests: all, error: null })
      assert.equal(feeder.stream.bufferedSize, 0)
    }),
  )
})

test('any bytes have the same outcome however they are cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), shares, (bytes, cuts) => {
      const input = Buffer.from(bytes)
      // Sizes of random bytes would be beyond nearly every input.
      for (let at = 1; at + 3 < input.length; at += 40) input.fill(0, at, at + 3)
      const points = cuts.map((share) => Math.floor(share * input.length)).sort((a, b) => a - b)
      assert.deepEqual(deliver(input, points, 1000), deliver(input, [], 1000))
    }),
  )
})

suite('giving back', () => {
  const all: [number, string][] = [
    [1, 'one'],
    [2, ''],
    [3, 'three'.repeat(100)],
    [4, 'four'],
  ]
  const input = framesOf(all)

  test('a request given back comes again, wherever the input is cut', () => {
    for (let cut = 0; cut <= input.length; cut++) {
      for (let which = 0; which < all.length; which++) {
        const feeder = new Feeder()
        feeder.read(input.subarray(0, cut), Infinity, which)
        feeder.read(input.subarray(cut), Infinity, which)
        feeder.drain()
        assert.deepEqual(feeder.outcome, { requests: all, error: null }, `cut at ${cut}, request ${which}`)
      }
    }
  })

  test('only the last request, and only once', () => {
    const stream = new BinaryRequestStream({ querySizeMax: 1000 })
    assert.throws(() => stream.unnext(), /without a request/)
    stream.feed(input, 0, input.length)
    assert.ok(stream.next())
    stream.unnext()
    assert.throws(() => stream.unnext(), /without a request/)
    stream.retain()
    stream.feed(input, 0, 1)
    assert.throws(() => stream.feed(input, 1, 2), /without retain/)
  })
})

suite('memory', () => {
  test('a large size alone costs nothing; memory grows with what has arrived', () => {
    const stream = new BinaryRequestStream({ querySizeMax: 1 << 30 })
    const head = Buffer.concat([Buffer.from([1]), u32(1 << 30)])
    stream.feed(head, 0, head.length)
    assert.equal(stream.next(), false)
    stream.retain()
    assert.ok(stream.bufferedSize <= 256)
    const bytes = Buffer.alloc(1000)
    for (let arrived = head.length + 1000; arrived < 1 << 20; arrived += 1000) {
      stream.feed(bytes, 0, 1000)
      assert.equal(stream.next(), false)
      stream.retain()
      // It grows by doubling, and the pool rounds up by a quarter at most.
      assert.ok(stream.bufferedSize <= 2.5 * arrived, `${stream.bufferedSize} for ${arrived}`)
    }
  })

  test('a large value in reads of 64 KiB ends in memory of its own size, and leaves none', () => {
    const input = ask.set('k', Buffer.alloc(8 << 20, 'v'))
    const stream = new BinaryRequestStream({ querySizeMax: 1 << 30 })
    let held = 0
    let count = 0
    for (let at = 0; at < input.length; at += 65_536) {
      stream.feed(input, at, Math.min(input.length, at + 65_536))
      while (stream.next()) count++
      stream.retain()
      held = Math.max(held, stream.bufferedSize)
    }
    assert.equal(count, 1)
    assert.ok(held <= input.length, `${held}`)
    assert.equal(stream.bufferedSize, 0)
  })

  test('a small rest does not hold the memory of what was before it', () => {
    const input = Buffer.concat([ask.set('k', 'v'.repeat(50_000)), ask.get('abc')])
    const stream = new BinaryRequestStream({ querySizeMax: 1 << 30 })
    stream.feed(input, 0, input.length - 2)
    assert.ok(stream.next())
    stream.unnext()
    stream.retain()
    assert.ok(stream.bufferedSize >= 50_000)
    assert.ok(stream.next())
    assert.equal(stream.next(), false)
    stream.retain()
    assert.ok(stream.bufferedSize <= 512, `${stream.bufferedSize}`)
    stream.feed(input, input.length - 2, input.length)
    assert.ok(stream.next())
    assert.equal(stream.bytes.toString('latin1', stream.payloadStart, stream.payloadEnd), '\0\x03abc')
  })
})

test('the limit may change between requests', () => {
  const limits = { querySizeMax: 100 }
  const stream = new BinaryRequestStream(limits)
  const input = binaryFrame(1, '12345')
  stream.feed(input, 0, input.length)
  assert.ok(stream.next())
  stream.retain()
  limits.querySizeMax = 4
  stream.feed(input, 0, input.length)
  assert.throws(() => stream.next(), { code: 'PROTOCOL', message: 'a payload has at most 4 bytes, not 5' })
})

suite('keys ahead', () => {
  /** The keys that are seen from the request on that is read after `skip` others. */
  function ahead(input: Buffer, { max = 16, skip = 0, end = input.length } = {}): string[] {
    const stream = new BinaryRequestStream({ querySizeMax: 1 << 30 })
    stream.feed(input, 0, end)
    for (let i = 0; i <= skip; i++) assert.ok(stream.next())
    const [starts, ends] = [new Int32Array(max), new Int32Array(max)]
    const count = stream.keysAhead(starts, ends)
    // Nothing is used up by looking.
    const { opcode } = stream
    stream.unnext()
    assert.ok(stream.next())
    assert.equal(stream.opcode, opcode)
    return Array.from({ length: count }, (_, n) => stream.bytes.toString('latin1', starts[n], ends[n]))
  }

  const singles = Buffer.concat([
    ask.set('a', 'v'),
    ask.get('bb'),
    ask.del(''),
    ask.exists('c'),
    ask.incr('d'),
    ask.decr('e'),
  ])

  test('of all requests with one key', () => {
    assert.deepEqual(ahead(singles), ['a', 'bb', '', 'c', 'd', 'e'])
    assert.deepEqual(ahead(singles, { skip: 4 }), ['d', 'e'])
  })

  test('no more than are asked for', () => {
    assert.deepEqual(ahead(singles, { max: 2 }), ['a', 'bb'])
  })

  test('of whole requests only', () => {
    const first = ask.get('a')
    const both = Buffer.concat([first, ask.set('b', 'value')])
    for (let end = first.length; end < both.length; end++) assert.deepEqual(ahead(both, { end }), ['a'], `${end} bytes`)
    assert.deepEqual(ahead(both), ['a', 'b'])
  })

  test('up to the first request that has none, or several', () => {
    for (const other of [ask.mget('b'), ask.hello(1), binaryFrame(0x20, k('b')), binaryFrame(0)]) {
      assert.deepEqual(ahead(Buffer.concat([ask.get('a'), other, ask.get('c')])), ['a'])
      assert.deepEqual(ahead(Buffer.concat([other, ask.get('c')])), [])
    }
  })

  test('up to the first payload that holds no key', () => {
    for (const payload of ['', '\0', '\0\x02x', '\xff\xff']) {
      assert.deepEqual(ahead(Buffer.concat([ask.get('a'), binaryFrame(2, payload), ask.get('c')])), ['a'])
    }
  })
})
