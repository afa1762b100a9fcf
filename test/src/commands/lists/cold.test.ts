import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Place } from '../../../../segments/index.js'
import { lrange } from '../../../../src/commands/lists/read.js'
import { collectColdItems } from '../../../../src/commands/transactions/cold-items.js'
import { runLoaded } from '../../../../src/models/cold.js'
import { argsOf } from '../../../helpers/args.js'
import { BenchSession } from '../../../helpers/command-bench.js'
import { CommandLog } from '../../../helpers/command-log.js'
import { OK, QUEUED, type Reply } from '../../../helpers/resp-client.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

const COUNT = 400

/** Two lists whose items are on disk only, and have no room in memory. */
async function coldLists(): Promise<CommandLog> {
  const log = await CommandLog.open(new SimDisk({ isQuick: true }), { segmentSize: 4096, cacheSize: 4096 })
  for (let i = 0; i < COUNT; i += 10) {
    const values = Array.from({ length: 10 }, (_, n) => `${i + n}`.padEnd(30, '.'))
    await log.run('RPUSH', 'l', ...values)
    await log.run('LPUSH', 'm', ...values)
    await log.flush()
  }
  await log.reopen()
  await log.run('PING')
  log.coldRuns = 0
  return log
}

function item(index: number): string {
  return `${index}`.padEnd(30, '.')
}

async function transact(log: CommandLog, requests: readonly string[]): Promise<Reply> {
  await log.run('MULTI')
  for (const request of requests) assert.deepEqual(await log.run(...request.split(' ')), QUEUED)
  return log.run('EXEC')
}

test('all that a command reads is loaded at once, with the record of the key before', async () => {
  const log = await coldLists()
  const range = (await log.run('LRANGE', 'l', '0', '-1')) as string[]
  assert.equal(range.length, COUNT)
  range.forEach((it, i) => {
    assert.equal(it, item(i))
  })
  assert.ok(log.coldRuns <= 2, String(log.coldRuns))
  log.coldRuns = 0
  assert.equal(((await log.run('RPOP', 'l', '100')) as string[])[99], item(COUNT - 100))
  assert.ok(log.coldRuns <= 2, String(log.coldRuns))
  assert.equal(await log.run('LLEN', 'l'), COUNT - 100)
  await log.close()
})

test('a search loads more the further it gets', async () => {
  const log = await coldLists()
  assert.equal(await log.run('LPOS', 'l', item(3)), 3)
  assert.equal(await log.run('LPOS', 'l', item(COUNT - 1)), COUNT - 1)
  assert.equal(await log.run('LPOS', 'm', item(COUNT - 1), 'RANK', '-1'), 0)
  assert.ok(log.coldRuns <= 9, String(log.coldRuns))
  assert.equal(await log.run('LREM', 'l', '0', item(250)), 1)
  assert.equal(await log.run('LINSERT', 'l', 'BEFORE', item(399), 'x'), COUNT)
  assert.deepEqual(await log.run('LRANGE', 'l', '-3', '-1'), [item(398), 'x', item(399)])
  await log.close()
})

for (const [name, requests, expected] of [
  ['pops at both ends', ['LPOP l', 'RPOP l 2', 'LPOP l'], [item(0), [item(399), item(398)], item(1)]],
  ['what pops have uncovered', ['LPOP l 7', 'LINDEX l 0', 'LRANGE l 1 2'], [null, item(7), [item(8), item(9)]]],
  ['what a trim has uncovered', ['LTRIM l 100 -101', 'LRANGE l 0 0', 'LINDEX l -1'], [OK, [item(100)], item(299)]],
  ['the last items alone', ['LTRIM l -3 -1', 'LPOP l', 'LRANGE l -9 1'], [OK, item(397), [item(398), item(399)]]],
  [
    'those that would wait elsewhere',
    ['BLPOP k l 0', 'BLMOVE l m LEFT LEFT 0', 'BLMPOP 0 2 k l RIGHT COUNT 2', 'BRPOPLPUSH l m 0', 'BRPOP m l 0'],
    [['l', item(0)], item(1), ['l', [item(399), item(398)]], item(397), ['m', item(0)]],
  ],
  ['moves', ['RPOPLPUSH l m', 'LMOVE m l LEFT LEFT', 'RPOP m', 'LPOP l'], [item(399), item(399), item(0), item(399)]],
  ['a list that has another name', ['RENAME l k', 'LPOP k', 'LMPOP 2 k m RIGHT'], [OK, item(0), ['k', [item(399)]]]],
  ['a copy', ['COPY l k', 'LINDEX k 200', 'LPOP k'], [1, item(200), item(0)]],
  ['searches', ['LPOS l 300', `LREM l 0 ${item(5)}`, 'LINDEX l 5', 'LINSERT l AFTER x y'], [null, 1, item(6), -1]],
] as const) {
  test(`a transaction has loaded what it needs before it begins: ${name}`, async () => {
    const log = await coldLists()
    const replies = (await transact(log, requests)) as Reply[]
    replies.forEach((reply, i) => {
      if (expected[i] === null && Array.isArray(reply)) return
      assert.deepEqual(reply, expected[i], requests[i])
    })
    assert.ok(log.coldRuns > 0)
    await log.close()
  })
}

test('a transaction that needs too many items from disk does not begin', async () => {
  const log = await coldLists()
  const queue = [{ command: lrange, args: argsOf('LRANGE', 'l', '0', '99') }]
  const { keyspace } = log
  await log.run('EXISTS', 'l')
  const collect = (countMax: number): Promise<number> =>
    runLoaded(log.log, () => {
      const places: Place[] = []
      collectColdItems(keyspace, queue, places, countMax)
      return places.length
    })
  assert.equal(await collect(100), 100)
  await assert.rejects(collect(99), /^ReplyError: EXECABORT .* more than 99 items that are on disk only/)
  await log.close()
})

const LONG = 20_000

/** A list so long that it is read in pieces, on disk only. */
async function longList(): Promise<CommandLog> {
  const log = await CommandLog.open(new SimDisk({ isQuick: true }), { segmentSize: 1 << 18, cacheSize: 1 << 19 })
  for (let i = 0; i < LONG; i += 100) {
    await log.run('RPUSH', 'l', ...Array.from({ length: 100 }, (_, n) => item(i + n)))
    await log.flush()
  }
  await log.reopen()
  return log
}

function isRange(reply: Reply, first: number, count: number): void {
  assert.ok(Array.isArray(reply))
  assert.equal(reply.length, count)
  for (let i = 0; i < count; i++)
    if (reply[i] !== item(first + i)) assert.fail(`item ${i} is ${JSON.stringify(reply[i])}`)
}

test('a long range is read in pieces, which are not held all at once', async () => {
  const log = await longList()
  isRange(await log.run('LRANGE', 'l', '0', '-1'), 0, LONG)
  assert.ok(log.loadedMax < 4200, `${log.loadedMax} were held`)
  assert.equal(log.session.walk, null)
  isRange(await log.run('LRANGE', 'l', '-9000', '18000'), 11_000, 7001)
  isRange(await log.run('LRANGE', 'l', '5', '4200'), 5, 4196)
  await log.close()
})

test('it is the list at one moment: what changes meanwhile lets it begin again, and it comes to its end all the same', async () => {
  const log = await longList()
  const other = new BenchSession(2)
  let popped = 0
  for (const changes of [1, 100]) {
    let left = changes
    const before = popped
    let runs = 0
    log.between = async () => {
      if (++runs % 3 !== 0 || left-- <= 0) return
      assert.equal(await log.runAs(other, 'LPOP', 'l'), item(popped++))
    }
    const reply = (await log.run('LRANGE', 'l', '0', '-1')) as string[]
    const first = Number.parseInt(reply[0]!)
    assert.ok(first > before || changes === 100)
    isRange(reply, first, LONG - first)
    assert.ok(popped > before)
  }
  log.between = async () => {
    await log.runAs(other, 'DEL', 'l')
  }
  assert.deepEqual(await log.run('LRANGE', 'l', '0', '-1'), [])
  assert.equal(log.session.walk, null)
  await log.close()
})

test('where the key is another one by then, that is said', async () => {
  const log = await longList()
  log.between = async () => {
    await log.runAs(new BenchSession(2), 'SET', 'l', 'x')
  }
  assert.match(JSON.stringify(await log.run('LRANGE', 'l', '0', '-1')), /WRONGTYPE/)
  assert.equal(log.session.walk, null)
  assert.equal(await log.run('GET', 'l'), 'x')
  await log.close()
})
