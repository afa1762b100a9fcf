import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { STATUS } from '../../../../src/protocol/binary/opcodes.js'
import { BinaryReplyWriter } from '../../../../src/protocol/binary/reply-writer.js'
import { DONE, NOT_FOUND, parseBinaryReplies, reply, type BinaryReply } from '../../../helpers/binary-frames.js'

function written(write: (writer: BinaryReplyWriter) => void, buffer = Buffer.alloc(0)): Buffer {
  const writer = new BinaryReplyWriter()
  writer.reset(buffer)
  write(writer)
  return writer.buffer.subarray(0, writer.length)
}

const VALUE = Buffer.from('..value..')

const CASES: readonly [string, (writer: BinaryReplyWriter) => void, BinaryReply][] = [
  ['done', (it) => it.done(), DONE],
  ['not found', (it) => it.notFound(), NOT_FOUND],
  ['a value', (it) => it.value(VALUE, 2, 7), reply.value('value')],
  ['an empty value', (it) => it.value(VALUE, 2, 2), reply.value('')],
  ['a long value', (it) => it.value(Buffer.alloc(100_000, 'x'), 0, 100_000), reply.value('x'.repeat(100_000))],
  ['yes', (it) => it.flag(true), reply.flag(true)],
  ['no', (it) => it.flag(false), reply.flag(false)],
  ['an error', (it) => it.error('queue is empty'), reply.error('queue is empty')],
  ['an error with a word', (it) => it.error('OOM full'), reply.error('OOM full')],
  ['an error without one', (it) => it.error('ERR no'), reply.error('no')],
  ['an error beyond ASCII', (it) => it.error('é'), reply.error('\xc3\xa9')],
  [
    'several',
    (it) => {
      const mark = it.begin(STATUS.several)
      it.u16(2)
      it.part(VALUE, 2, 7)
      it.part(VALUE, 0, 0)
      assert.ok(it.end(mark))
    },
    reply.several('value', ''),
  ],
  [
    'a mixture',
    (it) => {
      const mark = it.begin(STATUS.ok)
      it.name('flin')
      it.u32(0xfffffffe)
      it.u16(0xabcd)
      it.end(mark)
    },
    reply.value('\0\x04flin\xff\xff\xff\xfe\xab\xcd'),
  ],
]

for (const [name, write, expected] of CASES) {
  test(`exact bytes: ${name}`, () => {
    assert.deepEqual(parseBinaryReplies(written(write)), [expected])
    // Among others, where the buffer has to grow at any point.
    for (let size = 0; size < 80; size++) {
      const all = written(
        (it) => {
          it.done()
          write(it)
          it.notFound()
        },
        Buffer.alloc(size, 0xee),
      )
      assert.deepEqual(parseBinaryReplies(all), [DONE, expected, NOT_FOUND])
    }
  })
}

test('every int64 is told exactly', () => {
  const safe = fc.maxSafeInteger()
  fc.assert(fc.property(safe, (n) => assert.deepEqual(parseBinaryReplies(written((it) => it.i64(n))), [reply.i64(n)])))
  const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  fc.assert(fc.property(any, (n) => assert.deepEqual(parseBinaryReplies(written((it) => it.i64(n))), [reply.i64(n)])))
  for (const n of [0, -1, 1, -(2 ** 32), 2 ** 32, 2 ** 31, -(2 ** 31) - 1]) {
    assert.deepEqual(parseBinaryReplies(written((it) => it.i64(n))), [reply.i64(n)])
  }
})

test('what exceeds the limit is not kept, and is told', () => {
  const writer = new BinaryReplyWriter()
  writer.sizeMax = 100_000
  const part = Buffer.alloc(30_000)
  const mark = writer.begin(STATUS.several)
  for (let i = 0; i < 50; i++) writer.part(part, 0, part.length)
  assert.ok(writer.end(mark))
  assert.ok(writer.isOverflown)
  // The pool rounds up by a quarter at most.
  assert.ok(writer.buffer.length <= 125_000)
})

test('what was begun can be taken back', () => {
  const bytes = written((it) => {
    it.done()
    const mark = it.begin(STATUS.several)
    it.part(VALUE, 0, 5)
    it.truncate(mark)
    it.error('no')
  })
  assert.deepEqual(parseBinaryReplies(bytes), [DONE, reply.error('no')])
})
