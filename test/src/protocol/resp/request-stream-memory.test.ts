import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DEFAULT_REQUEST_LIMITS, RequestStream } from '../../../../src/protocol/resp/request-stream.js'
import { Feeder, multibulk } from './deliver.js'

const READ_SIZE = 64 * 1024

/** Runs `work` and tells how many bytes it has copied and which buffers it has made. */
function watched(work: (made: Buffer[]) => void): { copied: number } {
  const copy = Object.getOwnPropertyDescriptor(Buffer.prototype, 'copy')!
  const alloc = Object.getOwnPropertyDescriptor(Buffer, 'allocUnsafeSlow')!
  const made: Buffer[] = []
  let copied = 0
  Object.defineProperty(Buffer.prototype, 'copy', {
    ...copy,
    value(this: Buffer, ...args: [Uint8Array, number, number, number]): number {
      const size = (copy.value as Buffer['copy']).apply(this, args)
      copied += size
      return size
    },
  })
  Object.defineProperty(Buffer, 'allocUnsafeSlow', {
    ...alloc,
    value(size: number): Buffer {
      const buffer = (alloc.value as typeof Buffer.allocUnsafeSlow)(size)
      made.push(buffer)
      return buffer
    },
  })
  try {
    work(made)
  } finally {
    Object.defineProperty(Buffer.prototype, 'copy', copy)
    Object.defineProperty(Buffer, 'allocUnsafeSlow', alloc)
  }
  return { copied }
}

/** Feeds `input` in reads of `size` bytes; returns the number of requests. */
function feedAll(stream: RequestStream, input: Buffer, size: number, afterRead: () => void = () => undefined): number {
  let count = 0
  for (let at = 0; at < input.length; at += size) {
    stream.feed(input, at, Math.min(input.length, at + size))
    while (stream.next()) count++
    stream.retain()
    afterRead()
  }
  return count
}

suite('work grows with the input only', () => {
  test('a request of 100,000 arguments in small reads is neither parsed nor copied again', () => {
    const args = Array.from({ length: 100_001 }, (_, i) => (i === 0 ? 'MSET' : `value-${i}`))
    const input = multibulk(...args)
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    const { copied } = watched((made) => {
      let reads = 0
      const got = feedAll(stream, input, 4096, () => {
        reads++
        const own = made.at(-1)
        // Whoever parses this part a second time finds no request there.
        if (stream.bufferedSize > 0 && reads > 1) own!.fill('X', 0, 1000)
      })
      assert.equal(got, 1)
    })
    assert.ok(copied <= input.length * 4, `${copied} bytes copied of ${input.length}`)
  })

  test('all arguments are right when they came in pieces', () => {
    const args = Array.from({ length: 20_000 }, (_, i) => `value-${i}`)
    const input = multibulk(...args)
    for (const size of [7, 1000, READ_SIZE]) {
      const feeder = new Feeder()
      for (let at = 0; at < input.length; at += size) feeder.read(input.subarray(at, at + size))
      assert.deepEqual(feeder.outcome, { requests: [args], error: null })
    }
  })

  test('a large value is copied twice at most', () => {
    const input = multibulk('SET', 'k', Buffer.alloc(8 << 20, 'v'))
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    const { copied } = watched((made) => {
      assert.equal(feedAll(stream, input, READ_SIZE), 1)
      const sizes = made.map((it) => it.length)
      // Doubling, and in the end just what is needed.
      assert.ok(sizes.length < 12, sizes.join())
      assert.ok(sizes.at(-1)! <= input.length)
    })
    assert.ok(copied <= input.length * 3, `${copied} bytes copied of ${input.length}`)
  })

  for (const [name, one] of [
    ['of 64 B', multibulk('SET', 'key', 'v'.repeat(64))],
    ['with empty arguments', multibulk('', '', '')],
    ['of one word', multibulk('PING')],
    ['inline', Buffer.from('SET key 1\r\n')],
    ['inline and short', Buffer.from('x\n')],
  ] as const) {
    test(`of pipelined requests ${name} only those that were cut are copied`, () => {
      const input = Buffer.concat(Array<Buffer>(10_000).fill(one))
      // Each read ends one byte further on in a request.
      const size = one.length * 50 + 1
      const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
      const { copied } = watched(() => {
        assert.equal(feedAll(stream, input, size), 10_000)
      })
      // The parts of such a request, and once more what had come of it when it was moved to grow.
      const cuts = input.length / size
      assert.ok(copied <= cuts * one.length * 2, `${copied} bytes copied`)
    })
  }

  for (const [name, head] of [
    ['inline', 'foo '],
    ['count', '*'],
    ['size', '*1\r\n$'],
  ] as const) {
    test(`a line that never ends is looked at once: ${name}`, () => {
      const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
      watched((made) => {
        for (let i = 0; i < 100; i++) {
          const part = Buffer.from((i === 0 ? head : '').padEnd(100, '1'))
          stream.feed(part, 0, part.length)
          assert.equal(stream.next(), false)
          stream.retain()
          // Who looks again at what was seen, finds an end of the line.
          made.at(-1)!.fill('\r\n', 10, 20)
        }
      })
      assert.ok(stream.bufferedSize < 20_200)
    })
  }
})

/** A buffer of the pool is at most so much larger than asked for. */
const CLASS_WASTE_MAX = 1.25

suite('memory', () => {
  test('a stream without unread bytes holds none', () => {
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    const sizeOf = (it: RequestStream): number => it.bufferedSize
    assert.equal(sizeOf(stream), 0)
    const input = multibulk('SET', 'k', 'v'.repeat(5000))
    assert.equal(feedAll(stream, input, 100), 1)
    assert.equal(sizeOf(stream), 0)
    feedAll(stream, input.subarray(0, 2000), 1000)
    assert.ok(sizeOf(stream) >= 2000)
    stream.feed(input, 2000, input.length)
    assert.ok(stream.next())
    assert.equal(stream.next(), false)
    assert.equal(sizeOf(stream), 0)
  })

  for (const [name, head] of [
    ['size', '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n'],
    ['size of the last argument', '*1\r\n$536870912\r\n'],
    ['count', '*2147483647\r\n'],
    ['count and size', '*2147483647\r\n$536870912\r\n'],
  ] as const) {
    test(`a large ${name} alone costs nothing`, () => {
      const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
      const input = Buffer.from(head)
      feedAll(stream, input, input.length)
      assert.ok(stream.bufferedSize <= 1024, `${stream.bufferedSize}`)
      const bytes = Buffer.alloc(1000, '$0\r\n\r\n')
      for (let arrived = input.length; arrived < 1 << 20; arrived += 996) {
        stream.feed(bytes, 0, 996)
        assert.equal(stream.next(), false)
        stream.retain()
        // Indexes take 8 bytes an argument, of which 6 arrive at least; both grow by doubling, and the pool rounds up.
        const bytesMax = 2 * arrived * CLASS_WASTE_MAX
        const bound = name.startsWith('count') ? bytesMax + (16 / 6) * arrived : bytesMax
        assert.ok(stream.bufferedSize <= bound + 4096, `${stream.bufferedSize} for ${arrived}`)
      }
    })
  }

  test('a small rest does not hold the memory of what was before it', () => {
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    const input = Buffer.concat([multibulk('SET', 'k', 'v'.repeat(50_000)), multibulk('GET', 'abc')])
    const end = input.length - 5
    stream.feed(input, 0, end)
    assert.ok(stream.next())
    stream.unnext()
    stream.retain()
    assert.ok(stream.bufferedSize >= 50_000)
    assert.ok(stream.next())
    assert.equal(stream.next(), false)
    stream.retain()
    assert.ok(stream.bufferedSize <= 1024, `${stream.bufferedSize}`)
    stream.feed(input, end, input.length)
    assert.ok(stream.next())
    assert.equal(stream.args.text(1), 'abc')
  })

  test('a large request does not leave large indexes behind', () => {
    const stream = new RequestStream(DEFAULT_REQUEST_LIMITS)
    const input = multibulk(...Array<string>(100_000).fill('x'))
    stream.feed(input, 0, input.length)
    assert.ok(stream.next())
    assert.ok(stream.args.starts.length >= 100_000)
    stream.retain()
    const small = multibulk('PING')
    stream.feed(small, 0, small.length)
    assert.ok(stream.next())
    assert.ok(stream.args.starts.length <= 16_384)
  })

  test('streams do not mix, whatever each has begun', () => {
    const feeders = Array.from({ length: 5 }, () => new Feeder())
    const inputs = feeders.map((_, i) =>
      Buffer.concat([
        multibulk(`a${i}`, 'x', `y${i}`.repeat(i * 20)),
        multibulk(`b${i}`),
        Buffer.from(`c${i} "q"\r\n`),
      ]),
    )
    for (let at = 0; at < 300; at += 3) {
      for (const [i, feeder] of feeders.entries()) feeder.read(inputs[i]!.subarray(at, at + 3))
    }
    for (const [i, feeder] of feeders.entries()) {
      const requests = [[`a${i}`, 'x', `y${i}`.repeat(i * 20)], [`b${i}`], [`c${i}`, 'q']]
      assert.deepEqual(feeder.outcome, { requests, error: null })
    }
  })
})
