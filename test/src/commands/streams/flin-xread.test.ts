import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DurableBench } from '../../../helpers/durable-bench.js'
import { Random } from '../../../helpers/random.js'
import type { Argument, Reply } from '../../../helpers/resp-client.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

const BEGAN_MS = 1_700_000_000_000
const NOTHING: Reply = { nil: 'array' }

interface Written {
  readonly offset: number
  readonly timeMs: number
  readonly id: string
}

function told(entries: readonly Written[], max = Infinity): Reply {
  if (entries.length === 0) return NOTHING
  return entries.slice(0, max).map(({ offset, id }) => [offset, id, ['n', id]])
}

test('entries are read from an offset, from a time, from the first: as a naive one is, from memory and from disk', async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = new Random(seed)
    let nowMs = BEGAN_MS
    const bench = await DurableBench.open(new SimDisk({ isQuick: true }), { now: () => nowMs })
    let entries: Written[] = []
    let serial = 0
    for (let round = 0; round < 12; round++) {
      for (let i = random.below(40); i > 0; i--) {
        // What has been written when the time changes is committed: a batch has one time.
        if (random.chance(0.3)) {
          await bench.flush()
          nowMs += random.below(3)
        }
        if (random.chance(0.3)) await bench.run('SET', 'other', 'x'.repeat(random.below(300)))
        const id = `${++serial}-0`
        await bench.run('XADD', 's', id, 'n', id)
        const offset = bench.log.endOffset - 1
        entries.push({ offset, id, timeMs: nowMs })
        if (random.chance(0.5)) await bench.flush()
      }
      await bench.flush()
      nowMs++
      if (entries.length > 0 && random.chance(0.3)) {
        const [gone] = entries.splice(random.below(entries.length), 1)
        await bench.run('XDEL', 's', gone!.id)
      }
      if (random.chance(0.2)) {
        await bench.run('XTRIM', 's', 'MAXLEN', 50)
        entries = entries.slice(-50)
      }
      if (random.chance(0.4)) await bench.compact(random.next(), 3)
      if (random.chance(0.3)) await bench.reopen()
      assert.deepEqual(await bench.run('FLIN.XREAD', 'FROM', 'EARLIEST', 's'), told(entries))
      for (let i = 0; i < 20; i++) {
        const max = 1 + random.below(30)
        const offset = random.below(bench.log.endOffset + 3)
        const from = entries.filter((it) => it.offset >= offset)
        const byOffset = await bench.run('FLIN.XREAD', 'COUNT', max, 'FROM', 'OFFSET', offset, 's')
        assert.deepEqual(byOffset, told(from, max), `seed ${seed}, offset ${offset}`)
        const timeMs = BEGAN_MS - 2 + random.below(nowMs - BEGAN_MS + 4)
        const later = entries.filter((it) => it.timeMs >= timeMs)
        const byTime = await bench.run('FLIN.XREAD', 'COUNT', max, 'FROM', 'TIME', timeMs, 's')
        assert.deepEqual(byTime, told(later, max), `seed ${seed}, time ${timeMs - BEGAN_MS}`)
      }
    }
    await bench.close()
  }
})

test('a reader that goes on with the offset behind the last one gets each entry once', async () => {
  const bench = await DurableBench.open(new SimDisk({ isQuick: true }))
  const seen: string[] = []
  let next = 0
  for (let i = 1; i <= 40; i++) {
    await bench.run('XADD', 's', `${i}-0`, 'n', i)
    await bench.run('SET', 'k', i)
    if (i % 3 > 0) continue
    await bench.flush()
    if (i % 9 === 0) await bench.reopen()
    const some = (await bench.run('FLIN.XREAD', 'COUNT', 4, 'FROM', 'OFFSET', next, 's')) as [number, string, Reply][]
    for (const [offset, id] of some) {
      seen.push(id)
      next = offset + 1
    }
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 39 }, (_, i) => `${i + 1}-0`),
  )
  await bench.close()
})

test('nothing is nil, and what cannot be read is said', async () => {
  const bench = await DurableBench.open(new SimDisk({ isQuick: true }))
  assert.deepEqual(await bench.run('FLIN.XREAD', 'FROM', 'EARLIEST', 's'), NOTHING)
  await bench.run('XADD', 's', '1-0', 'n', '1-0')
  await bench.run('SET', 'text', 'x')
  assert.deepEqual(await bench.run('FLIN.XREAD', 'FROM', 'OFFSET', 1_000_000, 's'), NOTHING)
  assert.deepEqual(await bench.run('FLIN.XREAD', 'FROM', 'TIME', Number.MAX_SAFE_INTEGER, 's'), NOTHING)
  assert.deepEqual(await bench.run('flin.xread', 'count', 0, 'from', 'earliest', 's'), [[1, '1-0', ['n', '1-0']]])
  const wrong: readonly (readonly [RegExp, ...Argument[]])[] = [
    [/ERR syntax error/, 'FROM', 'OFFSET', 's'],
    [/ERR syntax error/, 'FROM', 'EARLIEST', 5, 's'],
    [/ERR syntax error/, 'FROM', 'LATEST', 's'],
    [/ERR syntax error/, 'COUNT', 5, 's'],
    [/ERR syntax error/, 'NOACK', 5, 'FROM', 'EARLIEST', 's'],
    [/ERR syntax error/, 'FROM', 'OFFSET', 5, 's', 's'],
    [/ERR value is not an integer/, 'FROM', 'OFFSET', -1, 's'],
    [/ERR value is not an integer/, 'FROM', 'TIME', 'x', 's'],
    [/ERR value is not an integer/, 'COUNT', 'x', 'FROM', 'EARLIEST', 's'],
    [/ERR timeout is negative/, 'BLOCK', -1, 'FROM', 'EARLIEST', 's'],
    [/WRONGTYPE/, 'FROM', 'EARLIEST', 'text'],
  ]
  for (const [expected, ...args] of wrong) {
    assert.match(JSON.stringify(await bench.run('FLIN.XREAD', ...args)), expected, args.join(' '))
  }
  // Nobody waits inside a transaction.
  await bench.run('MULTI')
  await bench.run('FLIN.XREAD', 'BLOCK', 0, 'FROM', 'OFFSET', 1_000_000, 's')
  await bench.run('FLIN.XREAD', 'BLOCK', 0, 'FROM', 'EARLIEST', 's')
  assert.deepEqual(await bench.run('EXEC'), [NOTHING, [[1, '1-0', ['n', '1-0']]]])
  await bench.close()
})
