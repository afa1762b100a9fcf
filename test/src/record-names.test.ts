import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { CAUSE, KIND } from '../../src/models/kinds.js'
import { causeName, datumMeaning, kindName } from '../../src/record-names.js'

/** They stand in logs: a code that changes makes old logs tell lies. */
const CODES = {
  ...{ set: 16, get: 17, incr: 18, mset: 19, mget: 20, del: 21, exists: 22, expire: 23, ttl: 24, persist: 25 },
  ...{ scan: 26, dbsize: 27, flushall: 28, 'flin.get': 29, 'flin.set': 30, multi: 31, discard: 32, watch: 33 },
  ...{ unwatch: 34, exec: 35, ping: 36, echo: 37, quit: 38, hello: 39, client: 40, info: 41, config: 42 },
  ...{ command: 43, shutdown: 44 },
}

test('names of causes', () => {
  for (const [name, code] of Object.entries(CODES)) assert.equal(causeName(code), name)
  for (const { name, code } of ALL_COMMANDS) {
    assert.equal(causeName(code), name)
    assert.ok(code >= 16 && code <= 0xffff, name)
  }
  assert.equal(causeName(CAUSE.expired), 'expired')
  assert.equal(causeName(65_000), '65000')
})

test('names of kinds, and what their datum is', () => {
  assert.deepEqual([1, 2, 3, 99].map(kindName), ['string', 'expiry', 'floor', '99'])
  assert.equal(datumMeaning(KIND.expiry, false), 'time')
  assert.equal(datumMeaning(KIND.expiry, true), 'offset')
  assert.equal(datumMeaning(KIND.string, true), 'offset')
  assert.equal(datumMeaning(KIND.list, false), 'id')
  assert.equal(datumMeaning(KIND.stream, false), 'id')
  assert.equal(datumMeaning(KIND.message, false), 'duration')
  assert.equal(datumMeaning(KIND.messageFloor, false), 'floor')
  assert.equal(datumMeaning(99, false), 'number')
})
