import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIND } from '../../../../src/models/kinds.js'
import { Stream } from '../../../../src/models/streams/stream.js'
import { GONE_MAX } from '../../../../src/models/streams/references.js'
import { mayRetain, retainStream } from '../../../../src/models/streams/retention.js'
import { runLoaded } from '../../../../src/models/cold.js'
import { DurableBench } from '../../../helpers/durable-bench.js'
import { Random } from '../../../helpers/random.js'
import { OK, type Argument, type Reply } from '../../../helpers/resp-client.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

const BEGAN_MS = 1_700_000_000_000

/** A bench with a clock of its own. */
class AgingBench {
  nowMs = BEGAN_MS
  bench!: DurableBench

  static async open(): Promise<AgingBench> {
    const aging = new AgingBench()
    aging.bench = await DurableBench.open(new SimDisk({ isQuick: true }), {
      cacheSize: 1 << 20, // an XADD lets go of what it need not load
      now: () => aging.nowMs,
    })
    return aging
  }

  run(...args: Argument[]): Promise<Reply> {
    return this.bench.run(...args)
  }

  /** What the beat does, until nothing more goes. Returns how many entries went. */
  async beat(): Promise<number> {
    const { keyspace, log } = this.bench
    let total = 0
    for (const [object, hash] of keyspace.retained.take(100)) {
      if (!mayRetain(object, this.nowMs)) continue
      total += await runLoaded(log, () => {
        keyspace.now = log.now()
        return retainStream(keyspace, object, hash)
      })
    }
    await this.bench.flush()
    return total
  }

  async add(key: string, ms: number, count = 1): Promise<void> {
    for (let i = 0; i < count; i++) await this.run('XADD', key, `${ms}-${i}`, 'n', ms)
    await this.bench.flush()
  }

  async ids(key: string): Promise<string[]> {
    return ((await this.run('XRANGE', key, '-', '+')) as [string, Reply][]).map(([id]) => id)
  }

  /** Bytes that the records of its entries take in the log, more or less. */
  recordsSize(key: string): Promise<number> {
    const { keyspace, log } = this.bench
    const bytes = Buffer.from(key)
    return runLoaded(log, () => {
      const object = keyspace.findObject(KIND.stream, bytes, 0, bytes.length)
      assert.ok(object instanceof Stream)
      return object.entries.recordsSize
    })
  }
}

const OFF = ['maxage', 0, 'maxbytes', 0, 'maxlen', 0, 'acked', 'no', 'deadletter', null, 'after', 0]

test('settings are told as they were set, one by one, and are gone with what they are of', async () => {
  const aging = await AgingBench.open()
  const { bench } = aging
  const refused = await bench.run('FLIN.XCONFIG', 's', 'MAXLEN', 5)
  assert.match(JSON.stringify(refused), /ERR no such key/)
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 's', 'MKSTREAM', 'MAXLEN', 5), OK)
  await bench.run('FLIN.XCONFIG', 's', 'MAXAGE', 1000, 'ACKED', 'yes', 'DEADLETTER', 'dead', 'AFTER', 3)
  await bench.run('FLIN.XCONFIG', 's', 'maxbytes', 77)
  const all = ['maxage', 1000, 'maxbytes', 77, 'maxlen', 5, 'acked', 'yes', 'deadletter', 'dead', 'after', 3]
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(await bench.run('FLIN.XCONFIG', 's'), all)
    await bench.roll()
    if (round === 1) await bench.compactAll()
    await bench.reopen()
  }
  assert.deepEqual(await bench.run('COPY', 's', 'copy'), 1)
  assert.deepEqual(await bench.run('RENAME', 's', 'renamed'), OK)
  await bench.reopen()
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 'copy'), all)
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 'renamed'), all)
  await bench.run('FLIN.XCONFIG', 'copy', 'MAXAGE', 0, 'MAXBYTES', 'OFF', 'MAXLEN', '0', 'ACKED', 'no')
  await bench.run('FLIN.XCONFIG', 'copy', 'DEADLETTER', 'OFF')
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 'copy'), OFF)
  await bench.run('DEL', 'renamed')
  assert.equal(bench.keyspace.retained.count, 0)
  await bench.run('XADD', 'renamed', '1-0', 'a', 1)
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 'renamed'), OFF)
  await bench.flush()
  const digest = await bench.digest()
  await bench.compactAll()
  await bench.reopen()
  assert.equal(await bench.digest(), digest)
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 'copy'), OFF)
  await bench.close()
})

test('what is wrong with settings is said, and nothing is set', async () => {
  const { bench } = await AgingBench.open()
  await bench.run('XADD', 's', '1-0', 'a', 1)
  await bench.run('SET', 'text', 'x')
  const wrong: readonly (readonly [RegExp, ...Argument[]])[] = [
    [/ERR syntax error/, 's', 'MAXLEN'],
    [/ERR syntax error/, 's', 'MAXLEN', 5, 'FOO'],
    [/ERR syntax error/, 's', 'ACKED', 'maybe'],
    [/ERR syntax error/, 's', 'DEADLETTER', 'd'],
    [/ERR syntax error/, 's', 'DEADLETTER', 'd', 'AFTER'],
    [/ERR value is not an integer/, 's', 'MAXLEN', 5, 'MAXAGE', -1],
    [/ERR value is not an integer/, 's', 'MAXBYTES', '9007199254740993'],
    [/ERR value is not an integer/, 's', 'DEADLETTER', 'd', 'AFTER', 'x'],
    [/ERR A stream cannot be its own/, 's', 'DEADLETTER', 's', 'AFTER', 2],
    [/larger|long|exceed|most/, 's', 'DEADLETTER', 'd'.repeat(70_000), 'AFTER', 2],
    [/WRONGTYPE/, 'text', 'MAXLEN', 5],
  ]
  for (const [expected, ...args] of wrong) {
    assert.match(JSON.stringify(await bench.run('FLIN.XCONFIG', ...args)), expected, args.join(' ').slice(0, 80))
  }
  assert.deepEqual(await bench.run('FLIN.XCONFIG', 's'), OFF)
  await bench.close()
})

test('entries go by count, by bytes and by age: when one is added, and at rest', async () => {
  const aging = await AgingBench.open()
  await aging.run('FLIN.XCONFIG', 'len', 'MKSTREAM', 'MAXLEN', 3)
  await aging.run('FLIN.XCONFIG', 'bytes', 'MKSTREAM', 'MAXBYTES', 1000)
  await aging.run('FLIN.XCONFIG', 'age', 'MKSTREAM', 'MAXAGE', 1000)
  for (let i = 1; i <= 40; i++) {
    for (const key of ['len', 'bytes', 'age']) await aging.add(key, i)
    aging.nowMs += 100
  }
  assert.deepEqual(await aging.ids('len'), ['38-0', '39-0', '40-0'])
  const bytes = await aging.ids('bytes')
  assert.ok(bytes.length >= 9 && bytes.length < 15 && bytes.at(-1) === '40-0', String(bytes))
  assert.ok((await aging.recordsSize('bytes')) <= 1000)
  // The last one came 100 ms ago.
  assert.deepEqual((await aging.ids('age'))[0], '31-0')
  assert.equal(await aging.beat(), 1, 'that of 1000 ms ago')
  aging.nowMs += 500
  await aging.bench.reopen()
  assert.equal(await aging.beat(), 5, 'an idle stream ages, also when nobody has asked since the start')
  assert.equal((await aging.ids('age'))[0], '37-0')
  aging.nowMs += 1000
  await aging.bench.compactAll()
  assert.equal(await aging.beat(), 4)
  assert.deepEqual(await aging.ids('age'), [])
  assert.equal(await aging.beat(), 0)
  // An id is not given again, and one alone stays however large it is.
  assert.match(JSON.stringify(await aging.run('XADD', 'age', '40-0', 'a', 1)), /equal or smaller/)
  await aging.run('XADD', 'bytes', '41-0', 'n', 'x'.repeat(3000))
  assert.deepEqual(await aging.ids('bytes'), ['41-0'])
  assert.equal(await aging.beat(), 0)
  await aging.bench.close()
})

test('age is that of the record in the log, whatever the id says; a stream that was renamed ages too', async () => {
  const aging = await AgingBench.open()
  await aging.run('FLIN.XCONFIG', 's', 'MKSTREAM', 'MAXAGE', 1000)
  await aging.add('s', BEGAN_MS + 999_999)
  aging.nowMs += 999
  await aging.add('s', BEGAN_MS + 1_000_000)
  assert.equal(await aging.beat(), 0)
  await aging.run('RENAME', 's', 't')
  aging.nowMs += 1
  assert.equal(await aging.beat(), 1)
  assert.deepEqual(await aging.ids('t'), [`${BEGAN_MS + 1_000_000}-0`])
  await aging.run('COPY', 't', 'copy')
  await aging.bench.flush()
  aging.nowMs += 999
  assert.equal(await aging.beat(), 1, 'the copy is younger')
  aging.nowMs += 1
  assert.equal(await aging.beat(), 1)
  await aging.bench.close()
})

test('with ACKED nothing goes that a group has not been given, or has pending', async () => {
  const aging = await AgingBench.open()
  await aging.run('FLIN.XCONFIG', 's', 'MKSTREAM', 'MAXLEN', 2, 'ACKED', 'yes')
  await aging.run('XGROUP', 'CREATE', 's', 'g', '0')
  for (let i = 1; i <= 6; i++) await aging.add('s', i)
  assert.equal(await aging.run('XLEN', 's'), 6)
  await aging.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 4, 'STREAMS', 's', '>')
  await aging.run('XACK', 's', 'g', '1-0', '3-0')
  assert.equal(await aging.beat(), 1)
  await aging.bench.reopen()
  assert.equal(await aging.beat(), 0)
  await aging.run('XACK', 's', 'g', '2-0')
  await aging.add('s', 7)
  assert.deepEqual(await aging.ids('s'), ['4-0', '5-0', '6-0', '7-0'])
  await aging.bench.close()
})

test('whoever watches a stream learns that entries have gone by themselves', async () => {
  const aging = await AgingBench.open()
  await aging.run('FLIN.XCONFIG', 's', 'MKSTREAM', 'MAXAGE', 1000)
  await aging.add('s', 1)
  const { session } = aging.bench
  await aging.run('WATCH', 's')
  assert.equal(await aging.beat(), 0)
  assert.equal(session.watcher.dirty, false)
  aging.nowMs += 1000
  assert.equal(await aging.beat(), 1)
  assert.equal(session.watcher.dirty, true)
  await aging.bench.close()
})

test('trimming is that of a naive stream, with KEEPREF, DELREF and ACKED, through compactions and restarts', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new Random(seed)
    const bench = await DurableBench.open(new SimDisk({ isQuick: true }))
    const naive = new NaiveStream()
    let next = 0
    for (const group of ['g', 'h']) {
      await bench.run('XGROUP', 'CREATE', 's', group, '0', 'MKSTREAM')
      naive.groups.set(group, { last: 0, pending: new Set() })
    }
    for (let step = 0; step < 300; step++) {
      const group = random.pick(['g', 'h'])
      const roll = random.below(100)
      const references = random.pick(['KEEPREF', 'DELREF', 'ACKED', 'ACKED'])
      if (roll < 35) {
        const max = random.below(12)
        const isTrimming = random.chance(0.5)
        next++
        const options = isTrimming
          ? random.pick([
              [references, 'MAXLEN', max],
              ['MAXLEN', '=', max, references],
            ])
          : []
        assert.equal(await bench.run('XADD', 's', ...options, `${next}-0`, 'n', next), `${next}-0`)
        naive.ids.push(next)
        if (isTrimming) naive.trim((_id, i) => naive.ids.length - i <= max, references)
      } else if (roll < 60) {
        const count = 1 + random.below(4)
        await bench.run('XREADGROUP', 'GROUP', group, 'c', 'COUNT', count, 'STREAMS', 's', '>')
        naive.deliver(group, count)
      } else if (roll < 80) {
        const id = 1 + random.below(Math.max(1, next))
        await bench.run('XACK', 's', group, `${id}-0`, `${id + 1}-0`)
        naive.groups.get(group)!.pending.delete(id)
        naive.groups.get(group)!.pending.delete(id + 1)
      } else if (roll < 85) {
        const id = 1 + random.below(Math.max(1, next))
        await bench.run('XDEL', 's', `${id}-0`)
        naive.ids = naive.ids.filter((it) => it !== id)
      } else if (roll < 95) {
        const least = random.below(next + 3)
        const before = naive.ids.length
        naive.trim((id) => id >= least, references)
        const expected = before - naive.ids.length
        const what = `seed ${seed}, step ${step}: ${references} from ${least}`
        assert.equal(await bench.run('XTRIM', 's', 'MINID', least, references), expected, what)
      } else if (roll < 98) {
        await bench.flush()
        await bench.reopen()
      } else await bench.compact(random.next(), 2)
      const found = ((await bench.run('XRANGE', 's', '-', '+')) as [string, Reply][]).map(([id]) => parseInt(id))
      assert.deepEqual(found, naive.ids, `seed ${seed}, step ${step}`)
      for (const [name, { pending }] of naive.groups) {
        const told = (await bench.run('XPENDING', 's', name, '-', '+', 1000)) as [string, ...Reply[]][]
        const expected = [...pending].sort((a, b) => a - b)
        assert.deepEqual(
          told.map(([id]) => parseInt(id)),
          expected,
          `seed ${seed}, step ${step}: ${name}`,
        )
      }
    }
    await bench.close()
  }
})

class NaiveStream {
  ids: number[] = []
  readonly groups = new Map<string, { last: number; pending: Set<number> }>()

  deliver(name: string, count: number): void {
    const group = this.groups.get(name)!
    for (const id of this.ids.filter((it) => it > group.last).slice(0, count)) {
      group.last = id
      group.pending.add(id)
    }
  }

  trim(stays: (id: number, i: number) => boolean, references: string): void {
    const { ids } = this
    const isNeeded = (id: number): boolean => [...this.groups.values()].some((it) => id > it.last || it.pending.has(id))
    let gone = ids.findIndex((id, i) => stays(id, i) || (references === 'ACKED' && isNeeded(id)))
    if (gone < 0) gone = ids.length
    this.ids = ids.slice(gone)
    if (references !== 'DELREF' || gone === 0) return
    const first = this.ids[0] ?? Infinity
    for (const { pending } of this.groups.values()) for (const id of pending) if (id < first) pending.delete(id)
  }
}

test('what is pending of entries that XDEL has removed is passed once, and not too much of it at a time', async () => {
  const { bench } = await AgingBench.open()
  const gone = GONE_MAX + 100
  await bench.run('XGROUP', 'CREATE', 's', 'careless', '0', 'MKSTREAM')
  await bench.run('XGROUP', 'CREATE', 's', 'slow', '0')
  for (let i = 1; i <= gone + 2; i++) await bench.run('XADD', 's', `${i}-0`, 'n', i)
  for (const group of ['careless', 'slow']) await bench.run('XREADGROUP', 'GROUP', group, 'c', 'STREAMS', 's', '>')
  const ids = Array.from({ length: gone + 2 }, (_, i) => `${i + 1}-0`)
  const [first, last] = [ids[0]!, ids.at(-1)!]
  await bench.run('XACK', 's', 'careless', first, last)
  await bench.run('XACK', 's', 'slow', ...ids.slice(1))
  await bench.run('XDEL', 's', ...ids.slice(1, -1))
  // The first one is needed: so all that the other group has is looked at again and again.
  for (let i = 0; i < 2; i++) assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', 0, 'ACKED'), 0)
  await bench.run('XACK', 's', 'slow', first)
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', 0, 'ACKED'), 2, 'it has been looked at')
  assert.equal(await bench.run('XLEN', 's'), 0)
  await bench.close()
})

test('with ACKED an entry is needed that has become pending again, or has come back with its id', async () => {
  const { bench } = await AgingBench.open()
  for (const group of ['g', 'h']) await bench.run('XGROUP', 'CREATE', 's', group, '0', 'MKSTREAM')
  for (let i = 1; i <= 4; i++) await bench.run('XADD', 's', `${i}-0`, 'n', i)
  for (const group of ['g', 'h']) await bench.run('XREADGROUP', 'GROUP', group, 'c', 'STREAMS', 's', '>')
  await bench.run('XACK', 's', 'g', '1-0', '2-0')
  await bench.run('XACK', 's', 'h', '2-0', '3-0', '4-0')
  await bench.run('XDEL', 's', '3-0')
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', 0, 'ACKED'), 0)
  await bench.run('XCLAIM', 's', 'g', 'c', 0, '2-0', 'FORCE')
  await bench.run('XACK', 's', 'h', '1-0')
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', 0, 'ACKED'), 1)

  await bench.run('XDEL', 's', '2-0', '4-0')
  await bench.run('XADD', 's', '9-0', 'n', 9)
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', 0, 'ACKED'), 0)
  await bench.run('XDEL', 's', '9-0')
  await bench.run('XSETID', 's', '1-0')
  await bench.run('XADD', 's', '2-0', 'n', 'again')
  assert.equal(await bench.run('XTRIM', 's', 'MAXLEN', 0, 'ACKED'), 0)
  await bench.close()
})

test('ACKED, DELREF and KEEPREF are taken once', async () => {
  const { bench } = await AgingBench.open()
  await bench.run('XADD', 's', '1-0', 'a', 1)
  for (const args of [
    ['XTRIM', 's', 'MAXLEN', 0, 'ACKED', 'DELREF'],
    ['XTRIM', 's', 'ACKED', 'MAXLEN', 0, 'ACKED'],
    ['XADD', 's', 'ACKED', 'KEEPREF', 'MAXLEN', 0, '*', 'a', 1],
  ]) {
    assert.match(JSON.stringify(await bench.run(...args)), /ERR syntax error/)
  }
  assert.match(JSON.stringify(await bench.run('XTRIM', 's', 'ACKED')), /wrong number|trimming strategy/)
  // Without groups there is nothing to keep.
  assert.equal(await bench.run('XTRIM', 's', 'ACKED', 'MAXLEN', 0), 1)
  await bench.close()
})
