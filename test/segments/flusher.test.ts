import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { FsyncPolicy } from '../../segments/options.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { SimDisk } from '../helpers/sim-disk.js'

const POLICIES: readonly FsyncPolicy[] = ['always', 'everysec', 'no']

async function openHeld(fsync: FsyncPolicy): Promise<{ disk: SimDisk; held: HeldDisk; session: LogSession }> {
  const disk = new SimDisk({ isQuick: true })
  const held = new HeldDisk(disk)
  const session = await LogSession.open(held, logOptions({ fsync }))
  return { disk, held, session }
}

/** Offset at which the log ends after the power was cut in the worst way. */
async function survivingEnd(disk: SimDisk, fsync: FsyncPolicy): Promise<number> {
  let least = Infinity
  for (let seed = 1; seed <= 12; seed++) {
    const { log } = await LogSession.open(disk.crash(seed, { isQuick: true }), logOptions({ fsync }))
    least = Math.min(least, log.endOffset)
  }
  return least
}

describe('what is durable when', () => {
  for (const fsync of POLICIES) {
    test(fsync, async () => {
      const { disk, session } = await openHeld(fsync)
      const { log } = session
      await session.put('a', valueFor('a'))
      assert.deepEqual([log.committedOffset, log.durableOffset], [0, 0])
      assert.ok(log.isPending)
      await session.flush()
      assert.equal(log.committedOffset, 1)
      assert.ok(!log.isPending)
      assert.equal(log.undurableSize, 0)
      const isDurable = fsync === 'always'
      assert.equal(log.durableOffset, isDurable ? 1 : 0)
      assert.equal(await survivingEnd(disk, fsync), isDurable ? 1 : 0)
      await log.sync()
      assert.equal(log.durableOffset, 1)
      assert.equal(await survivingEnd(disk, fsync), 1)
      // Sealing syncs under every policy.
      session.roll()
      await session.put('b', valueFor('b'))
      await session.flush()
      assert.equal(log.committedOffset, 2)
      assert.equal(log.durableOffset, isDurable ? 2 : 1)
      await session.close()
      assert.equal(await survivingEnd(disk, fsync), 2)
    })
  }
})

test('a segment is durable under every policy before the next one takes its first byte', async () => {
  for (const fsync of POLICIES) {
    const { disk, session } = await openHeld(fsync)
    await session.put('a', valueFor('a'))
    session.roll()
    await session.put('b', valueFor('b'))
    await session.flush()
    assert.equal(session.log.segments[0]!.sealed, true)
    assert.ok((await survivingEnd(disk, fsync)) >= 1, fsync)
  }
})

describe('what is not durable is synced ahead of the end of its segment', () => {
  const MIB = 1 << 20

  async function openLarge(fsync: FsyncPolicy): Promise<{ held: HeldDisk; session: LogSession }> {
    const held = new HeldDisk(new SimDisk({ isQuick: true }))
    const session = await LogSession.open(held, logOptions({ fsync, segmentSize: 32 * MIB }))
    held.holds = (what) => /^sync .*\.seg$/.test(what)
    for (let i = 0; i < 7; i++) await session.put(`a:${i}`, Buffer.alloc(MIB, i))
    await session.flush()
    return { held, session }
  }

  for (const fsync of ['everysec', 'no'] as const) {
    test(`${fsync}: nobody waits for that`, async () => {
      const { held, session } = await openLarge(fsync)
      const { log } = session
      assert.deepEqual(held.held, [])
      for (let i = 0; i < 2; i++) await session.put(`b:${i}`, Buffer.alloc(MIB, i))
      await session.flush()
      assert.equal(held.held.length, 1)
      assert.deepEqual([log.committedOffset, log.durableOffset], [9, 0])
      await session.put('c', Buffer.alloc(MIB))
      await session.flush()
      assert.equal(log.committedOffset, 10)
      assert.equal(held.held.length, 1)
      held.letAllGo()
      await log.sync()
      assert.equal(log.durableOffset, 9, 'what the sync under way was asked for')
      await log.sync()
      assert.equal(log.durableOffset, 10)
      await session.close()
    })
  }

  test('one that fails is seen by the next commit', async () => {
    const { held, session } = await openLarge('everysec')
    for (let i = 0; i < 2; i++) await session.put(`b:${i}`, Buffer.alloc(MIB, i))
    await session.flush()
    assert.equal(held.held.length, 1)
    held.fail('EIO')
    await turn()
    await assert.rejects(session.log.flush(), (error) => isFlinError(error, 'LOG_POISONED'))
  })
})

describe('the policy changes while the log runs', () => {
  for (const from of POLICIES) {
    for (const to of POLICIES.filter((it) => it !== from)) {
      test(`${from} to ${to}`, async () => {
        const { disk, session } = await openHeld(from)
        const { log } = session
        await session.put('a', valueFor('a'))
        await session.flush()
        log.fsync = to
        assert.equal(log.fsync, to)
        await session.put('b', valueFor('b'))
        await session.flush()
        assert.equal(log.committedOffset, 2)
        assert.equal(log.durableOffset, to === 'always' ? 2 : 1)
        assert.equal(await survivingEnd(disk, to), to === 'always' ? 2 : 1)
        // It holds for the next segments too, which are opened under the first policy.
        session.roll()
        await session.put('c', valueFor('c'))
        await session.flush()
        assert.equal(log.durableOffset, to === 'always' ? 3 : 2)
        assert.equal(await survivingEnd(disk, to), to === 'always' ? 3 : 2)
        await session.close()
        assert.equal(disk.openCount, 0)
        const again = await LogSession.open(disk, logOptions({ fsync: to }), session.history)
        await again.check(3)
      })
    }
  }
})

test('group commit: what arrives while a write is under way goes out with the next one, as one write', async () => {
  const { held, session } = await openHeld('always')
  const { log } = session
  const { name } = log.segments[0]!
  const writes = (): number => held.trace.filter((what) => what === `write ${name}`).length
  held.holds = (what) => what === `write ${name}`
  await session.put('a', valueFor('a'))
  const before = writes()
  const first = session.flush()
  await held.untilHeld(1)
  for (let i = 0; i < 20; i++) await session.put(`b${i}`, valueFor('b'))
  for (let i = 0; i < 5; i++) await turn()
  assert.equal(held.held.length, 1, 'two commits at a time')
  assert.equal(log.committedOffset, 0, 'told before it is written')
  // What is read of an uncommitted record waits for that record's commit, and for no later one.
  const { segmentNumber } = log.appender
  assert.equal(log.gate(segmentNumber, 0), 1)
  assert.equal(log.gate(segmentNumber, log.segments[0]!.inFlightPosition), 21)
  held.letGo()
  await first
  assert.equal(log.committedOffset, 1)
  assert.equal(log.gate(segmentNumber, 0), 0)
  held.letAllGo()
  await session.flush()
  assert.equal(log.committedOffset, 21)
  assert.equal(writes() - before, 2)
  await session.close()
})

test('bytes that are not committed are counted, whatever becomes of them', async () => {
  const { held, session } = await openHeld('everysec')
  const { log } = session
  const undurable = (): number => log.undurableSize
  assert.equal(undurable(), 0)
  await session.put('a', valueFor('a', 1000))
  const one = undurable()
  assert.ok(one >= 1000 && one < 1200)
  held.holds = (what) => /^write \d+/.test(what)
  const flushed = session.flush()
  await held.untilHeld(1)
  await session.put('b', valueFor('b', 2500))
  await session.put('large', valueFor('large', 9000))
  assert.ok(undurable() > one + 11_500)
  held.letAllGo()
  await flushed
  assert.ok(undurable() > 11_500)
  await session.flush()
  assert.equal(undurable(), 0)
  await log.sync()
  await log.vouch()
  assert.equal(undurable(), 0)
  await session.close()
})

test('vouching: once for what is durable, when nothing is pending, and by no record', async () => {
  const { session } = await openHeld('everysec')
  const { log } = session
  const active = log.segments[0]!
  await log.vouch()
  assert.equal(active.size, 0, 'nothing is durable, and yet it is vouched for')
  await session.put('a', valueFor('a'))
  await log.vouch()
  await session.flush()
  await log.vouch()
  const { size } = active
  await log.sync()
  await log.vouch()
  assert.equal(active.size, size + 64)
  assert.equal(log.endOffset, 1)
  await log.vouch()
  assert.equal(active.size, size + 64, 'vouched for twice')
  await session.close()
})

test('a sync that is under way serves all who ask for one', async () => {
  const { held, session } = await openHeld('everysec')
  const { name } = session.log.segments[0]!
  await session.put('a', valueFor('a'))
  await session.flush()
  held.holds = (what) => what === `sync ${name}`
  const before = held.trace.length
  const syncs = [session.log.sync(), session.log.sync()]
  await held.untilHeld(1)
  // What is committed meanwhile is not made durable by it.
  await session.put('b', valueFor('b'))
  await session.flush()
  held.letAllGo()
  await Promise.all(syncs)
  assert.equal(session.log.durableOffset, 1)
  assert.equal(held.trace.slice(before).filter((what) => what === `sync ${name}`).length, 1)
  await session.log.sync()
  assert.equal(session.log.durableOffset, 2)
  await session.close()
})

describe('poison', () => {
  for (const [what, doing] of [
    ['write', 'writing the log'],
    ['sync', 'syncing the log'],
  ] as const) {
    test(`a ${what} that fails ends all acknowledging, and the first cause is kept`, async () => {
      const { held, session, disk } = await openHeld('everysec')
      const { log } = session
      const { name } = log.segments[0]!
      await session.put('a', valueFor('a'))
      if (what === 'sync') await session.flush()
      held.holds = (it) => it === `${what} ${name}`
      const failing = what === 'write' ? session.flush() : log.sync()
      failing.catch(() => undefined)
      await held.untilHeld(1)
      held.letGo(new Error('first'))
      await assert.rejects(failing, (error) => isFlinError(error, 'LOG_POISONED'))
      held.letAllGo()
      assert.match(log.poison!.message, new RegExp(`^${doing} failed \\(first\\)`))
      const { committedOffset, durableOffset } = log
      const cause = log.poison
      held.holds = (it) => it.startsWith('write')
      assert.throws(() => log.appender.begin(100), cause!)
      await assert.rejects(session.flush(), cause!)
      await log.sync()
      held.letAllGo()
      assert.deepEqual([log.committedOffset, log.durableOffset], [committedOffset, durableOffset])
      assert.equal(log.poison, cause)
      await log.close()
      assert.equal(disk.openCount, 0)
    })
  }

  test('a failed side file is not followed by an acknowledgement', async () => {
    const { held, session } = await openHeld('always')
    const { log } = session
    await session.put('a', valueFor('a'))
    session.roll()
    await session.put('b', valueFor('b'))
    held.holds = (what) => what.endsWith('.side.tmp') && what.startsWith('write')
    await session.flush()
    await held.untilHeld(1)
    const { name } = log.segments[1]!
    await session.put('c', valueFor('c'))
    held.holds = (what) => what === `write ${name}`
    const flushed = session.flush()
    flushed.catch(() => undefined)
    await held.untilHeld(2)
    held.letGo(new Error('EIO'))
    while (log.poison === null) await turn()
    held.letAllGo()
    await assert.rejects(flushed, (error) => isFlinError(error, 'LOG_POISONED'))
    assert.equal(log.committedOffset, 2)
    assert.match(
      String(log.poison),
      /^FlinError: writing a side file failed \(EIO\)/,
      'the first cause is not the one that is kept',
    )
    await log.close()
  })
})

const NO_SPACE = Object.assign(new Error('ENOSPC: simulated'), { code: 'ENOSPC' })

test('a commit that finds no space waits for it: nothing more is taken meanwhile, and then all goes on', async () => {
  const { held, session } = await openHeld('everysec')
  held.hold()
  await session.put('a', valueFor('a'))
  const flushed = session.flush()
  await held.untilHeld(1)
  held.letGo(NO_SPACE)
  await held.untilHeld(1) // it tries again
  await assert.rejects(session.put('b', valueFor('b')), (error) => isFlinError(error, 'DISK_FULL'))
  held.letAllGo()
  await flushed
  await session.put('b', valueFor('b'))
  await session.flush()
  await session.check(2)
  await session.close()
})

test('a commit that waits for space is given up when the log is to be closed', async () => {
  const { held, session } = await openHeld('no')
  held.hold()
  await session.put('a', valueFor('a'))
  const flushed = session.flush()
  await held.untilHeld(1)
  held.letGo(NO_SPACE)
  session.log.beginClose()
  await assert.rejects(flushed, (error) => isFlinError(error, 'LOG_POISONED'))
  held.letAllGo()
  await session.log.close()
})

test('who flushes while a commit is under way waits for the next one, and each has what was appended before', async () => {
  for (const fsync of POLICIES) {
    const { disk, held, session } = await openHeld(fsync)
    const { log } = session
    held.holds = (what) => what.startsWith('write ') && what.endsWith('.seg')
    const ends: number[] = []
    const flushes: Promise<void>[] = []
    // More than one segment, so that they are sealed in between.
    for (let i = 1; i <= 12; i++) {
      await session.put(`key${i}`, valueFor(`v${i}`, 1000))
      if (i % 3 === 0) {
        const flushed = session.flush().then(() => {
          ends.push(i, log.committedOffset)
        })
        flushes.push(flushed)
      }
    }
    flushes.push(session.flush())
    while (log.isPending) {
      assert.ok(held.held.length <= 1, `${held.held.length} writes at once`)
      held.letAllGo()
      await turn()
    }
    held.holds = () => false
    held.letAllGo()
    await Promise.all(flushes)
    assert.equal(log.committedOffset, 12)
    assert.equal(log.undurableSize, 0, 'nothing is counted twice')
    for (let i = 0; i < ends.length; i += 2) assert.ok(ends[i + 1]! >= ends[i]!, ends.join(' '))
    assert.equal(ends.length, 8)
    const again = await LogSession.open(disk.kill(1, { isQuick: true }), logOptions({ fsync }), session.history)
    assert.equal(await again.check(12), 12)
    await again.close()
  }
})

test('who flushes while a commit fails is told so, too', async () => {
  const { held, session } = await openHeld('always')
  held.holds = (what) => what.startsWith('write ') && what.endsWith('.seg')
  await session.put('a', valueFor('a'))
  const both = [session.log.flush(), session.log.flush()]
  const outcomes = Promise.allSettled(both)
  await held.untilHeld(1)
  held.letGo(new Error('EIO'))
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === 'rejected' && isFlinError(outcome.reason, 'LOG_POISONED'))
  }
})
