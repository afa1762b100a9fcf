import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  idArgument,
  intervalEnd,
  intervalStart,
  newIdArgument,
  replyId,
} from '../../../../src/commands/streams/id-text.js'
import { StreamId } from '../../../../src/models/streams/stream-id.js'
import { ReplyWriter } from '../../../../src/protocol/resp/reply-writer.js'
import { argsOf } from '../../../helpers/args.js'

const MAX = '18446744073709551615'
const id = new StreamId()

function parsed(text: string): string | null {
  try {
    return idArgument(argsOf(text), 0, id).toString()
  } catch {
    return null
  }
}

test('an id is read as Redis reads it: strictly, and where that fails as C does', () => {
  const cases: Record<string, string | null> = {
    ...{
      '5': '5-0',
      '5-7': '5-7',
      '0-0': '0-0',
      [`${MAX}-${MAX}`]: `${MAX}-${MAX}`,
      '9007199254740993': '9007199254740993-0',
    },
    ...{ '007-08': '7-8', ' 7-+5': '7-5', '\t1': '1-0', '1--05': '1-18446744073709551611', '+3': '3-0' },
    ...{ '': null, '-': null, '+': null, '-5': null, '1-': null, '-1': null, '1--5': null, '1-1-1': null, '1 ': null },
    ...{ '18446744073709551616': null, x: null, '1-x': null, '1-*': null, '*': null, '(1': null },
    ...{ [`${'0'.repeat(126)}1`]: '1-0', [`${'0'.repeat(127)}1`]: null },
  }
  for (const [text, expected] of Object.entries(cases)) assert.equal(parsed(text), expected, JSON.stringify(text))
})

test('what has no seq stands for the first one, or the last', () => {
  assert.equal(idArgument(argsOf('5'), 0, id, 'highest').toString(), `5-${MAX}`)
  assert.equal(intervalEnd(argsOf('5'), 0, id).toString(), `5-${MAX}`)
  assert.equal(intervalStart(argsOf('5'), 0, id).toString(), '5-0')
})

test('an interval may begin behind an id and end before it, or reach to its ends', () => {
  assert.equal(intervalStart(argsOf('-'), 0, id).toString(), '0-0')
  assert.equal(intervalStart(argsOf('+'), 0, id).toString(), `${MAX}-${MAX}`)
  assert.equal(intervalStart(argsOf('(5'), 0, id).toString(), '5-1')
  assert.equal(intervalEnd(argsOf('(5'), 0, id).toString(), '5-18446744073709551614')
  assert.equal(intervalEnd(argsOf('(5-0'), 0, id).toString(), `4-${MAX}`)
  assert.throws(() => intervalStart(argsOf(`(${MAX}-${MAX}`), 0, id), /invalid start ID for the interval/)
  assert.throws(() => intervalEnd(argsOf('(0-0'), 0, id), /invalid end ID for the interval/)
  for (const text of ['(', '((1', '(-', ''])
    assert.throws(() => intervalStart(argsOf(text), 0, id), /Invalid stream ID/)
})

test('the seq of a new id may be left to the stream', () => {
  assert.equal(newIdArgument(argsOf('5-*'), 0, id), false)
  assert.equal(id.toString(), '5-0')
  assert.equal(newIdArgument(argsOf('5-6'), 0, id), true)
  assert.equal(id.toString(), '5-6')
  for (const text of ['-*', '5-6-*', '*-*', '5--*', 'x-*', '5*']) {
    assert.throws(() => newIdArgument(argsOf(text), 0, id), /Invalid stream ID/, text)
  }
})

test('every id is read as it is written', () => {
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(u64, u64, (ms, seq) => {
      const text = `${ms}-${seq}`
      const writer = new ReplyWriter()
      replyId(writer, idArgument(argsOf(text), 0, id))
      assert.equal(writer.buffer.toString('latin1', 0, writer.length), `$${text.length}\r\n${text}\r\n`)
    }),
  )
})
