import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Payload } from '../../../../src/protocol/binary/payload.js'
import { k, u16, u32, v } from '../../../helpers/binary-frames.js'

/** A payload that lies among other bytes, which must not be looked at. */
function opened(...parts: Buffer[]): Payload {
  const bytes = Buffer.concat(parts)
  const around = Buffer.alloc(bytes.length + 20, 0xff)
  bytes.copy(around, 7)
  const payload = new Payload()
  payload.open(around, 7, 7 + bytes.length)
  return payload
}

function text(payload: Payload): string {
  return payload.bytes.toString('latin1', payload.start, payload.stop)
}

test('parts come in order, each where it lies', () => {
  const payload = opened(u16(513), k('key'), v('value'), u32(0xfffffffe), k(''), v(''))
  assert.equal(payload.u16(), 513)
  payload.key()
  assert.equal(text(payload), 'key')
  const place = payload.at
  payload.value()
  assert.equal(text(payload), 'value')
  payload.at = place
  payload.value()
  assert.equal(text(payload), 'value')
  assert.equal(payload.u32(), 0xfffffffe)
  payload.key()
  assert.equal(text(payload), '')
  assert.ok(!payload.isAtEnd)
  payload.value()
  assert.equal(text(payload), '')
  assert.ok(payload.isAtEnd)
  payload.finish()
})

test('the longest key, and a value that is longer', () => {
  const payload = opened(k('x'.repeat(65_535)), v('y'.repeat(70_000)))
  payload.key()
  assert.equal(payload.stop - payload.start, 65_535)
  payload.value()
  assert.equal(payload.stop - payload.start, 70_000)
  payload.finish()
})

test('every truncation is refused, and so is every byte too many', () => {
  const whole = Buffer.concat([u16(1), k('key'), v('value'), u32(5)])
  const readAll = (payload: Payload): void => {
    payload.u16()
    payload.key()
    payload.value()
    payload.u32()
    payload.finish()
  }
  readAll(opened(whole))
  for (let size = 0; size < whole.length; size++) {
    assert.throws(() => readAll(opened(whole.subarray(0, size))), {
      code: 'PROTOCOL',
      message: /^malformed payload: \d+ bytes are announced where \d+ are left$/,
    })
  }
  assert.throws(() => readAll(opened(whole, Buffer.alloc(3))), { message: 'malformed payload: 3 bytes too many' })
  assert.throws(() => opened(u32(0xffffffff)).value(), {
    message: 'malformed payload: 4294967295 bytes are announced where 0 are left',
  })
})
