import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlinError, Log, LogSnapshot } from '../../../../segments/index.js'
import { sumState } from '../../../../src/models/digest.js'
import { KeyState } from '../../../../src/models/key-state.js'
import { KIND } from '../../../../src/models/kinds.js'
import { BAG } from '../../../helpers/bag.js'
import { Bags } from '../../../helpers/bags.js'
import { runAt, untilReady } from '../../../helpers/compactions.js'
import { smallLogOptions } from '../../../helpers/memory-log.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

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
  test(`an object that is ${how} is dead with all its members, which compaction takes out, also after a restart`, async () => {
    const disk = new SimDisk({ isQuick: true })
    const bags = await Bags.open(disk)
    for (let i = 0; i < 100; i++) await bags.add('bag')
    await bags.log.flush()
    const { deadSize } = bags.log
    await end(bags)
    await bags.log.flush()
    assert.ok(bags.log.deadSize > deadSize + 100 * 90, 'it is counted as dead')
    const copy = SimDisk.of(disk.files(), { isQuick: true })
    for (const it of [bags, await Bags.open(copy)]) {
      const size = await compacted(it)
      assert.ok(size < 8000, `${size} bytes are left`)
      await it.log.close()
    }
  })
}

test('a replay keeps no object that has ended, but every one that has got another name', async () => {
  const disk = new SimDisk({ isQuick: true })
  const bags = await Bags.open(disk)
  await bags.add('a', 100, 1)
  for (let i = 0; i < 50; i++) {
    for (const name of ['removed', 'replaced', 'renamed over']) await bags.add(name)
    await bags.remove('removed')
    await bags.set('replaced')
    await bags.remove('replaced')
    await bags.add('other')
    await bags.rename('other', 'renamed over')
    await bags.rename(i % 2 === 0 ? 'a' : 'b', i % 2 === 0 ? 'b' : 'a')
  }
  await bags.log.flush()
  await bags.log.close()
  const log = await Log.openOn(disk, smallLogOptions({ segmentSize: 4096, cacheSize: 3 * 4096 }))
  const state = new KeyState(log, [BAG], 2)
  let most = 0
  await log.replay((record) => {
    const waiting = state.replay(record)
    most = Math.max(most, state.objects.count)
    return waiting
  })
  assert.ok(most <= 5, `${most} objects at a time`)
  await state.settle()
  assert.equal(state.objects.count, 2)
  await log.close()
  const again = await Bags.open(disk)
  assert.deepEqual(await again.orders('a'), [1])
  assert.equal((await again.orders('renamed over')).length, 1)
  await again.log.close()
})

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

test('members whose object’s record compaction has dropped already are dead after a restart, too', async () => {
  const disk = new SimDisk({ isQuick: true })
  const bags = await Bags.open(disk)
  for (let i = 0; i < 20; i++) await bags.add('bag')
  await bags.set('roll', 5000)
  for (let i = 0; i < 60; i++) await bags.add('bag')
  await bags.set('roll', 5000)
  await bags.remove('bag')
  await bags.set('roll', 5000)
  await bags.log.flush()
  await bags.compact(runAt(0, 1))
  await bags.log.close()
  const again = await Bags.open(disk)
  assert.equal((await again.orders('bag')).length, 0)
  const size = await compacted(again)
  assert.ok(size < 8000, `${size} bytes are left`)
  await again.log.close()
})

test('members of several segments that become one are found where they lie now', async () => {
  const bags = await Bags.open(new SimDisk({ isQuick: true }))
  for (let i = 0; i < 50; i++) {
    await bags.add('bag')
    await bags.set(`key ${i}`)
    await bags.add('other')
  }
  await bags.set('roll', 5000)
  await bags.log.flush()
  const digest = await bags.digest()
  const { length } = bags.log.segments
  await bags.compact(runAt(0, 3))
  assert.equal(bags.log.segments.length, length - 2)
  assert.equal(await bags.digest(), digest)
  const dead = bags.log.segments.reduce((sum, { number }) => sum + bags.log.deadSizes[number]!, 0)
  assert.ok(dead < 200, `${dead} bytes count as dead`)
  await bags.log.close()
})

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
