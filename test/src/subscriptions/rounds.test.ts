import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openMessages, type MessageBench } from '../../helpers/message-bench.js'
import type { Reply } from '../../helpers/resp-client.js'
import { SlowOutlet } from '../../helpers/slow-outlet.js'

const MIB = 1 << 20

interface Listener {
  readonly outlet: SlowOutlet
  readonly subscriber: ReturnType<MessageBench['subscriptions']['newSubscriber']>
}

/** So many that messages of these channels go to them in rounds. */
function crowd(bench: MessageBench, ...channels: string[]): Listener[] {
  return Array.from({ length: 6 }, () => {
    const outlet = new SlowOutlet()
    const subscriber = bench.subscriptions.newSubscriber(outlet)
    for (const channel of channels) bench.subscriptions.subscribe(subscriber, 'channels', Buffer.from(channel))
    return { outlet, subscriber }
  })
}

async function commit(bench: MessageBench, listeners: readonly Listener[]): Promise<void> {
  await bench.commit()
  for (const { outlet } of listeners) outlet.committedOffset = bench.log.committedOffset
}

/** The last word of each message. */
function told({ outlet }: Listener): (Reply | undefined)[] {
  outlet.read(Infinity)
  return outlet.told.map((reply) => (reply as { push: readonly Reply[] }).push.at(-1))
}

test('messages of several channels keep their order, whoever hears which of them', async () => {
  const bench = await openMessages()
  const both = crowd(bench, 'a', 'b')
  const one = crowd(bench, 'a')
  for (const text of ['1', '2', '3']) {
    bench.publish('a', `a${text}`)
    bench.publish('b', `b${text}`)
    bench.publish('a', `c${text}`)
  }
  await commit(bench, [...both, ...one])
  await turn()
  for (const { subscriber } of both) subscriber.flush()
  for (const it of both) assert.deepEqual(told(it), ['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'])
  for (const it of one) assert.deepEqual(told(it), ['a1', 'c1', 'a2', 'c2', 'a3', 'c3'])
  await bench.close()
})

test('a round leaves when all of it is committed, and what is published meanwhile stays behind', async () => {
  const bench = await openMessages()
  const listeners = crowd(bench, 'a')
  bench.publish('a', 'first')
  await turn()
  for (const it of listeners) assert.deepEqual(told(it), [])
  await commit(bench, listeners)
  bench.publish('a', 'second')
  await turn()
  for (const it of listeners) assert.deepEqual(told(it), ['first'])
  await commit(bench, listeners)
  await turn()
  for (const it of listeners) assert.deepEqual(told(it), ['first', 'second'])
  await bench.close()
})

test('what is published while a commit is under way joins its round, unless that has kept a message waiting for long', async () => {
  let now = 1_700_000_000_000
  const bench = await openMessages({ now: () => now })
  const listeners = crowd(bench, 'a')
  /** Publishes a message, and another one while the first is being committed. */
  const publishTwo = async (first: string, second: string): Promise<void> => {
    bench.publish('a', first)
    const flushing = bench.log.flush()
    bench.publish('a', second)
    await flushing
    bench.subscriptions.committed(bench.log.committedOffset)
    for (const { outlet } of listeners) outlet.committedOffset = bench.log.committedOffset
    await turn()
  }
  await publishTwo('1', '2')
  for (const it of listeners) assert.deepEqual(told(it), [], 'held for the second commit')
  now += 4
  await commit(bench, listeners)
  await turn()
  for (const it of listeners) assert.deepEqual(told(it), ['1', '2'])
  await publishTwo('3', '4')
  for (const it of listeners) assert.deepEqual(told(it), ['1', '2'], 'held again: it had not taken long')
  now += 5
  await commit(bench, listeners)
  await turn()
  await publishTwo('5', '6')
  for (const it of listeners) assert.deepEqual(told(it), ['1', '2', '3', '4', '5'], 'told by itself')
  await commit(bench, listeners)
  await turn()
  for (const it of listeners) assert.deepEqual(told(it), ['1', '2', '3', '4', '5', '6'])
  await bench.close()
})

test('whoever is replied to in between leaves the round with what it has, and is told of the rest', async () => {
  const bench = await openMessages()
  const listeners = crowd(bench, 'a')
  bench.publish('a', '1')
  listeners[0]!.outlet.reply()
  bench.publish('a', '2')
  bench.subscriptions.unsubscribe(listeners[1]!.subscriber, 'channels', 'a')
  bench.publish('a', '3')
  bench.subscriptions.remove(listeners[2]!.subscriber)
  const [late] = crowd(bench, 'a')
  bench.publish('a', '4')
  await commit(bench, [...listeners, late!])
  await turn()
  assert.deepEqual(told(listeners[0]!), ['1', '2', '3', '4'])
  assert.deepEqual(told(listeners[1]!), ['1', '2'])
  assert.deepEqual(told(listeners[3]!), ['1', '2', '3', '4'])
  assert.deepEqual(told(late!), ['4'])
  await bench.close()
})

test('what one message tells a subscriber twice is told both times where the second time is one too much for it', async () => {
  const bench = await openMessages({ segmentSize: 8 * MIB })
  const [listener] = crowd(bench, 'a')
  bench.subscriptions.subscribe(listener!.subscriber, 'patterns', Buffer.from('?'))
  const { outlet } = listener!
  while (outlet.pendingSize < MIB - 9000) bench.publish('a', 'x'.repeat(4090))
  while (outlet.pendingSize < MIB - 500) bench.publish('a', 'z'.repeat(10))
  await commit(bench, [listener!])
  await turn()
  bench.publish('a', 'last'.padEnd(4000))
  await commit(bench, [listener!])
  for (let i = 0; i < 50; i++) {
    await turn()
    outlet.read(Infinity)
    listener!.subscriber.flush()
  }
  const last = outlet.told.slice(-2).map((reply) => (reply as { push: readonly Reply[] }).push[0])
  assert.deepEqual(last, ['message', 'pmessage'])
  const lasts = told(listener!).filter((it) => typeof it === 'string' && it.startsWith('last'))
  assert.equal(lasts.length, 2)
  await bench.close()
})

test('what is published in a transaction in which its own subscription ends is told when the reply is through', async () => {
  const bench = await openMessages()
  const outlet = new SlowOutlet()
  const subscriber = bench.subscriptions.newSubscriber(outlet)
  bench.subscriptions.subscribe(subscriber, 'channels', Buffer.from('a'))
  subscriber.isReplying = true
  bench.publish('a', '1')
  bench.subscriptions.unsubscribe(subscriber, 'channels', 'a')
  subscriber.isReplying = false
  subscriber.flush()
  await commit(bench, [{ outlet, subscriber }])
  await turn()
  assert.deepEqual(told({ outlet, subscriber }), ['1'])
  await bench.close()
})
