import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DurableBench } from '../../../helpers/durable-bench.js'
import { Random } from '../../../helpers/random.js'
import { OK, type Reply } from '../../../helpers/resp-client.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

const open = (): Promise<DurableBench> => DurableBench.open(new SimDisk({ isQuick: true }))

/** A stream of which entries 1-0 and on have been delivered once, to consumer `ann`, and are given up after so many deliveries. */
async function delivered(count: number, after: number, on?: DurableBench): Promise<DurableBench> {
  const bench = on ?? (await open())
  await bench.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 's', 'DEADLETTER', 'dead', 'AFTER', after), OK)
  for (let i = 1; i <= count; i++) await bench.run('XADD', 's', `${i}-0`, 'n', i)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'ann', 'STREAMS', 's', '>')
  await bench.flush()
  return bench
}

async function pendingOf(bench: DurableBench, key = 's'): Promise<[string, string, number][]> {
  const told = (await bench.run('XPENDING', key, 'g', '-', '+', 1000)) as [string, string, number, number][]
  return told.map(([id, consumer, , deliveries]) => [id, consumer, deliveries])
}

/** Fields of the entries of the dead-letter stream. */
async function lettersOf(bench: DurableBench, key = 'dead'): Promise<Reply[]> {
  return ((await bench.run('XRANGE', key, '-', '+')) as [string, Reply][]).map(([, fields]) => fields)
}

function letter(n: number, consumer: string, deliveries: number, ...own: string[]): string[] {
  const fields = own.length > 0 ? own : ['n', String(n)]
  return [
    ...[...fields, 'dead-letter-stream', 's', 'dead-letter-group', 'g', 'dead-letter-consumer', consumer],
    ...['dead-letter-id', `${n}-0`, 'dead-letter-deliveries', String(deliveries)],
  ]
}

test('an entry that was delivered as often as it may be goes to the dead-letter stream when it is claimed again', async () => {
  const bench = await delivered(3, 2)
  assert.deepEqual(await bench.run('XCLAIM', 's', 'g', 'ben', 0, '1-0', '2-0'), [
    ['1-0', ['n', '1']],
    ['2-0', ['n', '2']],
  ])
  assert.deepEqual(await bench.run('EXISTS', 'dead'), 0)
  assert.deepEqual(await bench.run('XCLAIM', 's', 'g', 'cid', 0, '1-0', '1-0', '3-0', 'FORCE'), [['3-0', ['n', '3']]])
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(await lettersOf(bench), [letter(1, 'ben', 2)])
    assert.deepEqual(await pendingOf(bench), [
      ['2-0', 'ben', 2],
      ['3-0', 'cid', 2],
    ])
    assert.equal(await bench.run('XLEN', 's'), 3, 'the entry itself stays')
    await bench.roll()
    if (round === 1) await bench.compactAll()
    await bench.reopen()
  }
  const reply = await bench.run('XAUTOCLAIM', 's', 'g', 'dan', 0, '0')
  assert.deepEqual(reply, ['0-0', [], ['2-0', '3-0']])
  assert.deepEqual(await lettersOf(bench), [letter(1, 'ben', 2), letter(2, 'ben', 2), letter(3, 'cid', 2)])
  assert.deepEqual(await pendingOf(bench), [])
  await bench.close()
})

test('what is told only by its id, or has not been idle, is not given up', async () => {
  const bench = await delivered(1, 1)
  assert.deepEqual(await bench.run('XCLAIM', 's', 'g', 'ben', 0, '1-0', 'JUSTID'), ['1-0'])
  assert.deepEqual(await bench.run('XAUTOCLAIM', 's', 'g', 'cid', 0, '0', 'JUSTID'), ['0-0', ['1-0'], []])
  assert.deepEqual(await bench.run('XCLAIM', 's', 'g', 'ben', 1000, '1-0'), [])
  assert.deepEqual(await bench.run('XAUTOCLAIM', 's', 'g', 'ben', 1000, '0'), ['0-0', [], []])
  assert.deepEqual(await pendingOf(bench), [['1-0', 'cid', 1]])
  // Who reads again what it has is given it, as in Redis.
  await bench.run('XREADGROUP', 'GROUP', 'g', 'cid', 'STREAMS', 's', '0')
  assert.deepEqual(await pendingOf(bench), [['1-0', 'cid', 2]])
  assert.deepEqual(await bench.run('EXISTS', 'dead'), 0)
  await bench.close()
})

test('among what is gone, XAUTOCLAIM tells entries that were deleted and those that were given up, in order', async () => {
  const bench = await delivered(5, 1)
  await bench.run('XDEL', 's', '2-0', '4-0')
  await bench.run('XCLAIM', 's', 'g', 'ben', 0, '3-0', 'RETRYCOUNT', 0, 'JUSTID')
  assert.deepEqual(await bench.run('XAUTOCLAIM', 's', 'g', 'ben', 0, '0'), [
    '0-0',
    [['3-0', ['n', '3']]],
    ['1-0', '2-0', '4-0', '5-0'],
  ])
  assert.deepEqual(await lettersOf(bench), [letter(1, 'ann', 1), letter(5, 'ann', 1)])
  await bench.close()
})

test('where the dead letter cannot go nothing is written', async () => {
  const bench = await delivered(2, 1)
  await bench.run('SET', 'dead', 'text')
  await bench.flush()
  const digest = await bench.digest()
  const refused = [
    () => bench.run('XCLAIM', 's', 'g', 'ben', 0, '1-0'),
    () => bench.run('XAUTOCLAIM', 's', 'g', 'ben', 0, '0'),
  ]
  for (const request of refused) {
    assert.match(JSON.stringify(await request()), /WRONGTYPE The dead-letter stream 'dead' of the key holds/)
  }
  await bench.flush()
  assert.equal(await bench.digest(), digest)
  await bench.run('DEL', 'dead')
  await bench.run('XADD', 'dead', '18446744073709551615-18446744073709551614', 'a', 1)
  for (const request of refused.slice(1)) {
    assert.match(JSON.stringify(await request()), /ERR The dead-letter stream has exhausted/)
  }
  await bench.run('DEL', 'dead')
  // It has taken the name of its own dead-letter stream.
  await bench.run('RENAME', 's', 'dead')
  assert.match(JSON.stringify(await bench.run('XCLAIM', 'dead', 'g', 'ben', 0, '1-0')), /is the stream itself/)
  await bench.run('RENAME', 'dead', 's')
  assert.deepEqual(await pendingOf(bench), [
    ['1-0', 'ann', 1],
    ['2-0', 'ann', 1],
  ])
  await bench.close()
})

test('a dead-letter stream that has expired is made anew; one that has groups and settings goes on', async () => {
  let nowMs = 1_700_000_000_000
  const bench = await DurableBench.open(new SimDisk({ isQuick: true }), { now: () => nowMs })
  await bench.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  await bench.run('FLIN.XCONFIG', 's', 'DEADLETTER', 'dead', 'AFTER', 1)
  for (const id of ['1-0', '2-0', '3-0']) await bench.run('XADD', 's', id, 'n', id[0]!)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'ann', 'STREAMS', 's', '>')
  await bench.run('XADD', 'dead', '1-0', 'old', 1)
  await bench.run('PEXPIRE', 'dead', 1000)
  await bench.flush()
  nowMs += 1000
  await bench.run('XCLAIM', 's', 'g', 'ben', 0, '1-0')
  assert.deepEqual(await lettersOf(bench), [letter(1, 'ann', 1)])
  assert.equal(await bench.run('TTL', 'dead'), -1)
  await bench.flush()
  await bench.run('XCLAIM', 's', 'g', 'ben', 0, '2-0', '3-0')
  const ids = ((await bench.run('XRANGE', 'dead', '-', '+')) as [string][]).map(([id]) => id)
  assert.deepEqual(ids, [`${nowMs}-0`, `${nowMs}-1`, `${nowMs}-2`])
  await bench.close()
})

test('a transaction may give entries up: what that needs is loaded first, and foreseen', async () => {
  const bench = await open()
  // Apart from all else, so that nothing that is loaded brings it along.
  await bench.run('XADD', 'dead', '1-0', 'old', 'y'.repeat(2000))
  for (let i = 0; i < 4; i++) await bench.roll()
  await delivered(30, 1, bench)
  await bench.run('SET', 'other', 'x')
  for (let i = 0; i < 4; i++) await bench.roll()
  await bench.reopen()
  await bench.run('MULTI')
  await bench.run('SET', 'other', 'z')
  await bench.run('XCLAIM', 's', 'g', 'ben', 0, '7-0', '9-0')
  await bench.run('XAUTOCLAIM', 's', 'g', 'ben', 0, '20', 'COUNT', 2)
  const replies = (await bench.run('EXEC')) as Reply[]
  assert.deepEqual(replies.slice(1), [[], ['22-0', [], ['20-0', '21-0']]])
  assert.equal(await bench.run('XLEN', 'dead'), 5)
  assert.equal((await pendingOf(bench)).length, 26)
  await bench.close()
})

test('whoever watches the dead-letter stream, or waits for it, learns of what comes', async () => {
  const bench = await delivered(1, 1)
  const ready: string[] = []
  bench.keyspace.onReady = (key, start, end) => ready.push(key.toString('latin1', start, end))
  await bench.run('WATCH', 'dead')
  await bench.run('XCLAIM', 's', 'g', 'ben', 0, '1-0', 'JUSTID')
  assert.equal(bench.session.watcher.dirty, false)
  await bench.run('XCLAIM', 's', 'g', 'ben', 0, '1-0')
  assert.equal(bench.session.watcher.dirty, true)
  assert.deepEqual(ready, ['dead'])
  await bench.close()
})

test('claims and dead letters are those of a naive group, through compactions and restarts', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new Random(seed)
    const bench = await open()
    await bench.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
    await bench.run('FLIN.XCONFIG', 's', 'DEADLETTER', 'dead', 'AFTER', 3)
    const pending = new Map<number, { consumer: string; count: number }>()
    const letters: Reply[] = []
    let added = 0
    let read = 0
    for (let step = 0; step < 250; step++) {
      const consumer = random.pick(['ann', 'ben', 'cid'])
      const roll = random.below(100)
      if (roll < 30) {
        added++
        await bench.run('XADD', 's', `${added}-0`, 'n', added, 'text', 'x'.repeat(random.below(200)))
      } else if (roll < 45) {
        await bench.run('XREADGROUP', 'GROUP', 'g', consumer, 'COUNT', 3, 'STREAMS', 's', '>')
        for (let i = 0; i < 3 && read < added; i++) pending.set(++read, { consumer, count: 1 })
      } else if (roll < 70) {
        const ids = Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(Math.max(1, added)))
        const reply = (await bench.run('XCLAIM', 's', 'g', consumer, 0, ...ids.map((id) => `${id}-0`))) as [string][]
        const claimed: number[] = []
        const dead = new Set(ids.filter((id) => (pending.get(id)?.count ?? 0) >= 3))
        for (const id of ids) if (pending.has(id) && !dead.has(id)) claimed.push(claim(id, consumer))
        for (const id of dead) await giveUp(id)
        assert.deepEqual(
          reply.map(([id]) => parseInt(id)),
          claimed,
          `seed ${seed}, step ${step}`,
        )
      } else if (roll < 80) {
        const from = random.below(added + 1)
        const reply = (await bench.run('XAUTOCLAIM', 's', 'g', consumer, 0, from, 'COUNT', 4)) as [
          string,
          [string][],
          string[],
        ]
        const ids = [...pending.keys()]
          .filter((id) => id >= from)
          .sort((a, b) => a - b)
          .slice(0, 4)
        const dead = ids.filter((id) => pending.get(id)!.count >= 3)
        const claimed = ids.filter((id) => !dead.includes(id)).map((id) => claim(id, consumer))
        for (const id of dead) await giveUp(id)
        assert.deepEqual([reply[1].map(([id]) => parseInt(id)), reply[2].map((id) => parseInt(id))], [claimed, dead])
      } else if (roll < 88) {
        const id = 1 + random.below(Math.max(1, added))
        assert.equal(await bench.run('XACK', 's', 'g', `${id}-0`), pending.delete(id) ? 1 : 0)
      } else if (roll < 94) await bench.compact(random.next(), 2)
      else {
        await bench.flush()
        await bench.reopen()
      }
      const expected = [...pending]
        .sort(([a], [b]) => a - b)
        .map(([id, { consumer, count }]) => [`${id}-0`, consumer, count])
      assert.deepEqual(await pendingOf(bench), expected, `seed ${seed}, step ${step}`)
      assert.deepEqual(await lettersOf(bench), letters, `seed ${seed}, step ${step}`)
    }
    assert.ok(letters.length > 3, `${letters.length} letters`)
    await bench.close()

    function claim(id: number, consumer: string): number {
      pending.set(id, { consumer, count: pending.get(id)!.count + 1 })
      return id
    }

    async function giveUp(id: number): Promise<void> {
      const { consumer, count } = pending.get(id)!
      const [[, own]] = (await bench.run('XRANGE', 's', `${id}-0`, `${id}-0`)) as [[string, string[]]]
      letters.push(letter(id, consumer, count, ...own))
      pending.delete(id)
    }
  }
})
