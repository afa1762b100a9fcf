import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stateText } from '../../../tools/log/verify.js'

const withoutSideFiles = { keyCount: 1, digest: 'a', indexedCount: 1, liveCount: 1 }
const withSideFiles = { ...withoutSideFiles, indexedCount: 2 }
const report = { withSideFiles, withoutSideFiles, isEqual: false }

test('side files that differ are to be removed when every segment is whole', () => {
  assert.match(stateText(report, 'intact'), /Remove the side files/)
})

test('those of a damaged log are to be kept: only they know which keys are hurt', () => {
  const text = stateText(report, 'corrupt')
  assert.match(text, /Keep them/)
  assert.doesNotMatch(text, /Remove/)
})
