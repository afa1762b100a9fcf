import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Decoder } from '@redis/client/dist/lib/RESP/decoder.js'
import fc from 'fast-check'
import { REPLY_BUFFER_SIZE } from '../../../../src/protocol/reply-buffer.js'
import { ReplyWriter } from '../../../../src/protocol/resp/reply-writer.js'

type Write = (reply: ReplyWriter) => void

function written(protocol: 2 | 3, write: Write): string {
  const reply = new ReplyWriter()
  reply.protocol = protocol
  write(reply)
  return reply.buffer.toString('latin1', 0, reply.length)
}

/** The reply, its bytes in RESP2 and, where they differ, in RESP3. */
const bytes = Buffer.from('--value--')
const table: [string, Write, string, string?][] = [
  ['ok', (r) => r.ok(), '+OK\r\n'],
  ['pong', (r) => r.pong(), '+PONG\r\n'],
  ['queued', (r) => r.queued(), '+QUEUED\r\n'],
  ['simple', (r) => r.simple('Background saving started'), '+Background saving started\r\n'],
  ['error', (r) => r.error('ERR no such key'), '-ERR no such key\r\n'],
  ['error over lines', (r) => r.error("ERR got '\r', \n\r\n"), "-ERR got ' ',    \r\n"],
  ['error beyond ASCII', (r) => r.error('ERR é€'), '-ERR \xc3\xa9\xe2\x82\xac\r\n'],
  ['integer 0', (r) => r.integer(0), ':0\r\n'],
  ['integer -0', (r) => r.integer(-0), ':0\r\n'],
  ['integer 9', (r) => r.integer(9), ':9\r\n'],
  ['integer 10', (r) => r.integer(10), ':10\r\n'],
  ['integer -1', (r) => r.integer(-1), ':-1\r\n'],
  ['integer -2', (r) => r.integer(-2), ':-2\r\n'],
  ['integer 2^31', (r) => r.integer(2 ** 31), ':2147483648\r\n'],
  ['integer -(2^31)', (r) => r.integer(-(2 ** 31)), ':-2147483648\r\n'],
  ['largest integer', (r) => r.integer(Number.MAX_SAFE_INTEGER), ':9007199254740991\r\n'],
  ['smallest integer', (r) => r.integer(Number.MIN_SAFE_INTEGER), ':-9007199254740991\r\n'],
  ['bigint', (r) => r.bigint(-0x8000_0000_0000_0000n), ':-9223372036854775808\r\n'],
  ['bulk', (r) => r.bulk(bytes, 2, 7), '$5\r\nvalue\r\n'],
  ['bulk, all of a buffer', (r) => r.bulk(bytes, 0, 9), '$9\r\n--value--\r\n'],
  ['empty bulk', (r) => r.bulk(bytes, 2, 2), '$0\r\n\r\n'],
  ['bulk that is not copied byte by byte', (r) => r.bulk(Buffer.alloc(100, 65), 1, 99), `$98\r\n${'A'.repeat(98)}\r\n`],
  ['text', (r) => r.bulkText('value'), '$5\r\nvalue\r\n'],
  ['empty text', (r) => r.bulkText(''), '$0\r\n\r\n'],
  ['text beyond ASCII', (r) => r.bulkText('aé€😀'), '$10\r\na\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\r\n'],
  ['text of U+0080', (r) => r.bulkText('\x80'), '$2\r\n\xc2\x80\r\n'],
  ['half a surrogate pair', (r) => r.bulkText('\ud83d'), '$3\r\n\xef\xbf\xbd\r\n'],
  ['long text', (r) => r.bulkText('a'.repeat(500)), `$500\r\n${'a'.repeat(500)}\r\n`],
  ['long text beyond ASCII', (r) => r.bulkText('é'.repeat(500)), `$1000\r\n${'\xc3\xa9'.repeat(500)}\r\n`],
  ['number', (r) => r.bulkNumber(-120), '$4\r\n-120\r\n'],
  ['number 0', (r) => r.bulkNumber(0), '$1\r\n0\r\n'],
  ['number of 16 digits', (r) => r.bulkNumber(Number.MIN_SAFE_INTEGER), '$17\r\n-9007199254740991\r\n'],
  ['pair', (r) => r.bulkPair(1_764_358_000_123, 7), '$15\r\n1764358000123-7\r\n'],
  [
    'pair of the largest numbers',
    (r) => r.bulkPair(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    '$33\r\n9007199254740991-9007199254740991\r\n',
  ],
  ['number with a fraction', (r) => r.bulkNumber(0.1), '$3\r\n0.1\r\n'],
  ['nil', (r) => r.nil(), '$-1\r\n', '_\r\n'],
  ['nil array', (r) => r.nilArray(), '*-1\r\n', '_\r\n'],
  ['empty array', (r) => r.emptyArray(), '*0\r\n'],
  ['array', (r) => r.array(12), '*12\r\n'],
  ['map', (r) => r.map(6), '*12\r\n', '%6\r\n'],
  ['set', (r) => r.set(3), '*3\r\n', '~3\r\n'],
  ['push', (r) => r.push(3), '*3\r\n', '>3\r\n'],
  ['double', (r) => r.double(-1.5), '$4\r\n-1.5\r\n', ',-1.5\r\n'],
  ['small double', (r) => r.double(1e-7), '$5\r\n1e-07\r\n', ',1e-07\r\n'],
  ['infinity', (r) => r.double(Infinity), '$3\r\ninf\r\n', ',inf\r\n'],
  ['-infinity', (r) => r.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
  ['true', (r) => r.boolean(true), ':1\r\n', '#t\r\n'],
  ['false', (r) => r.boolean(false), ':0\r\n', '#f\r\n'],
  [
    'big number',
    (r) => r.bigNumber('-123456789012345678901'),
    '$22\r\n-123456789012345678901\r\n',
    '(-123456789012345678901\r\n',
  ],
  ['verbatim', (r) => r.verbatim('txt', 'a\r\né'), '$5\r\na\r\n\xc3\xa9\r\n', '=9\r\ntxt:a\r\n\xc3\xa9\r\n'],
  ['taken bytes', (r) => r.take(Buffer.from(':7\r\nmore'), 4), ':7\r\n'],
  ['raw', (r) => r.raw(Buffer.from('x:7\r\ny'), 1, 5), ':7\r\n'],
]

suite('exact bytes', () => {
  for (const [name, write, resp2, resp3] of table) {
    test(name, () => {
      assert.equal(written(2, write), resp2)
      assert.equal(written(3, write), resp3 ?? resp2)
    })
  }

  test('attributes are for RESP3 alone', () => {
    assert.equal(
      written(3, (r) => r.attribute(1)),
      '|1\r\n',
    )
    assert.throws(() => written(2, (r) => r.attribute(1)), /no attributes/)
  })

  test('what is no safe integer is refused, and nothing written', () => {
    const reply = new ReplyWriter()
    for (const n of [0.5, 9.5, NaN, Infinity, 2 ** 53, -(2 ** 53)]) {
      assert.throws(() => reply.integer(n), RangeError)
      assert.equal(reply.length, 0)
    }
  })

  test('bytes that are taken are not copied where nothing is written yet, and are held to the limit', () => {
    const reply = new ReplyWriter()
    reply.reset(Buffer.alloc(16))
    const bytes = Buffer.alloc(1010, 'x')
    reply.take(bytes, 1000)
    assert.equal(reply.buffer, bytes)
    assert.equal(reply.length, 1000)
    reply.take(Buffer.alloc(1010, 'x'), 1000)
    assert.notEqual(reply.buffer, bytes)
    assert.equal(reply.buffer.toString('latin1', 0, reply.length), 'x'.repeat(2000))
    reply.reset(Buffer.alloc(16))
    reply.sizeMax = 999
    reply.take(bytes, 1000)
    assert.ok(reply.isOverflown)
  })

  test('every reply, wherever the buffer ends', () => {
    for (const [name, write, resp2, resp3] of table) {
      for (const protocol of [2, 3] as const) {
        const wanted = protocol === 3 ? (resp3 ?? resp2) : resp2
        for (let room = 0; room <= wanted.length + 4; room++) {
          const reply = new ReplyWriter()
          reply.protocol = protocol
          // A buffer that is small by nature, full but for `room` bytes.
          reply.reset(Buffer.alloc(100 + room))
          reply.raw(Buffer.alloc(100, 'x'), 0, 100)
          write(reply)
          assert.equal(reply.buffer.toString('latin1', 0, reply.length), 'x'.repeat(100) + wanted, `${name}, ${room}`)
        }
      }
    }
  })
})

suite('the buffer', () => {
  test('begins empty, then has the pooled size, then doubles', () => {
    const reply = new ReplyWriter()
    assert.equal(reply.buffer.length, 0)
    reply.ok()
    assert.equal(reply.buffer.length, REPLY_BUFFER_SIZE)
    const sizes = new Set<number>()
    while (reply.length < 1 << 20) {
      reply.bulkText('v'.repeat(100))
      sizes.add(reply.buffer.length)
    }
    assert.deepEqual([...sizes], [16384, 32768, 65536, 131072, 262144, 524288, 1048576, 2097152].slice(0, sizes.size))
  })

  test('is used as given, up to its last byte', () => {
    const reply = new ReplyWriter()
    const buffer = Buffer.alloc(50)
    reply.reset(buffer)
    for (let i = 0; i < 10; i++) reply.ok()
    assert.equal(reply.buffer, buffer)
    assert.equal(buffer.toString(), '+OK\r\n'.repeat(10))
    reply.ok()
    assert.notEqual(reply.buffer, buffer)
    assert.equal(reply.buffer.toString('latin1', 0, reply.length), '+OK\r\n'.repeat(11))
  })

  test('what was begun can be taken back', () => {
    const reply = new ReplyWriter()
    reply.ok()
    const mark = reply.length
    reply.array(2)
    reply.bulkText('v'.repeat(100_000))
    reply.truncate(mark)
    reply.error('ERR failed')
    assert.equal(reply.buffer.toString('latin1', 0, reply.length), '+OK\r\n-ERR failed\r\n')
    reply.truncate(1000)
    assert.equal(reply.length, 18)
    reply.reset(Buffer.alloc(10))
    assert.equal(reply.length, 0)
  })
})

/** What node-redis reads from the bytes, given in pieces of `size`. */
function decoded(reply: ReplyWriter, size: number): unknown[] {
  const replies: unknown[] = []
  const decoder = new Decoder({
    onReply: (it: unknown) => replies.push(it),
    onErrorReply: (it) => replies.push(it.message),
    onPush: (it) => replies.push(it),
    getTypeMapping: () => ({ 36: Buffer }),
  })
  for (let at = 0; at < reply.length; at += size) {
    decoder.write(reply.buffer.subarray(at, Math.min(reply.length, at + size)))
  }
  return replies
}

suite('a real decoder reads it', () => {
  test('values of every size', () => {
    const reply = new ReplyWriter()
    const values: Buffer[] = []
    for (let size = 0; size < 200; size++) values.push(Buffer.alloc(size, size))
    for (let size = 256; size <= 8 << 20; size *= 2)
      values.push(Buffer.alloc(size - 1, size >> 8), Buffer.alloc(size, 'x'))
    const around = Buffer.concat([Buffer.from('<<'), ...values])
    let at = 2
    for (const value of values) {
      reply.bulk(around, at, at + value.length)
      at += value.length
    }
    assert.deepEqual(decoded(reply, reply.length), values)
  })

  test('any replies, one behind the other', () => {
    // node-redis loses the last digit of numbers near the ends of the safe ones.
    const integer = fc
      .maxSafeInteger()
      .map((n) => Math.trunc(n / 2) + 0) // no -0: RESP has none
      .map((n) => ({ write: (r: ReplyWriter) => r.integer(n), value: n }))
    const text = fc.string({ unit: 'binary', maxLength: 80 }).map((it) => ({
      write: (r: ReplyWriter) => r.bulkText(it),
      value: Buffer.from(it),
    }))
    const bulk = fc.uint8Array({ maxLength: 200 }).map((it) => ({
      write: (r: ReplyWriter) => r.bulk(Buffer.from(it), 0, it.length),
      value: Buffer.from(it),
    }))
    const nil = fc.constant({ write: (r: ReplyWriter) => r.nil(), value: null })
    const yes = fc.boolean().map((it) => ({ write: (r: ReplyWriter) => r.boolean(it), value: it }))
    const leaf = fc.oneof(integer, text, bulk, nil, yes)
    const array = fc.array(leaf, { maxLength: 20 }).map((all) => ({
      write: (r: ReplyWriter) => {
        r.array(all.length)
        for (const it of all) it.write(r)
      },
      value: all.map((it) => it.value),
    }))
    const replies = fc.array(fc.oneof(leaf, array), { maxLength: 20 })
    fc.assert(
      fc.property(replies, fc.integer({ min: 1, max: 50 }), (all, size) => {
        const reply = new ReplyWriter()
        reply.protocol = 3
        for (const it of all) it.write(reply)
        assert.deepEqual(
          decoded(reply, size),
          all.map((it) => it.value),
        )
      }),
    )
  })
})

test('what exceeds the limit is not kept, however much it is, and is told', () => {
  const writer = new ReplyWriter()
  writer.sizeMax = 100_000
  const value = Buffer.alloc(30_000)
  for (let i = 0; i < 3; i++) writer.bulk(value, 0, value.length)
  assert.ok(!writer.isOverflown)
  assert.ok(writer.length > 90_000)
  for (let i = 0; i < 1000; i++) {
    writer.bulk(value, 0, value.length)
    writer.integer(5)
    writer.bulkText('text')
  }
  assert.ok(writer.isOverflown)
  assert.ok(writer.buffer.length <= 200_000, `${writer.buffer.length} bytes`)
  // One that is larger than the limit by itself has to be written somewhere.
  writer.bulk(Buffer.alloc(300_000), 0, 300_000)
  assert.ok(writer.isOverflown)
})
