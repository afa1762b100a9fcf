import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES } from '../../segments/index.js'
import { EXIT_ADVICE, EXIT_CODES, EXIT_UNFORESEEN } from '../../src/exit-codes.js'

test('every exit code has its advice, none is that of a clean end or of what was not foreseen', () => {
  for (const [error, code] of Object.entries(EXIT_CODES)) {
    assert.ok((ERROR_CODES as readonly string[]).includes(error))
    assert.ok(code !== 0 && code !== 1 && code !== EXIT_UNFORESEEN)
    assert.ok(EXIT_ADVICE[code]!.length > 20, error)
  }
  assert.deepEqual(new Set(Object.values(EXIT_CODES)), new Set(Object.keys(EXIT_ADVICE).map(Number)))
})
