import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { DurableBench } from '../../../helpers/durable-bench.js'
import { isFlinError } from '../../../helpers/log-session.js'
import { Random } from '../../../helpers/random.js'
import { OK, type Reply } from '../../../helpers/resp-client.js'
import { SimDisk } from '../../../helpers/sim-disk.js'
import { streamKey, streamRequest } from '../../../conformance/stream-requests.js'
import { Vocabulary } from '../../../conformance/vocabulary.js'

const open = (): Promise<DurableBench> => DurableBench.open(new SimDisk({ isQuick: true }))

/** Adds entries `from`-0 to `to`-0 (exclusive), each with its number. */
async function fill(bench: DurableBench, key: string, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) assert.equal(await bench.run('XADD', key, `${i}-0`, 'n', i), `${i}-0`)
  await bench.flush()
}

function entries(...numbers: number[]): Reply {
  return numbers.map((i) => [`${i}-0`, ['n', String(i)]])
}

test('compactions and restarts at any moment change neither replies nor the state', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = new Random(seed)
    const words = new Vocabulary(random)
    const plain = await DurableBench.open(new SimDisk({ isQuick: true }))
    const shaken = await DurableBench.open(new SimDisk({ isQuick: true }))
    for (let i = 0; i < 700; i++) {
      const [, ...args] =
        random.chance(0.97) || words.serial === 0 ? streamRequest(words) : ['exact', 'DEL', streamKey(words)]
      const expected = await plain.run(...args)
      const actual = await shaken.run(...args)
      if (!isIdle(args)) assert.deepEqual(actual, expected, `seed ${seed}, step ${i}: ${args.join(' ')}`)
      const roll = random.below(100)
      if (roll < 2) {
        await plain.flush()
        await shaken.compact(random.next(), 1 + random.below(3))
      } else if (roll < 4) {
        await plain.flush()
        await shaken.reopen()
      }
    }
    await plain.flush()
    await shaken.compactAll()
    await shaken.reopen()
    assert.equal(await shaken.digest(), await plain.digest(), `seed ${seed}`)
    for (const key of ['stream:0', 'stream:1', 'stream:2', 'stream:3', 'stream:4']) {
      const type = await plain.run('TYPE', key)
      assert.deepEqual(await shaken.run('TYPE', key), type)
      if (!isDeepStrictEqual(type, { simple: 'stream' })) continue
      assert.deepEqual(await factsOf(shaken, key), await factsOf(plain, key), `seed ${seed}: ${key}`)
    }
    await plain.close()
    await shaken.close()
  }
})

/** Chunks fill differently after a restart, and consumers are heard of in memory only. */
function isIdle(args: readonly unknown[]): boolean {
  return String(args[0]).toUpperCase() === 'XINFO' || String(args[0]).toUpperCase() === 'OBJECT'
}

async function factsOf(bench: DurableBench, key: string): Promise<Reply> {
  const facts = (await bench.run('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0)) as Reply[]
  return facts.filter((_, i) => !JSON.stringify(facts[i - (i % 2)]).startsWith('"radix'))
}

test('a stream of many chunks is read as a naive one, whatever is taken out of it, from memory and from disk', async () => {
  const random = new Random(5)
  const bench = await DurableBench.open(new SimDisk({ isQuick: true }), { segmentSize: 16_384, cacheSize: 4 * 16_384 })
  let model: number[] = []
  let next = 1
  for (let round = 0; round < 14; round++) {
    const count = random.below(400)
    for (let i = 0; i < count; i++) {
      next += 1 + random.below(3)
      await bench.run('XADD', 's', `${next}-0`, 'n', next)
      model.push(next)
    }
    for (let i = random.below(60); i > 0 && model.length > 0; i--) {
      const at = random.below(model.length)
      assert.equal(await bench.run('XDEL', 's', `${model[at]!}-0`, `${model[at]!}-1`), 1)
      model.splice(at, 1)
    }
    if (round % 4 === 3) {
      const least = random.below(next)
      const rest = model.filter((it) => it >= least)
      assert.equal(await bench.run('XTRIM', 's', 'MINID', least), model.length - rest.length)
      model = rest
    } else if (round % 4 === 1) {
      const rest = model.slice(-1000)
      assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', 1000), model.length - rest.length)
      model = rest
    }
    if (random.chance(0.3)) await bench.compact(random.next(), 4)
    if (random.chance(0.3)) await bench.reopen()
    assert.equal(await bench.run('XLEN', 's'), model.length)
    assert.deepEqual(await bench.run('XRANGE', 's', '-', '+'), entries(...model))
    for (let i = 0; i < 30; i++) {
      const [low, high] = [random.below(next + 5), random.below(next + 5)].sort((a, b) => a - b) as [number, number]
      const max = 1 + random.below(700)
      const within = model.filter((it) => it >= low && it <= high)
      assert.deepEqual(await bench.run('XRANGE', 's', low, high, 'COUNT', max), entries(...within.slice(0, max)))
      const last = within.reverse().slice(0, max)
      assert.deepEqual(await bench.run('XREVRANGE', 's', high, low, 'COUNT', max), entries(...last))
      const behind = model.filter((it) => it > low).slice(0, max)
      const read = await bench.run('XREAD', 'COUNT', max, 'STREAMS', 's', `${low}-0`)
      assert.deepEqual(read, behind.length === 0 ? { nil: 'array' } : [['s', entries(...behind)]])
    }
  }
  await bench.close()
})

test('an id is never given twice: not when the newest entry, or all of them, have gone, nor after compaction and restart', async () => {
  const gone: readonly (readonly [string, ...(string | number)[]])[] = [
    ['XDEL', 's', '3-0'],
    ['XTRIM', 's', 'MAXLEN', 0],
    ['XTRIM', 's', 'MINID', '9-0'],
    ['XDEL', 's', '1-0', '2-0', '3-0'],
  ]
  const lengths = [2, 0, 0, 0]
  for (const [i, request] of gone.entries()) {
    const bench = await open()
    await fill(bench, 's', 1, 4)
    await bench.run(...request)
    for (const round of [1, 2, 3]) {
      await bench.roll()
      if (round > 1) await bench.compactAll()
      await bench.reopen()
      const refused = await bench.run('XADD', 's', '3-0', 'n', 3)
      assert.ok(
        JSON.stringify(refused).includes('equal or smaller'),
        `${request.join(' ')}: ${JSON.stringify(refused)}`,
      )
      const facts = (await bench.run('XINFO', 'STREAM', 's')) as Reply[]
      assert.deepEqual([facts[1], facts[7], facts[11]], [lengths[i], '3-0', 3], request.join(' '))
    }
    // From now on the newest entry tells.
    assert.equal(await bench.run('XADD', 's', '4-0', 'n', 4), '4-0')
    await bench.reopen()
    const facts = (await bench.run('XINFO', 'STREAM', 's')) as Reply[]
    assert.deepEqual([facts[1], facts[7], facts[11]], [lengths[i]! + 1, '4-0', 4], request.join(' '))
    await bench.close()
  }
})

test('an id that is chosen follows on the last one also where the clock has been set back', async () => {
  let now = 2_000_000_000_000
  const bench = await DurableBench.open(new SimDisk({ isQuick: true }), { now: () => now })
  assert.equal(await bench.run('XADD', 's', '*', 'a', 1), '2000000000000-0')
  assert.deepEqual(await bench.run('TYPE', 's'), { simple: 'stream' })
  assert.equal(await bench.run('OBJECT', 'ENCODING', 's'), 'stream')
  assert.equal(await bench.run('XADD', 's', '*', 'a', 1), '2000000000000-1')
  assert.equal(await bench.run('XADD', 's', '2000000000005-7', 'a', 1), '2000000000005-7')
  assert.equal(await bench.run('XADD', 's', '*', 'a', 1), '2000000000005-8')
  now -= 1000
  assert.equal(await bench.run('XADD', 's', '*', 'a', 1), '2000000000005-9')
  now += 10_000
  assert.equal(await bench.run('XADD', 's', '*', 'a', 1), '2000000009000-0')
  await bench.close()
})

test('approximate trimming goes in steps of a hundred, no further than its limit, or takes all', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 451)
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', '~', 400), 0)
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', '~', 100, 'LIMIT', 250), 200)
  assert.equal(await bench.run('XTRIM', 's', 'MINID', '~', 350), 100)
  assert.equal(await bench.run('XADD', 's', 'MAXLEN', '~', 30, '1000-0', 'n', 1000), '1000-0')
  assert.equal(await bench.run('XLEN', 's'), 51)
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', '~', 0, 'LIMIT', 50), 0)
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', '~', 0), 51)
  await bench.close()
})

test('trimming a stream of many entries writes one record', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 301)
  const { endOffset } = bench.log
  await bench.run('XTRIM', 's', 'MAXLEN', 10)
  assert.equal(bench.log.endOffset, endOffset + 1)
  await bench.close()
})

test('what has been trimmed is dead to compaction, and the space comes back', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 1001)
  await bench.run('XTRIM', 's', 'MAXLEN', 10)
  await bench.roll()
  const before = bench.log.size
  await bench.compactAll()
  assert.ok(bench.log.size < before / 4, `${bench.log.size} of ${before} bytes are left`)
  assert.deepEqual(await bench.run('XRANGE', 's', '-', '+', 'COUNT', 1), entries(991))
  await bench.close()
})

test('bytes that die are counted for compaction: all that a stream has ever written, once it is gone', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 100)
  await bench.run('XGROUP', 'CREATE', 's', 'g', 0)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>')
  await bench.run('XACK', 's', 'g', '1-0', '2-0')
  await bench.run('XDEL', 's', '5-0')
  await bench.run('XTRIM', 's', 'MAXLEN', 20)
  await bench.run('XGROUP', 'SETID', 's', 'g', 0)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'b', 'COUNT', 5, 'STREAMS', 's', '>')
  await bench.run('XGROUP', 'DELCONSUMER', 's', 'g', 'a')
  await bench.run('DEL', 's')
  await bench.roll()
  const { deadSizes } = bench.log
  await bench.reopen()
  // A side file tells sizes as far as to the next record, which may be that of another batch.
  bench.log.deadSizes.forEach((size, i) => {
    assert.ok(
      Math.abs(size - deadSizes[i]!) <= 0.05 * size,
      `segment ${i}: ${deadSizes[i]!} bytes, ${size} by a restart`,
    )
  })
  const sealed = bench.log.segments.filter((it) => it.sealed)
  const live = await bench.keyspace.liveness.countLive(sealed.map((it) => it.number))
  assert.deepEqual(new Set(live), new Set([0]))
  await bench.close()
})

test('groups, consumers and what is pending are found again after compaction and restart', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 51)
  assert.deepEqual(await bench.run('XGROUP', 'CREATE', 's', 'g', 0), OK)
  assert.deepEqual(await bench.run('XGROUP', 'CREATE', 's', 'other', '$'), OK)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 20, 'STREAMS', 's', '>')
  await bench.run('XREADGROUP', 'GROUP', 'g', 'b', 'COUNT', 20, 'STREAMS', 's', '>')
  assert.equal(await bench.run('XACK', 's', 'g', ...Array.from({ length: 15 }, (_, i) => `${i + 1}-0`)), 15)
  await bench.run('XCLAIM', 's', 'g', 'b', 0, '20-0', 'RETRYCOUNT', 7)
  await bench.run('XGROUP', 'CREATECONSUMER', 's', 'other', 'c')
  await bench.run('XGROUP', 'CREATE', 's', 'gone', 0)
  await bench.run('XREADGROUP', 'GROUP', 'gone', 'a', 'STREAMS', 's', '>')
  await bench.run('XGROUP', 'DESTROY', 's', 'gone')
  await bench.run('XREADGROUP', 'GROUP', 'other', 'x', 'STREAMS', 's', 0)
  await bench.run('XGROUP', 'DELCONSUMER', 's', 'other', 'x')
  await bench.roll()
  const expected = await factsOf(bench, 's')
  for (const isCompacted of [false, true, true]) {
    if (isCompacted) await bench.compactAll()
    await bench.reopen()
    assert.deepEqual(await factsOf(bench, 's'), expected)
    const summary = await bench.run('XPENDING', 's', 'g')
    assert.deepEqual(summary, [
      25,
      '16-0',
      '40-0',
      [
        ['a', '4'],
        ['b', '21'],
      ],
    ])
  }
  const next = await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 2, 'STREAMS', 's', '>')
  assert.deepEqual(next, [['s', entries(41, 42)]])
  await bench.close()
})

test('an id that XACK is given twice counts once, and one that is none leaves all as it was', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 4)
  await bench.run('XGROUP', 'CREATE', 's', 'g', 0)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>')
  await bench.run('XACK', 's', 'g', '1-0', 'none')
  assert.equal(await bench.run('XACK', 's', 'g', '1-0', '2-0', '1-0', '9-9'), 2)
  assert.equal(await bench.run('XACK', 's', 'g', '1-0', '3-0'), 1)
  await bench.close()
})

test('what a group or a consumer had is dead with it: nothing of it is copied by compaction', async () => {
  for (const request of [
    ['XGROUP', 'DESTROY', 's', 'g'],
    ['XGROUP', 'DELCONSUMER', 's', 'g', 'a'],
  ]) {
    const bench = await open()
    await fill(bench, 's', 1, 101)
    await bench.run('XGROUP', 'CREATE', 's', 'g', '0')
    await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>')
    await bench.run('XTRIM', 's', 'MAXLEN', 0)
    await bench.run(...request)
    await bench.roll()
    const count = async (): Promise<number> => {
      const sealed = bench.log.segments.filter((it) => it.sealed).map((it) => it.number)
      return (await bench.keyspace.liveness.countLive(sealed)).reduce((sum, it) => sum + it)
    }
    // The key's record, the state's, and the group's where it is left.
    const left = request[1] === 'DESTROY' ? 2 : 3
    assert.equal(await count(), left)
    await bench.reopen()
    assert.equal(await count(), left, 'after a restart')
    await bench.compactAll()
    await bench.reopen()
    assert.equal(await count(), left, 'after a compaction')
    await bench.close()
  }
})

test('a copy has entries, groups and pending entries of its own', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 30)
  await bench.run('XGROUP', 'CREATE', 's', 'g', 0)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 5, 'STREAMS', 's', '>')
  await bench.run('XDEL', 's', '2-0', '29-0')
  await bench.roll()
  await bench.reopen()
  assert.equal(await bench.run('COPY', 's', 't'), 1)
  const expected = await factsOf(bench, 's')
  assert.deepEqual(await factsOf(bench, 't'), expected)
  await bench.run('DEL', 's')
  await bench.roll()
  await bench.compactAll()
  await bench.reopen()
  assert.deepEqual(await factsOf(bench, 't'), expected)
  assert.deepEqual(await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 3, 'STREAMS', 't', 0), [
    ['t', [...(entries(1) as Reply[]), ['2-0', { nil: 'array' }], ...(entries(3) as Reply[])]],
  ])
  assert.equal(await bench.run('XACK', 't', 'g', '1-0'), 1)
  await bench.close()
})

test('a transaction loads what its commands look at before the first one runs', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 200)
  await bench.run('XGROUP', 'CREATE', 's', 'g', 0)
  await bench.roll()
  await bench.reopen()
  await bench.run('MULTI')
  await bench.run('SET', 'k', 'v')
  await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 2, 'STREAMS', 's', '>')
  await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 2, 'STREAMS', 's', '>')
  await bench.run('XRANGE', 's', 100, 100)
  await bench.run('XTRIM', 's', 'MINID', 150)
  await bench.run('XDEL', 's', '151-0')
  await bench.run('XREVRANGE', 's', '+', '-', 'COUNT', 1)
  assert.deepEqual(await bench.run('EXEC'), [
    OK,
    [['s', entries(1, 2)]],
    [['s', entries(3, 4)]],
    entries(100),
    149,
    1,
    entries(199),
  ])
  await bench.close()
})

test('an id that came back by XSETID is delivered by its id, and not to groups that are beyond it', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 4)
  await bench.run('XGROUP', 'CREATE', 's', 'g', 0)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>')
  await bench.run('XTRIM', 's', 'MAXLEN', 0)
  assert.deepEqual(await bench.run('XSETID', 's', '1-0'), OK)
  assert.equal(await bench.run('XADD', 's', '2-0', 'n', 'again'), '2-0')
  assert.deepEqual(await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>'), { nil: 'array' })
  assert.deepEqual(await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', 1), [
    [
      's',
      [
        ['2-0', ['n', 'again']],
        ['3-0', { nil: 'array' }],
      ],
    ],
  ])
  await fill(bench, 's', 4, 5)
  assert.deepEqual(await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>'), [['s', entries(4)]])
  await bench.close()
})

test('a key that is named twice is read twice, what is new once', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 6)
  await bench.run('XGROUP', 'CREATE', 's', 'g', 0)
  const reply = await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 2, 'STREAMS', 's', 's', 's', '>', '>', 0)
  assert.deepEqual(reply, [
    ['s', entries(1, 2)],
    ['s', entries(3, 4)],
    ['s', entries(1, 2)],
  ])
  await bench.close()
})

test('FLIN.XADD adds to a stream that has had so many entries, and else aborts the whole transaction', async () => {
  const bench = await open()
  const mismatch = (expected: number, added: number): Reply => ({
    error: `REVMISMATCH expected revision ${expected}, the stream is at ${added}`,
  })
  assert.deepEqual(await bench.run('FLIN.XADD', 's', 'IFREV', 1, '1-0', 'n', 1), mismatch(1, 0))
  assert.equal(await bench.run('EXISTS', 's'), 0)
  assert.equal(await bench.run('FLIN.XADD', 's', 'ifrev', 0, '1-0', 'n', 1), '1-0')
  assert.equal(await bench.run('FLIN.XADD', 's', 'IFREV', 1, 'MAXLEN', 1, '2-*', 'n', 2), '2-0')
  await bench.run('XDEL', 's', '2-0')
  await bench.reopen()
  assert.deepEqual(await bench.run('FLIN.XADD', 's', 'IFREV', 1, '*', 'n', 1), mismatch(1, 2))
  for (const wrong of [
    ['IF', 2],
    ['IFREV', 'x'],
    ['IFREV', -1],
  ] as const) {
    const reply = await bench.run('FLIN.XADD', 's', ...wrong, '*', 'n', 1)
    assert.match(JSON.stringify(reply), /syntax error|not an integer/)
  }
  assert.match(JSON.stringify(await bench.run('FLIN.XADD', 's', 'IFREV', 2, '*', 'n')), /number of arguments/)
  await bench.run('MULTI')
  await bench.run('SET', 'k', 'v')
  await bench.run('FLIN.XADD', 's', 'IFREV', 1, '*', 'n', 1)
  assert.deepEqual(await bench.run('EXEC'), mismatch(1, 2))
  assert.equal(await bench.run('EXISTS', 'k'), 0)
  await bench.run('MULTI')
  await bench.run('SET', 'k', 'v')
  await bench.run('FLIN.XADD', 's', 'IFREV', 2, '9-0', 'n', 1)
  assert.deepEqual(await bench.run('EXEC'), [OK, '9-0'])
  await bench.run('SET', 'string', 'x')
  assert.match(JSON.stringify(await bench.run('FLIN.XADD', 'string', 'IFREV', 0, '*', 'n', 1)), /WRONGTYPE/)
  await bench.close()
})

test('a damaged log is served without the streams that are damaged', async () => {
  const disk = new SimDisk({ isQuick: true })
  const bench = await DurableBench.open(disk)
  await fill(bench, 'lost', 1, 3)
  await bench.run('XGROUP', 'CREATE', 'lost', 'g', 0)
  await bench.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 'lost', '>')
  await bench.run('XTRIM', 'lost', 'MAXLEN', 1)
  await bench.roll()
  await fill(bench, 'whole', 1, 3)
  const [first] = bench.log.segments
  await bench.close()
  const files = new Map(disk.files())
  const bytes = Buffer.from(files.get(first!.name)!)
  bytes[bytes.indexOf('lost') + 60]! ^= 1
  files.set(first!.name, bytes)
  const served = await DurableBench.open(SimDisk.of(files, { isQuick: true }), { serveDamaged: true })
  assert.deepEqual(await served.run('XRANGE', 'whole', '-', '+'), entries(1, 2))
  await assert.rejects(served.run('XLEN', 'lost'), (error) => isFlinError(error, 'LOG_CORRUPT'))
  await served.close()
})

test('an entry that was removed before the first one that is there does not count against a group', async () => {
  const bench = await open()
  await fill(bench, 's', 1, 3)
  await bench.run('XGROUP', 'CREATE', 's', 'g', '1-0', 'ENTRIESREAD', 1)
  await bench.run('XDEL', 's', '1-0')
  await bench.run('XDEL', 's', '2-0')
  await fill(bench, 's', 3, 6)
  const [group] = (await bench.run('XINFO', 'GROUPS', 's')) as Reply[][]
  // Redis 7.0.15 tells the same.
  assert.deepEqual(group!.slice(-4), ['entries-read', 1, 'lag', 4])
  await bench.close()
})
