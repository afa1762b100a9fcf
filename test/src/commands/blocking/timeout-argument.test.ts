import assert from 'node:assert/strict'
import { test } from 'node:test'
import { millisecondsArgument, secondsArgument } from '../../../../src/commands/blocking/timeout-argument.js'
import { argsOf } from '../../../helpers/args.js'

const NO_FLOAT = /^ReplyError: ERR timeout is not a float or out of range$/
const NO_INTEGER = /^ReplyError: ERR timeout is not an integer or out of range$/
const NEGATIVE = /^ReplyError: ERR timeout is negative$/

test('seconds with a fraction, as ms, rounded up', () => {
  for (const [text, ms] of [
    ['0', 0],
    ['5', 5000],
    ['0.5', 500],
    ['.25', 250],
    ['2.', 2000],
    ['+1', 1000],
    ['007', 7000],
    ['1e-2', 10],
    ['1.0005', 1001],
    ['0.0001', 1],
    ['-0', 0],
    ['-0.0001', 0],
    ['9e15', 9e18],
  ] as const) {
    assert.equal(secondsArgument(argsOf('x', text), 1), ms, text)
  }
})

test('what is no number, or too large for the type that Redis has', () => {
  for (const text of ['', 'x', ' 1', '1 ', '1e', 'nan', '1_0', '1e5000', '1e-5000', '1'.repeat(5120)]) {
    assert.throws(() => secondsArgument(argsOf('x', text), 1), NO_FLOAT, text)
  }
  for (const text of ['-1', '-0.0021', '9.3e15', '9300000000000000000', '1e300', 'inf', '-inf', 'Infinity']) {
    assert.throws(() => secondsArgument(argsOf('x', text), 1), NEGATIVE, text)
  }
})

test('whole ms', () => {
  assert.equal(millisecondsArgument(argsOf('0'), 0), 0)
  assert.equal(millisecondsArgument(argsOf('12345'), 0), 12345)
  for (const text of ['', '1.5', '1e3', '01', '9223372036854775808']) {
    assert.throws(() => millisecondsArgument(argsOf(text), 0), NO_INTEGER, text)
  }
  assert.throws(() => millisecondsArgument(argsOf('-1'), 0), NEGATIVE)
})
