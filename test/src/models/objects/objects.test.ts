import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Log, LogSnapshot, type Disk, type LogOptions, FlinError } from '../../../../segments/index.js'
import { checkLoaded } from '../../../../src/models/objects/object-copy.js'
import { runLoaded } from '../../../../src/models/cold.js'
import { stateDigest, sumState } from '../../../../src/models/digest.js'
import { Keyspace } from '../../../../src/models/keyspace.js'
import { KIND, RECORD_OVERHEAD } from '../../../../src/models/kinds.js'
import { copiedSize } from '../../../../src/models/objects/object-copy.js'
import { replayState } from '../../../../src/models/replay-state.js'
import { addTo, BAG, bagOf, takeFrom } from '../../../helpers/bag.js'
import { runAt, untilReady } from '../../../helpers/compactions.js'
import { smallLogOptions } from '../../../helpers/memory-log.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

/** A keyspace whose keys may have bags, and what commands would do to it. */
class Bags {
  readonly log: Log
  readonly keyspace: Keyspace

  private constructor(log: Log, keyspace: Keyspace) {
    this.log = log
    this.keyspace = keyspace
  }

  static async open(disk: Disk, options: Partial<LogOptions> = {}): Promise<Bags> {
    const log = await Log.openOn(disk, smallLogOptions({ segmentSize: 4096, cacheSize: 3 * 4096, ...options }))
    return new Bags(log, await replayState(log, new Keyspace(log, 2, [BAG])))
  }

  /** Runs what may have to load records first. */
  run<T>(job: (keyspace: Keyspace) => T): Promise<T> {
    return runLoaded(this.log, () => job(this.keyspace))
  }

  set(name: string, size = 10): Promise<void> {
    const [key, value] = [Buffer.from(name), Buffer.alloc(size, 's')]
    return this.run((keyspace) => {
      keyspace.begin(size + 200)
      keyspace.find(key, 0, key.length)
      keyspace.put(key, 0, key.length, value, 0, value.length, 0)
    })
  }

  /** @param order NaN: a new member. Returns the order of the member; NaN where the key has a string. */
  add(name: string, size = 100, order = NaN): Promise<number> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(size + 400)
      const found = keyspace.find(key, 0, key.length)
      if (found && keyspace.isString) return NaN
      const bag = found ? keyspace.foundObject! : keyspace.createObject(KIND.list, key, 0, key.length)
      const written = addTo(bagOf(bag), keyspace.members, 0, order, Buffer.alloc(size, 'm'))
      keyspace.changed(bag)
      return written
    })
  }

  take(name: string, order: number): Promise<void> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(400)
      if (!keyspace.find(key, 0, key.length) || keyspace.isString) return
      const bag = bagOf(keyspace.foundObject)
      if (!bag.members.has(order)) return
      if (bag.count === 1) keyspace.remove(key, 0, key.length)
      else {
        takeFrom(bag, keyspace.members, 0, order)
        keyspace.changed(bag)
      }
    })
  }

  remove(name: string): Promise<void> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(200)
      if (keyspace.find(key, 0, key.length)) keyspace.remove(key, 0, key.length)
    })
  }

  rename(from: string, to: string): Promise<void> {
    const key = Buffer.from(from + to)
    return this.run((keyspace) => {
      keyspace.begin(600)
      keyspace.find(key, from.length, key.length)
      if (from === to || !keyspace.find(key, 0, from.length) || keyspace.isString) return
      keyspace.moveObject(key, 0, from.length, from.length, key.length)
    })
  }

  copy(from: string, to: string): Promise<void> {
    const key = Buffer.from(from + to)
    return this.run((keyspace) => {
      const isThere = keyspace.find(key, from.length, key.length)
      if (isThere || !keyspace.find(key, 0, from.length) || keyspace.isString) return
      const source = keyspace.foundObject!
      const { expireAt } = keyspace
      checkLoaded(this.log, source)
      keyspace.begin(copiedSize(source) + RECORD_OVERHEAD * 4)
      keyspace.find(key, from.length, key.length)
      keyspace.copyObject(source, key, from.length, key.length, expireAt)
    })
  }

  expire(name: string, expireAt: number): Promise<void> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(200)
      if (keyspace.find(key, 0, key.length)) keyspace.expire(key, 0, key.length, expireAt)
    })
  }

  clear(): void {
    this.keyspace.begin(100)
    this.keyspace.clear()
  }

  /** Orders of the members of a key. */
  orders(name: string): Promise<number[]> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      if (!keyspace.find(key, 0, key.length)) return []
      return [...bagOf(keyspace.foundObject).members.keys()].sort((a, b) => a - b)
    })
  }

  digest(): Promise<string> {
    return stateDigest(this.keyspace)
  }

  async compact(select = runAt(0, 2)): Promise<void> {
    await untilReady(this.log)
    await this.log.compactNext(this.keyspace.liveness, () => this.log.flush(), false, select)
  }
}

test('an object is found again after a restart, with the orders of its members, whatever they are', async () => {
  const disk = new SimDisk({ isQuick: true })
  const bags = await Bags.open(disk)
  await bags.set('first')
  await bags.add('bag', 10, -1)
  await bags.add('bag', 10, 1.5)
  await bags.add('bag', 10, -0.25)
  const last = await bags.add('bag', 10)
  assert.equal(last, bags.log.endOffset - 1)
  await bags.take('bag', 1.5)
  await bags.log.flush()
  const digest = await bags.digest()
  await bags.log.close()
  const again = await Bags.open(disk)
  assert.deepEqual(await again.orders('bag'), [-1, -0.25, last])
  assert.equal(await again.digest(), digest)
  await again.log.close()
})

test('commands for strings, and for other objects, do not take it', async () => {
  const { keyspace } = await Bags.open(new SimDisk({ isQuick: true })).then(async (bags) => {
    await bags.add('bag')
    await bags.set('string')
    return bags
  })
  const isWrong = (error: unknown): boolean => error instanceof FlinError && error.code === 'WRONG_TYPE'
  const [bag, string, none] = ['bag', 'string', 'none'].map((name) => Buffer.from(name))
  assert.throws(() => keyspace.findString(bag!, 0, 3), isWrong)
  assert.throws(() => keyspace.findObject(KIND.stream, bag!, 0, 3), isWrong)
  assert.throws(() => keyspace.findObject(KIND.list, string!, 0, 6), isWrong)
  assert.equal(keyspace.findObject(KIND.list, none!, 0, 4), null)
  assert.equal(keyspace.findObject(KIND.list, bag!, 0, 3)?.count, 1)
  assert.equal(keyspace.foundType, 'bag')
  assert.ok(keyspace.findString(string!, 0, 6))
})

test('what is told of it waits for the commit of its last change', async () => {
  const { keyspace, log, ...bags } = await Bags.open(new SimDisk({ isQuick: true })).then((it) => ({
    keyspace: it.keyspace,
    log: it.log,
    add: () => it.add('bag'),
  }))
  await bags.add()
  await log.flush()
  await bags.add()
  keyspace.gate = 0
  keyspace.findObject(KIND.list, Buffer.from('bag'), 0, 3)
  assert.equal(keyspace.gate, log.endOffset)
  await log.flush()
  keyspace.gate = 0
  keyspace.findObject(KIND.list, Buffer.from('bag'), 0, 3)
  assert.ok(keyspace.gate <= log.committedOffset)
})

/** How many live records there are, and bytes of the log, when all that is dead has been taken out. */
async function compacted(bags: Bags): Promise<number> {
  await bags.set('roll', 5000)
  await bags.log.flush()
  await untilReady(bags.log)
  await bags.log.compact(bags.keyspace.liveness, () => bags.log.flush())
  return bags.log.size
}

for (const [how, end] of [
  ['deleted', (bags: Bags) => bags.remove('bag')],
  ['replaced by a string', (bags: Bags) => bags.set('bag')],
  [
    'expired',
    (bags: Bags) =>
      bags
        .expire('bag', 1)
        .then(() => bags.remove('bag'))
        .then(() => bags.set('bag')),
  ],
  [
    'flushed away',
    (bags: Bags) => {
      bags.clear()
      return Promise.resolve()
    },
  ],
  ['replaced by a renamed one', (bags: Bags) => bags.add('other').then(() => bags.rename('other', 'bag'))],
] as const) {
  test(`an object that is ${how} is dead with all its members, which compaction takes out`, async () => {
    const bags = await Bags.open(new SimDisk({ isQuick: true }))
    for (let i = 0; i < 100; i++) await bags.add('bag')
    await bags.log.flush()
    const { deadSize } = bags.log
    await end(bags)
    await bags.log.flush()
    assert.ok(bags.log.deadSize > deadSize + 100 * 90, 'it is counted as dead')
    const size = await compacted(bags)
    assert.ok(size < 8000, `${size} bytes are left`)
    await bags.log.close()
  })
}

test('a member’s tombstone stays for as long as what it buries lies in the log, and no longer', async () => {
  for (const order of [NaN, -3, -1.5]) {
    const disk = new SimDisk({ isQuick: true })
    const bags = await Bags.open(disk)
    for (let i = 0; i < 10; i++) await bags.set(`before ${i}`)
    const buried = await bags.add('bag', 100, order)
    await bags.add('bag')
    await bags.set('roll', 5000)
    await bags.take('bag', buried)
    await bags.set('roll', 5000)
    await bags.log.flush()
    const orders = await bags.orders('bag')
    await bags.compact(runAt(0.7, 1))
    await bags.log.close()
    const again = await Bags.open(disk)
    assert.deepEqual(await again.orders('bag'), orders)
    assert.equal(tombstoneCount(again), 1)
    await again.set('roll', 5000)
    await again.log.flush()
    await untilReady(again.log)
    await again.log.compact(again.keyspace.liveness, () => again.log.flush())
    assert.deepEqual(await again.orders('bag'), orders)
    assert.equal(tombstoneCount(again), 0)
    await again.log.close()
  }
})

function tombstoneCount({ log }: Bags): number {
  return log.segments.reduce((count, it) => count + it.tombstoneCount, 0)
}

test('a renamed object lives on when the record under its old name is gone, before and after a restart', async () => {
  const disk = new SimDisk({ isQuick: true })
  const bags = await Bags.open(disk)
  for (let i = 0; i < 60; i++) await bags.add('a')
  await bags.rename('a', 'b')
  await bags.set('a')
  await bags.log.flush()
  const [orders, digest] = [await bags.orders('b'), await bags.digest()]
  await compacted(bags)
  await bags.remove('roll')
  assert.equal(await bags.digest(), digest)
  await bags.log.close()
  const again = await Bags.open(disk)
  assert.deepEqual(await again.orders('b'), orders)
  assert.equal(await again.digest(), digest)
  assert.deepEqual(await again.keyspace.liveness.countLive([again.log.segments[0]!.number]), [
    again.log.segments[0]!.recordCount,
  ])
  await again.log.close()
})

const name = fc.constantFrom('a', 'b', 'c')
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ op: fc.constant('add' as const), name, size: fc.nat(600), pick: fc.nat(3) }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('take' as const), name, pick: fc.nat(50) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom('set' as const, 'remove' as const, 'expire' as const), name }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('rename' as const, 'copy' as const), name, to: name }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('compact' as const),
      share: fc.double({ min: 0, max: 0.99, noNaN: true }),
      length: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('clear' as const) }) },
)

test('digest(replay(compact(log))) = digest(replay(log)), with objects that are made, changed, renamed, copied and removed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
      const disks = [new SimDisk({ isQuick: true }), new SimDisk({ isQuick: true })] as const
      const twins = await Promise.all(disks.map((disk) => Bags.open(disk)))
      for (const it of steps) {
        for (const [i, bags] of twins.entries()) {
          if (it.op === 'add') {
            const orders = await ordersOf(bags, it.name)
            await bags.add(it.name, it.size, it.pick === 0 ? (orders.at(0) ?? NaN) : NaN)
          } else if (it.op === 'take') {
            const orders = await ordersOf(bags, it.name)
            if (orders.length > 0) await bags.take(it.name, orders[it.pick % orders.length]!)
          } else if (it.op === 'set') await bags.set(it.name)
          else if (it.op === 'remove') await bags.remove(it.name)
          else if (it.op === 'expire') await bags.expire(it.name, bags.log.now() + 60_000)
          else if (it.op === 'rename') await bags.rename(it.name, it.to)
          else if (it.op === 'copy') await bags.copy(it.name, it.to)
          else if (it.op === 'clear') bags.clear()
          else if (it.op === 'reopen') {
            await bags.log.close()
            twins[i] = await Bags.open(disks[i]!)
          } else if (i === 0 && 'share' in it) {
            await bags.log.flush()
            if (bags.log.segments.length > 1) await bags.compact(runAt(it.share, it.length))
          }
          if (it.op !== 'compact') await twins[i]!.log.flush()
        }
      }
      assert.equal(await twins[0]!.digest(), await twins[1]!.digest())
      const snapshot = await LogSnapshot.take(disks[0])
      const sum = await sumState(snapshot, twins[0]!.keyspace)
      assert.equal(sum.digest, await twins[0]!.digest(), 'along the log')
      assert.equal(sum.indexedCount, sum.liveCount)
      await snapshot.close()
      for (const { log } of twins) await log.close()
    }),
    { numRuns: 60 },
  )
})

async function ordersOf(bags: Bags, key: string): Promise<number[]> {
  const isBag = await bags.run((keyspace) => keyspace.find(Buffer.from(key), 0, 1) && !keyspace.isString)
  return isBag ? bags.orders(key) : []
}
