import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { FlinError, Log } from '../../../segments/index.js'
import { Committer } from '../../../src/commit/committer.js'
import type { Keyspace } from '../../../src/models/keyspace.js'
import { HeldDisk } from '../../helpers/held-disk.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'

/** A log whose writes can be held, and what its committer told. */
class Stage {
  readonly disk = new HeldDisk(new SimDisk({ isQuick: true }))
  log!: Log
  #keyspace!: Keyspace
  committer!: Committer
  readonly told: string[] = []
  readonly poisons: FlinError[] = []

  static async set(context: TestContext): Promise<Stage> {
    const stage = new Stage()
    const { log, keyspace } = await openKeyspace(stage.disk, { segmentSize: 1 << 20 })
    stage.log = log
    stage.#keyspace = keyspace
    stage.committer = new Committer(log, (error) => stage.poisons.push(error))
    stage.committer.onCommit = (offset) => stage.told.push(`commit ${offset}`)
    context.after(async () => {
      stage.disk.letAllGo()
      await log.close()
    })
    return stage
  }

  /** Writes, and waits for the next commit under a name. */
  put(name: string, size = 10): void {
    const key = Buffer.from(name)
    this.#keyspace.begin(size + 200)
    this.#keyspace.find(key, 0, key.length)
    this.#keyspace.put(key, 0, key.length, Buffer.alloc(size), 0, size, 0)
    this.committer.schedule()
    this.committer.wait({ committed: (offset) => this.told.push(`${name} ${offset}`) })
  }
}

test('what is written in one turn of the loop is one commit, told first to the models and then to who waits', async (t) => {
  const stage = await Stage.set(t)
  stage.put('a')
  stage.put('b')
  assert.equal(stage.committer.isInFlight, false)
  await stage.committer.drain()
  assert.deepEqual(stage.told, ['commit 2', 'a 2', 'b 2'])
  assert.equal(stage.committer.commitCount, 1)
})

test('what comes during a commit is the next one', async (t) => {
  const stage = await Stage.set(t)
  stage.disk.hold()
  stage.put('a')
  await stage.disk.untilHeld(1)
  stage.put('b')
  stage.put('c')
  await turn()
  assert.deepEqual(stage.told, [])
  stage.disk.letGo()
  await stage.disk.untilHeld(1)
  // Who waits is told after each commit, and asks again if it did not suffice.
  assert.deepEqual(stage.told, ['commit 1', 'a 1', 'b 1', 'c 1'])
  assert.equal(stage.log.committedOffset, 1)
  stage.disk.letAllGo()
  await stage.committer.drain()
  assert.deepEqual(stage.told.slice(4), ['commit 3'])
})

test('who asks again while being told is told once more after the next commit', async (t) => {
  const stage = await Stage.set(t)
  const offsets: number[] = []
  const waiter = {
    committed: (offset: number): void => {
      offsets.push(offset)
      if (offset < 2) stage.committer.wait(waiter)
    },
  }
  stage.put('a')
  stage.committer.wait(waiter)
  await stage.committer.drain()
  stage.put('b')
  await stage.committer.drain()
  stage.put('c')
  await stage.committer.drain()
  assert.deepEqual(offsets, [1, 2])
})

test('a commit of some size begins at once, beside the rest of the turn', async (t) => {
  const stage = await Stage.set(t)
  stage.put('small')
  assert.equal(stage.committer.isInFlight, false)
  stage.put('large', 70_000)
  assert.equal(stage.committer.isInFlight, true)
  stage.put('late')
  await stage.committer.drain()
  assert.equal(stage.log.committedOffset, 3)
  assert.equal(stage.committer.commitCount, 2)
})

test('after a failure nobody is told, but for what the daemon ends of', async (t) => {
  const stage = await Stage.set(t)
  stage.disk.hold()
  stage.put('a')
  await stage.disk.untilHeld(1)
  stage.put('b')
  stage.disk.fail('EIO')
  while (stage.poisons.length === 0) await turn()
  await stage.committer.drain()
  stage.committer.schedule()
  await stage.committer.drain()
  assert.deepEqual(stage.told, [])
  assert.equal(stage.poisons[0]!.code, 'LOG_POISONED')
  assert.equal(stage.log.committedOffset, 0)
})

test('a job that must not meet a commit holds the next one back, and is left out while one is under way', async (t) => {
  const stage = await Stage.set(t)
  stage.disk.hold()
  stage.put('a')
  await stage.disk.untilHeld(1)
  let count = 0
  await stage.committer.ifIdle(() => {
    count++
    return Promise.resolve()
  })
  assert.equal(count, 0)
  stage.disk.letAllGo()
  await stage.committer.drain()
  let end: () => void = () => undefined
  const idle = stage.committer.ifIdle(() => new Promise((resolve) => (end = resolve)))
  stage.put('b')
  for (let i = 0; i < 5; i++) await turn()
  assert.equal(stage.log.committedOffset, 1)
  end()
  await idle
  await stage.committer.drain()
  assert.equal(stage.log.committedOffset, 2)
})

test('a job for idle times is left out when something is waiting to be committed', async (t) => {
  const stage = await Stage.set(t)
  stage.put('a')
  let hasRun = false
  await stage.committer.ifIdle(() => {
    hasRun = true
    return Promise.resolve()
  })
  assert.equal(hasRun, false)
  await stage.committer.drain()
})
