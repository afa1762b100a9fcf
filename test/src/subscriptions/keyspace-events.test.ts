import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChangeJournal } from '../../../src/models/objects/change-journal.js'
import { KeyspaceEvents } from '../../../src/subscriptions/keyspace-events.js'
import { Subscriptions } from '../../../src/subscriptions/subscriptions.js'
import { ALL_COMMANDS } from '../../../src/commands/all.js'
import { DurableBench } from '../../helpers/durable-bench.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { SlowOutlet } from '../../helpers/slow-outlet.js'
import { until } from '../../helpers/until.js'

test('records that cannot be read are not told, and neither is anything held for them nor what comes later kept back', async () => {
  const bench = await DurableBench.open(new SimDisk({ isQuick: true }))
  const { keyspace, log } = bench
  const failures: unknown[] = []
  const failed = (error: unknown): void => {
    failures.push(error)
  }
  const subscriptions = new Subscriptions(log, keyspace.messages, failed)
  const outlet = new SlowOutlet()
  subscriptions.subscribe(subscriptions.newSubscriber(outlet), 'patterns', Buffer.from('__keyevent*'))
  const names = new Map(ALL_COMMANDS.map(({ code, name }) => [code, name]))
  const events = new KeyspaceEvents(keyspace, subscriptions, names, failed)
  events.classes = 'EA'
  assert.ok(keyspace.journal instanceof ChangeJournal)
  await bench.run('RPUSH', 'list', 'lost')
  for (let i = 0; i < 6; i++) await bench.roll()
  // It has left the cache, and its file cannot be read.
  const cursors = Object.getPrototypeOf(log.cursor(0)) as { load: () => Promise<void> }
  const own = cursors.load
  cursors.load = () => Promise.reject(new Error('EIO'))
  try {
    events.committed()
    await until('it has failed', () => failures.length > 0)
  } finally {
    cursors.load = own
  }
  assert.equal(keyspace.journal.count, 0)
  await bench.run('RPUSH', 'list', 'told')
  await bench.flush()
  events.committed()
  outlet.committedOffset = log.committedOffset
  outlet.read(Infinity)
  const told = outlet.told.map((reply) => (reply as { push: readonly string[] }).push[2])
  assert.deepEqual(told, ['__keyevent@0__:rpush'])
  assert.equal(failures.length, 1)
  await bench.close()
})
