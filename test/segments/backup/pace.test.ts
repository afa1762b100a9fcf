import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CopyPace } from '../../../segments/backup/pace.js'

/** A clock that goes on by sleeping only. */
function clock() {
  let time = 0
  return {
    now: () => time,
    sleep: (ms: number) => {
      time += ms
      return Promise.resolve()
    },
    work: (ms: number) => (time += ms),
  }
}

test('so many bytes take so long, whatever the pieces are', async () => {
  for (const piece of [100, 1000, 50_000]) {
    const it = clock()
    const pace = new CopyPace(100_000, it)
    for (let moved = 0; moved < 1_000_000; moved += piece) await pace.moved(piece)
    assert.ok(it.now() > 9900 && it.now() <= 10_000, String(it.now()))
  }
})

test('what the work takes is not waited for again, and idle time does not add up', async () => {
  const it = clock()
  const pace = new CopyPace(100_000, it)
  for (let i = 0; i < 10; i++) {
    it.work(5)
    await pace.moved(1000)
  }
  assert.ok(it.now() <= 110, String(it.now()))
  it.work(60_000)
  const idle = it.now()
  for (let i = 0; i < 10; i++) await pace.moved(10_000)
  assert.ok(it.now() - idle >= 890, String(it.now() - idle))
})

test('without a rate nothing is waited for', async () => {
  const it = clock()
  const pace = new CopyPace(0, it)
  await pace.moved(1 << 30)
  assert.equal(it.now(), 0)
})
