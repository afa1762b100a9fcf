import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diskFailure, ERROR_CODES, FlinError } from '../../segments/errors.js'

test('codes are distinct words in capitals', () => {
  assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length)
  for (const code of ERROR_CODES) assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
})

test('an error bears its code, its message and its cause', () => {
  const cause = new Error('below')
  const error = new FlinError('LOG_CLOSED', 'the log is closed', { cause })
  assert.ok(error instanceof Error)
  assert.deepEqual([error.name, error.code, error.message], ['FlinError', 'LOG_CLOSED', 'the log is closed'])
  assert.equal(error.cause, cause)
})

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it went wrong`), { code })
}

test('what the system says of a disk becomes an error of the disk, which names the call and keeps its cause', () => {
  for (const [system, code] of [
    ['EIO', 'DISK_FAILED'],
    ['EACCES', 'DISK_FAILED'],
    ['EISDIR', 'DISK_FAILED'],
    ['EROFS', 'DISK_FAILED'],
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
  ] as const) {
    const cause = systemError(system)
    const error = diskFailure(cause, 'reading the log')
    assert.ok(error instanceof FlinError)
    assert.equal(error.code, code)
    assert.equal(error.cause, cause)
    assert.ok(
      error.message.startsWith('reading the log failed') && error.message.includes(cause.message),
      error.message,
    )
  }
})

test('all else stays what it is', () => {
  const others = [
    new FlinError('LOG_CORRUPT', 'damaged'),
    new RangeError('out of range'),
    systemError('ERR_OUT_OF_RANGE'),
    Object.assign(new Error('a number'), { code: 5 }),
    'a string',
    undefined,
  ]
  for (const error of others) assert.equal(diskFailure(error, 'reading the log'), error)
})
