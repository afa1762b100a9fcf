import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyExpireTime, expireTime } from '../../../src/commands/expire-time.js'
import { argsOf } from '../../helpers/args.js'

const NOW = 1_700_000_000_000
const INVALID = /^ReplyError: ERR invalid expire time in 'set' command$/
const NO_INTEGER = /^ReplyError: ERR value is not an integer or out of range$/

const positive = (text: string, scale: number, base: number) => expireTime(argsOf(text), 0, scale, base, 'set')
const any = (text: string, scale: number, base: number) => anyExpireTime(argsOf(text), 0, scale, base, 'set')

test('seconds and milliseconds, from now on or since 1970', () => {
  assert.equal(positive('10', 1000, NOW), NOW + 10_000)
  assert.equal(positive('10', 1, NOW), NOW + 10)
  assert.equal(positive('1700000001', 1000, 0), 1_700_000_001_000)
  assert.equal(any('-10', 1000, NOW), NOW - 10_000)
  assert.equal(any('0', 1000, NOW), NOW)
})

test('what lies before all that a number can say has passed, as long as Redis can say it', () => {
  assert.equal(any('-9223372036854775808', 1, NOW), -Number.MAX_SAFE_INTEGER)
  assert.equal(any('-9223372036854775', 1000, NOW), -Number.MAX_SAFE_INTEGER)
  assert.throws(() => any('-9223372036854776', 1000, NOW), INVALID)
})

test('options take positive times only', () => {
  for (const text of ['0', '-1', '-9223372036854775808']) assert.throws(() => positive(text, 1, NOW), INVALID)
})

test('what is no integer is none; what is too far away is invalid', () => {
  for (const text of ['', 'x', '1.5', ' 1', '9223372036854775808']) {
    assert.throws(() => positive(text, 1, NOW), NO_INTEGER)
    assert.throws(() => any(text, 1, NOW), NO_INTEGER)
  }
  for (const text of ['9223372036854775807', '9007199254740991']) {
    assert.throws(() => positive(text, 1000, NOW), INVALID)
    assert.throws(() => any(text, 1, NOW), INVALID)
  }
  assert.throws(() => any('-9223372036854775807', 1000, NOW), INVALID)
  assert.equal(any('9007199254740991', 1, 0), Number.MAX_SAFE_INTEGER)
})
