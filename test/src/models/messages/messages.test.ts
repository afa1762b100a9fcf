import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stateDigest } from '../../../../src/models/digest.js'
import { MessageRules } from '../../../../src/models/messages/message-rules.js'
import { untilReady } from '../../../helpers/compactions.js'
import { openMessages, type MessageBench } from '../../../helpers/message-bench.js'
import { SimDisk } from '../../../helpers/sim-disk.js'
import { SlowOutlet } from '../../../helpers/slow-outlet.js'

const HOUR = 3_600_000
const START = 1_700_000_000_000

const rule = (pattern: string, ageMs: number) => ({ pattern: Buffer.from(pattern), ageMs })

test('the first rule that matches a channel says how long its messages stay', () => {
  const rules = new MessageRules(HOUR, [rule('audit.*', 5 * HOUR), rule('a*', 0)])
  const ageOf = (channel: string): number => rules.ageOf(Buffer.from(channel), 0, channel.length)
  assert.deepEqual(['audit.x', 'abc', 'chat'].map(ageOf), [5 * HOUR, 0, HOUR])
})

test('a pattern may have messages of the times that rules of channels like it have, and of times of before', () => {
  const rules = new MessageRules(HOUR, [rule('audit.*', 5 * HOUR), rule('m.*', 60_000)])
  const mayHave = (pattern: string, ageMs: number): boolean => rules.mayHave(Buffer.from(pattern), ageMs)
  assert.equal(mayHave('audit.x', 5 * HOUR), true)
  assert.equal(mayHave('audit.x', HOUR), false, 'that channel has one time')
  assert.equal(mayHave('chat.*', 60_000), false, 'begins differently')
  assert.equal(mayHave('chat.*', HOUR), true)
  assert.equal(mayHave('*', 60_000), true)
  assert.equal(mayHave('a?dit.*', 5 * HOUR), true)
  assert.equal(mayHave('chat', 7), true, 'no rule of now')
})

/** Fills segments until so many more have been sealed. */
async function fill(bench: MessageBench, channel: string, ageMs: number, sealed: number): Promise<void> {
  const target = bench.log.segments.length + sealed
  while (bench.log.segments.length < target) {
    bench.publish(channel, 'x'.repeat(1000), ageMs)
    await bench.commit()
  }
  await untilReady(bench.log)
}

async function replayed(bench: MessageBench, pattern: string): Promise<number> {
  const outlet = new SlowOutlet()
  const subscriber = bench.subscriptions.newSubscriber(outlet)
  bench.subscriptions.replay(
    subscriber,
    Buffer.from(pattern),
    bench.keyspace.messages.heldFrom(Buffer.from(pattern)),
    0,
  )
  for (let i = 0; i < 100; i++) {
    subscriber.flush()
    outlet.read(Infinity)
    await new Promise(setImmediate)
  }
  bench.subscriptions.remove(subscriber)
  return outlet.told.length
}

test('messages go by the time that each bears, and what is held is told by pattern, after a restart and a compaction, too', async () => {
  let time = START
  const disk = new SimDisk({ isQuick: true })
  const options = { now: () => time, cacheSize: 1 }
  let bench = await openMessages(options, disk)
  bench.keyspace.messages.rules.rules = [rule('m.*', HOUR), rule('audit', 10 * HOUR)]
  bench.keyspace.messages.rules.ageMs = 5 * HOUR
  await bench.set('key', 'value')
  await fill(bench, 'm.x', HOUR, 2)
  await fill(bench, 'audit', 10 * HOUR, 1)
  const digest = await stateDigest(bench.keyspace)
  time += 2 * HOUR
  await fill(bench, 'audit', 10 * HOUR, 1)
  const { messages } = bench.keyspace
  messages.retain()
  await bench.commit()
  const heldFrom = (pattern: string): number => bench.keyspace.messages.heldFrom(Buffer.from(pattern))
  const floor = heldFrom('m.*')
  assert.ok(floor > 0)
  assert.equal(heldFrom('m.x'), floor)
  assert.equal(heldFrom('*'), floor)
  assert.equal(heldFrom('audit'), 0, 'theirs is another time')
  messages.retain()
  assert.equal(bench.log.isPending, false, 'said once')
  const audits = await replayed(bench, 'audit')
  assert.ok(audits > 7)
  const before = bench.log.size
  await bench.log.compact(bench.keyspace.liveness, bench.commits.durable)
  assert.ok(bench.log.size < before - 8000, 'a segment of dead messages has gone')
  assert.equal(await replayed(bench, 'audit'), audits)
  assert.equal(await stateDigest(bench.keyspace), digest, 'messages are no state of keys')
  await bench.close()
  bench = await openMessages(options, disk)
  bench.keyspace.messages.rules.ageMs = 3 * HOUR
  assert.equal(heldFrom('m.x'), floor, 'no rule has that time now, and no message')
  assert.equal(heldFrom('audit'), floor, 'it may have been theirs')
  bench.keyspace.messages.rules.rules = [rule('m.*', HOUR), rule('audit', 10 * HOUR)]
  assert.equal(await stateDigest(bench.keyspace), digest)
  assert.equal(heldFrom('m.x'), floor)
  assert.equal(heldFrom('audit'), 0)
  assert.equal(await replayed(bench, 'audit'), audits)
  await bench.close()
})

test('the oldest messages of all go where they are too many', async () => {
  const bench = await openMessages()
  const { messages } = bench.keyspace
  messages.sizeMax = 12_000
  await fill(bench, 'a', HOUR, 4)
  messages.retain()
  await bench.commit()
  assert.ok(messages.heldFrom(Buffer.from('a')) > 0)
  assert.ok(messages.heldFrom(Buffer.from('b')) > 0, 'of any channel')
  assert.ok(messages.size >= 12_000 && messages.size < 12_000 + 2 * bench.log.segmentSize)
  await bench.close()
})

test('who asks for what was before is not told again of what it was told as it came', async () => {
  const bench = await openMessages()
  const outlet = new SlowOutlet()
  const subscriber = bench.subscriptions.newSubscriber(outlet)
  bench.publish('a', 'before')
  bench.subscriptions.subscribe(subscriber, 'channels', Buffer.from('a'))
  bench.publish('a', 'live')
  await bench.commit()
  outlet.committedOffset = bench.log.committedOffset
  outlet.read(10)
  bench.subscriptions.replay(subscriber, Buffer.from('*'), 0, 0)
  subscriber.flush()
  bench.publish('a', 'later')
  await bench.commit()
  outlet.committedOffset = bench.log.committedOffset
  subscriber.flush()
  outlet.read(10)
  const push = (...parts: (string | number)[]) => ({ push: parts })
  assert.deepEqual(outlet.told, [
    push('message', 'a', 'live'),
    push('fmessage', '*', 'a', 0, 'before'),
    push('fmessage', '*', 'a', 1, 'live'),
    push('message', 'a', 'later'),
    push('fmessage', '*', 'a', 2, 'later'),
  ])
  await bench.close()
})
