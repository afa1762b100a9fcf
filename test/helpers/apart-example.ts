/** Tests that run apart, one of which goes wrong in the way that the environment says: what apart.test.ts looks at. */
import assert from 'node:assert/strict'
import { apart } from './apart.js'

const { before, describe, test } = apart(import.meta.url)
const fault = process.env['FLIN_APART_FAULT']
let begun = 0

before(() => {
  begun++
})

describe('a group', () => {
  test('passes', (t) => {
    t.diagnostic(`begun ${begun} time`)
  })

  test('goes wrong', async (t) => {
    t.after(() => {
      assert.notEqual(fault, 'after')
    })
    assert.notEqual(fault, 'assertion')
    if (fault === 'exit') process.exit(0)
    if (fault === 'behind') setImmediate(() => assert.fail('behind its back'))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
  })
})
