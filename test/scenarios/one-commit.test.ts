import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { RespClient, type Reply } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'

/*
 * A key, an event with the revision that it expects, a job and a message in one commit, from several clients at once, while the
 * daemon is killed and compacts: all of a transaction is there, or nothing of it.
 */
const CLIENTS = 4
const ROUNDS = 3
const SMALL = ['--segment-size', '64kb', '--cache-size', '1mb']

/** What one client has been told. */
interface Told {
  /** Transactions that were acknowledged. */
  count: number
}

async function order(port: number, i: number, told: Told): Promise<void> {
  const client = await RespClient.connect(port)
  try {
    for (;;) {
      const next = told.count + 1
      const events = `events:${i}`
      const replies = await client.pipeline([
        ['MULTI'],
        ['SET', `last:${i}`, next],
        ['FLIN.XADD', events, 'IFREV', next - 1, '*', 'order', next, 'pad', 'x'.repeat(500)],
        ['RPUSH', `jobs:${i}`, next],
        ['PUBLISH', `orders:${i}`, next],
        ['EXEC'],
      ])
      if (!Array.isArray(replies.at(-1)!)) throw new Error(`EXEC answered ${JSON.stringify(replies.at(-1))}`)
      told.count = next
    }
  } finally {
    client.close()
  }
}

/** What there is of a client's transactions: as many of each, the same ones. */
async function countOf(client: RespClient, i: number): Promise<number> {
  const [last, events, jobs] = await client.pipeline([
    ['GET', `last:${i}`],
    ['XRANGE', `events:${i}`, '-', '+'],
    ['LRANGE', `jobs:${i}`, 0, -1],
  ])
  const count = Number(last ?? 0)
  const all = Array.from({ length: count }, (_, n) => String(n + 1))
  assert.deepEqual(jobs, all)
  assert.deepEqual(
    (events as Reply[]).map((entry) => ((entry as Reply[])[1] as Reply[])[1]),
    all,
  )
  return count
}

async function messagesOf(port: number, i: number, count: number): Promise<void> {
  const client = await RespClient.connect(port)
  await client.call('FLIN.SUBSCRIBE', `orders:${i}`, 'FROM', 'EARLIEST')
  for (let n = 1; n <= count; n++) assert.equal(((await client.read()) as Reply[])[4], String(n))
  client.close()
}

test('a key, an event, a job and a message are one commit: kill -9 leaves all of it or nothing', async (t) => {
  const folder = temporaryFolder(t)
  const random = new Random(11)
  const told = Array.from({ length: CLIENTS }, (): Told => ({ count: 0 }))
  for (let round = 0; round < ROUNDS; round++) {
    const daemon = await Daemon.start(folder, SMALL)
    const before = told.reduce((sum, { count }) => sum + count, 0)
    const goal = before + 20 + random.below(80)
    const clients = told.map((it, i) => order(daemon.port, i, it).catch(() => undefined))
    const operator = await RespClient.connect(daemon.port)
    if (round > 0) await operator.call('COMPACT', 'NOW')
    await until('enough is told', () => told.reduce((sum, { count }) => sum + count, 0) >= goal)
    await daemon.stop('SIGKILL')
    await Promise.all(clients)
    operator.close()
    const again = await Daemon.start(folder, SMALL)
    const client = await RespClient.connect(again.port)
    for (const [i, it] of told.entries()) {
      const count = await countOf(client, i)
      assert.ok(count === it.count || count === it.count + 1, `${count} of ${it.count} acknowledged`)
      it.count = count
      await messagesOf(again.port, i, count)
    }
    client.close()
    await again.stop()
  }
})

test('where the event is not the next one nothing of the transaction happens', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t))
  const client = await RespClient.connect(daemon.port)
  await client.call('XADD', 'events', '1-1', 'f', 'v')
  const replies = await client.pipeline([
    ['MULTI'],
    ['SET', 'key', 1],
    ['RPUSH', 'jobs', 1],
    ['FLIN.XADD', 'events', 'IFREV', 0, '*', 'f', 'v'],
    ['EXEC'],
  ])
  assert.match(JSON.stringify(replies.at(-1)), /REVMISMATCH|EXECABORT/)
  assert.equal(await client.call('EXISTS', 'key', 'jobs'), 0)
  assert.equal(await client.call('XLEN', 'events'), 1)
  // Nor where a message can be in no log.
  const refused = await client.pipeline([
    ['MULTI'],
    ['SET', 'key', 1],
    ['PUBLISH', 'c'.repeat(70_000), 'message'],
    ['EXEC'],
  ])
  assert.match(JSON.stringify(refused.at(-1)), /65535/)
  assert.equal(await client.call('EXISTS', 'key'), 0)
  client.close()
  await daemon.stop()
})
