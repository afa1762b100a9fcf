import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlinError } from '../../segments/errors.js'
import { SEGMENT_SIZE_LIMIT } from '../../segments/format.js'
import {
  completeOptions,
  DEFAULT_LOG_OPTIONS,
  FSYNC_POLICIES,
  SEGMENT_SIZE_MIN,
  type LogOptions,
} from '../../segments/options.js'

function refused(options: Partial<LogOptions>): string {
  try {
    completeOptions(options)
  } catch (error) {
    assert.ok(error instanceof FlinError && error.code === 'BAD_SETTING', String(error))
    return error.message
  }
  return assert.fail('it was taken')
}

test('what is left out is as in the defaults, which stand the check', () => {
  assert.deepEqual(completeOptions({}), DEFAULT_LOG_OPTIONS)
  const now = (): number => 5
  assert.deepEqual(completeOptions({ fsync: 'no', now }), { ...DEFAULT_LOG_OPTIONS, fsync: 'no', now })
})

test('by default a write is on stable storage before it may be told', () => {
  assert.equal(DEFAULT_LOG_OPTIONS.fsync, 'always')
})

test('segment sizes: from the least to the largest, in whole words', () => {
  for (const segmentSize of [SEGMENT_SIZE_MIN, 4104, 1 << 20, SEGMENT_SIZE_LIMIT]) {
    assert.equal(completeOptions({ segmentSize }).segmentSize, segmentSize)
  }
  assert.equal(completeOptions({ segmentSize: 4097 }).segmentSize, 4104)
  for (const segmentSize of [0, -1, SEGMENT_SIZE_MIN - 1, SEGMENT_SIZE_LIMIT + 1, 4096.5, NaN, Infinity]) {
    refused({ segmentSize })
  }
})

test('a refusal names what is wrong, and what would be right, in sizes that can be read', () => {
  assert.equal(refused({ segmentSize: 12 }), 'the segment size must be 4 KiB to 3.99 GiB, not 12 bytes')
  assert.equal(refused({ cacheSize: -1 }), 'cacheSize must be a number of bytes, 0 or more, not -1')
})

test('sizes are whole and not negative', () => {
  for (const name of ['cacheSize', 'undurableSizeMax', 'reserveSize', 'memorySizeMax'] as const) {
    assert.equal(completeOptions({ [name]: 0 })[name], 0)
    for (const size of [-1, 0.5, NaN, Infinity]) assert.match(refused({ [name]: size }), new RegExp(`^${name} `))
  }
})

test('an fsync policy that does not exist is refused with those that do', () => {
  for (const fsync of FSYNC_POLICIES) assert.equal(completeOptions({ fsync }).fsync, fsync)
  const text = refused({ fsync: 'sometimes' as 'no' })
  for (const fsync of FSYNC_POLICIES) assert.ok(text.includes(fsync), text)
})
