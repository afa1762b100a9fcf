import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RequestStream, DEFAULT_REQUEST_LIMITS } from '../../../../src/protocol/resp/request-stream.js'
import { cases, type Case } from './cases.js'
import { deliver, Feeder, multibulk, type Outcome } from './deliver.js'

/** Cutting every byte of what is longer is left to the places that matter. */
const SHORT = 2000

function expected(it: Case, before: string[][] = [], after: string[][] = []): Outcome {
  const isEnded = it.error === undefined && it.isOpen === undefined
  return { requests: [...before, ...it.requests, ...(isEnded ? after : [])], error: it.error ?? null }
}

function run(it: Case, input: Buffer, cuts: readonly number[]): Outcome {
  return deliver(input, cuts, it.limits, it.isUnauthenticated === undefined)
}

/** Every position of a short input; of a long one those near its ends and near powers of two. */
function cutsOf(size: number): number[] {
  const all: number[] = []
  for (let at = 1; at < size; at++) {
    if (size <= SHORT || at < 20 || at > size - 20 || [4096, 16384, 32768, 65536].includes(at)) all.push(at)
  }
  return all
}

suite('every case', () => {
  for (const it of cases) {
    const input = Buffer.from(it.input, 'latin1')

    test(`whole: ${it.name}`, () => {
      assert.deepEqual(run(it, input, []), expected(it))
    })

    test(`byte by byte: ${it.name}`, () => {
      const cuts = Array.from({ length: input.length }, (_, i) => i)
      assert.deepEqual(run(it, input, cuts), expected(it))
    })

    test(`cut in two at every point: ${it.name}`, () => {
      for (const cut of cutsOf(input.length)) assert.deepEqual(run(it, input, [cut]), expected(it), `at ${cut}`)
    })

    test(`cut in three at many points: ${it.name}`, () => {
      const cuts = cutsOf(input.length)
      if (cuts.length > 60 || input.length > SHORT) return
      for (const first of cuts) {
        for (const second of cuts) {
          if (second <= first) continue
          assert.deepEqual(run(it, input, [first, second]), expected(it), `at ${first} and ${second}`)
        }
      }
    })

    test(`among others, cut at every point: ${it.name}`, () => {
      const before = Buffer.concat([multibulk('SET', 'k', 'v'.repeat(30)), Buffer.from('PING\r\n')])
      const after = multibulk('GET', 'k')
      const all = Buffer.concat([before, input, ...(it.isOpen === undefined ? [after] : [])])
      const wanted = expected(it, [['SET', 'k', 'v'.repeat(30)], ['PING']], [['GET', 'k']])
      // Where a single request may only be small, these are as well.
      if (it.limits !== undefined) return
      for (const cut of [0, ...cutsOf(all.length)]) assert.deepEqual(run(it, all, [cut]), wanted, `at ${cut}`)
    })
  }
})

suite('giving back', () => {
  const requests = [['SET', 'a', '1'], ['GET', 'a'], ['PING'], ['ECHO', 'x'.repeat(300)], ['DEL', 'a b']]
  const input = Buffer.concat([
    multibulk(...requests[0]!),
    multibulk(...requests[1]!),
    Buffer.from('PING\r\n'),
    multibulk(...requests[3]!),
    Buffer.from('DEL "a b"\r\n'),
  ])

  test('a request given back comes again, before and after retain(), wherever the input is cut', () => {
    for (let cut = 0; cut <= input.length; cut++) {
      for (let which = 0; which < requests.length; which++) {
        const feeder = new Feeder()
        feeder.read(input.subarray(0, cut), Infinity, (i) => i === which)
        feeder.read(input.subarray(cut), Infinity, (i) => i === which)
        feeder.drain()
        assert.deepEqual(feeder.outcome, { requests, error: null }, `cut at ${cut}, request ${which}`)
      }
    }
  })

  test('requests that are not asked for are kept, however many reads they come in', () => {
    const feeder = new Feeder()
    const round = Buffer.concat(Array<Buffer>(20).fill(input))
    for (let at = 0; at < round.length; at += 700) feeder.read(round.subarray(at, at + 700), at % 3)
    feeder.drain()
    assert.deepEqual(feeder.outcome.requests, Array<string[][]>(20).fill(requests).flat())
    feeder.stream.retain()
    assert.equal(feeder.stream.bufferedSize, 0)
  })

  test('only the last request can be given back, and only once', () => {
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    assert.throws(() => stream.unnext(), /without a request/)
    stream.feed(input, 0, input.length)
    assert.ok(stream.next())
    stream.unnext()
    assert.throws(() => stream.unnext(), /without a request/)
    assert.ok(stream.next())
    stream.retain()
    assert.throws(() => stream.unnext(), /without a request/)
  })

  test('feeding over unread bytes is refused', () => {
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    stream.feed(input, 0, 10)
    assert.equal(stream.next(), false)
    assert.throws(() => stream.feed(input, 10, 20), /without retain/)
    stream.retain()
    stream.feed(input, 10, input.length)
    assert.throws(() => stream.feed(input, 0, 1), /without retain/)
    const got: string[] = []
    while (stream.next()) got.push(stream.args.text(0))
    assert.deepEqual(got, ['SET', 'GET', 'PING', 'ECHO', 'DEL'])
  })
})

suite('frames', () => {
  test('the frame is the raw request, also behind what was kept', () => {
    const first = multibulk('SET', 'a', '1')
    const second = multibulk('GET', 'abc')
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    const all = Buffer.concat([first, second])
    for (const cut of [0, 5, first.length, first.length + 5]) {
      const frames: Buffer[] = []
      for (const [from, to] of [
        [0, cut],
        [cut, all.length],
      ] as const) {
        stream.feed(all, from, to)
        while (stream.next()) frames.push(stream.args.buf.subarray(stream.frameStart, stream.frameEnd))
        stream.retain()
      }
      assert.deepEqual(frames, [first, second])
    }
  })

  test('the frame of a quoted line holds its words', () => {
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    const input = Buffer.from('PING\r\nSET "a b" \'c\'\r\n')
    stream.feed(input, 0, input.length)
    assert.ok(stream.next())
    assert.equal(input.toString('latin1', stream.frameStart, stream.frameEnd), 'PING\r\n')
    assert.ok(stream.next())
    assert.equal(stream.args.buf.toString('latin1', stream.frameStart, stream.frameEnd), 'SETa bc')
  })
})

test('limits may change between requests', () => {
  const limits = { ...DEFAULT_REQUEST_LIMITS }
  const stream = new RequestStream(limits)
  const input = multibulk('SET', 'a', '12345')
  stream.feed(input, 0, input.length)
  assert.ok(stream.next())
  stream.retain()
  limits.bulkSizeMax = 4
  stream.feed(input, 0, input.length)
  assert.throws(() => stream.next(), { code: 'PROTOCOL', message: 'Protocol error: invalid bulk length' })
})
