import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { RespClient } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'
import { Mover, Producer, Taker, type Consumer } from './kill-nine-workers.js'

/*
 * Producers and consumers who wait, on one list, while the daemon is killed again and again: as many items come out as went in, and none
 * comes out twice.
 *
 *   FLIN_KILLS=200        how many kills, over all policies and both ways to consume (6)
 *   FLIN_KILLS_SEED=1     when the kills come, as far as that depends on chance
 */
const KILLS = Number(process.env['FLIN_KILLS'] ?? 6)
const SEED = Number(process.env['FLIN_KILLS_SEED'] ?? 1)
const WORKERS = 16
const KILL_MS_MAX = 250
const SMALL = ['--segment-size', '64kb', '--cache-size', '1mb']

const CASES = ['always', 'everysec', 'no'].flatMap((fsync) => [
  { fsync, isMoving: false },
  { fsync, isMoving: true },
])

for (const [number, { fsync, isMoving }] of CASES.entries()) {
  const way = isMoving ? 'that move items to lists of their own' : 'that take items'
  test(`kill -9 with ${WORKERS} producers and ${WORKERS} consumers ${way}, ${fsync}`, async (t) => {
    const random = new Random(SEED * CASES.length + number)
    const folder = temporaryFolder(t)
    const producers = Array.from({ length: WORKERS }, (_, i) => new Producer(`p${i}`))
    const consumers = Array.from({ length: WORKERS }, (_, i) => (isMoving ? new Mover(`mine:${i}`) : new Taker()))
    const rounds = Math.ceil(KILLS / CASES.length)
    let waits = 0
    let daemon = await Daemon.start(folder, ['--fsync', fsync, ...SMALL])
    for (let round = 0; round < rounds; round++) {
      const before = count(consumers)
      const working = [...consumers, ...producers].map((it) => it.run(daemon.port))
      const observer = await RespClient.connect(daemon.port)
      await until('items come out, and somebody waits', async () => {
        const info = (await observer.call('INFO', 'clients')) as string
        const blocked = Number(/blocked_clients:(\d+)/.exec(info)![1])
        waits = Math.max(waits, blocked)
        return blocked > 0 && count(consumers) > before + 50
      })
      await sleep(random.below(KILL_MS_MAX))
      await daemon.stop('SIGKILL')
      await Promise.all(working)
      daemon = await Daemon.start(folder, ['--fsync', fsync, ...SMALL])
      for (const consumer of consumers) await consumer.recover(daemon.port)
    }
    const client = await RespClient.connect(daemon.port)
    const left = (await client.call('LRANGE', 'jobs', 0, -1)) as string[]
    const out = [...consumers.flatMap(({ got }) => got), ...left]
    assert.equal(new Set(out).size, out.length, 'an item came out twice')
    const sent = new Set(producers.flatMap(({ sent }) => sent))
    assert.deepEqual(
      out.filter((it) => !sent.has(it)),
      [],
      'what came out had gone in',
    )
    const there = new Set(out)
    const acknowledged = producers.flatMap((it) => it.acknowledged)
    const missing = acknowledged.filter((it) => !there.has(it))
    // One that was taken when the daemon was killed, and was to be told: at most one for each consumer that waited for a reply then.
    const lostReplies = consumers.reduce((sum, it) => sum + it.lostReplies, 0)
    assert.ok(missing.length <= lostReplies, `${missing.length} are missing, ${lostReplies} replies were lost`)
    if (isMoving) assert.deepEqual(missing, [], 'nor then, where it is not only told')
    for (const consumer of consumers) checkOrder(consumer)
    t.diagnostic(
      `${rounds} kills, ${acknowledged.length} items in, ${out.length} out, ${missing.length} of ${lostReplies} lost with their replies, up to ${waits} waited`,
    )
    client.close()
  })
}

function count(consumers: readonly Consumer[]): number {
  return consumers.reduce((sum, { got }) => sum + got.length, 0)
}

/** What one consumer gets of one producer, it gets in the order in which that was pushed. */
function checkOrder({ got }: Consumer): void {
  const last = new Map<string, number>()
  for (const item of got) {
    const [name, number] = item.split(' ') as [string, string]
    assert.ok(Number(number) > (last.get(name) ?? -1), `${item} comes behind ${name} ${last.get(name)}`)
    last.set(name, Number(number))
  }
}
