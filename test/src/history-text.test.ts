import assert from 'node:assert/strict'
import { test } from 'node:test'
import { historyText, parseHistory } from '../../src/history-text.js'

test('times, sizes, and two words', () => {
  assert.deepEqual(['none', 'FOREVER'].map(parseHistory), ['none', 'forever'])
  assert.deepEqual(['90s', '30m', '12h', '7d'].map(parseHistory), [
    { ms: 90_000 },
    { ms: 1_800_000 },
    { ms: 43_200_000 },
    { ms: 604_800_000 },
  ])
  assert.deepEqual(['64kb', '64MB', '2gb'].map(parseHistory), [{ size: 65_536 }, { size: 1 << 26 }, { size: 2 ** 31 }])
})

test('what could be either, or is neither, is refused', () => {
  for (const text of ['', '7', '7 d', '-1d', '1.5h', '64', '64b', '64k', 'd', '7days', 'yes', '99999999999d']) {
    assert.equal(parseHistory(text), null, text)
  }
})

test('it is shown in the largest unit that is exact', () => {
  for (const text of ['none', 'forever', '90s', '30m', '12h', '7d', '64kb', '3mb', '2gb']) {
    assert.equal(historyText(parseHistory(text)!), text)
  }
  assert.equal(historyText(parseHistory('3600s')!), '1h')
  assert.equal(historyText(parseHistory('2048kb')!), '2mb')
})
