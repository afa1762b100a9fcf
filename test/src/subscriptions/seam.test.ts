import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { runAt, untilReady } from '../../helpers/compactions.js'
import { openMessages, type MessageBench } from '../../helpers/message-bench.js'
import { SlowOutlet } from '../../helpers/slow-outlet.js'
import type { Reply } from '../../helpers/resp-client.js'

const RUNS = Number(process.env['FLIN_SEAM_RUNS'] ?? 30)

/** What is done, in any order: each with a number that says how much. */
const STEPS = [
  'publish',
  'large',
  'set',
  'commit',
  'read',
  'subscribe',
  'replay',
  'compact',
  'turn',
  'reply',
  'crowd',
  'other',
] as const
const step = fc.tuple(fc.constantFrom(...STEPS), fc.nat({ max: 40 }))

/** A subscriber, and what it must have been told in the end. */
interface Watched {
  readonly outlet: SlowOutlet
  readonly subscriber: ReturnType<MessageBench['subscriptions']['newSubscriber']>
  readonly expected: number[]
  /** Whether it has subscribed to another channel as well. */
  readonly hearsAll: boolean
}

/** The offset that a message bears, or, of a live channel, that its payload tells. */
function offsetOf(reply: Reply): number {
  assert.ok(typeof reply === 'object' && reply !== null)
  const parts = Array.isArray(reply) ? (reply as readonly Reply[]) : (reply as { push: readonly Reply[] }).push
  const payload = parts.at(-1)
  const told = typeof payload === 'string' ? Number.parseInt(payload, 10) : NaN
  if (parts[0] === 'fmessage') assert.equal(parts[3], told)
  return told
}

test('whoever subscribes from an offset, and however slowly it reads: each message once, in order, and none that is not committed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), fc.nat(), async (steps, salt) => {
      const bench = await openMessages({ segmentSize: 16384, cacheSize: salt % 2 === 0 ? 1 : 1 << 24 })
      const { log, subscriptions } = bench
      const published: number[] = []
      const watched: Watched[] = []
      const publish = (size: number, channel = 'news'): void => {
        const offset = log.endOffset
        if (channel === 'news') published.push(offset)
        for (const { expected, hearsAll } of watched) if (hearsAll || channel === 'news') expected.push(offset)
        bench.publish(channel, `${offset} ${'x'.repeat(size)}`)
      }
      const join = (hearsAll: boolean, protocol: 2 | 3): void => {
        const outlet = new SlowOutlet(protocol)
        outlet.committedOffset = log.committedOffset
        const subscriber = subscriptions.newSubscriber(outlet)
        subscriptions.subscribe(subscriber, 'channels', Buffer.from('news'))
        if (hearsAll) subscriptions.subscribe(subscriber, 'channels', Buffer.from('other'))
        watched.push({ outlet, subscriber, hearsAll, expected: [] })
      }
      const commit = async (): Promise<void> => {
        await bench.commit()
        for (const { outlet, subscriber } of watched) {
          outlet.committedOffset = log.committedOffset
          subscriber.flush()
        }
      }
      for (const [what, count] of steps) {
        if (what === 'publish') for (let i = 0; i < count; i++) publish(count * 20)
        else if (what === 'large') publish(70_000)
        else if (what === 'set') await bench.set(`k${count % 5}`, 'v'.repeat(count * 30))
        else if (what === 'commit') await commit()
        else if (what === 'other') publish(count * 20, 'other')
        else if (what === 'reply') watched[count % Math.max(1, watched.length)]?.outlet.reply()
        else if (what === 'crowd') {
          // So many that they send from the same memory.
          for (let i = 0; i < 6 && watched.length < 12; i++) join(count % 3 === 0 && i > 2, i === 5 ? 2 : 3)
        } else if (what === 'turn') for (let i = 0; i < count; i++) await turn()
        else if (what === 'compact') {
          await commit()
          await untilReady(log)
          await log.compactNext(bench.keyspace.liveness, bench.commits.durable, true, runAt(count / 41, 3))
        } else if (what === 'read') {
          const one = watched[count % Math.max(1, watched.length)]
          one?.outlet.read(count)
          one?.subscriber.flush()
        } else if (watched.length < 12) {
          const outlet = new SlowOutlet()
          outlet.committedOffset = log.committedOffset
          const subscriber = subscriptions.newSubscriber(outlet)
          const from = what === 'subscribe' ? log.endOffset : Math.floor((log.endOffset * count) / 40)
          if (what === 'subscribe') subscriptions.subscribe(subscriber, 'channels', Buffer.from('news'))
          else subscriptions.replay(subscriber, Buffer.from('n*s'), from, 0)
          watched.push({ outlet, subscriber, hearsAll: false, expected: published.filter((offset) => offset >= from) })
        }
        for (const { outlet } of watched) {
          for (const reply of outlet.told.slice(-1)) assert.ok(offsetOf(reply) < log.committedOffset)
        }
      }
      await commit()
      for (const { outlet, subscriber, expected } of watched) {
        for (let idle = 0; idle < 500 && outlet.told.length < expected.length; idle++) {
          outlet.read(Infinity)
          subscriber.flush()
          await turn()
        }
        assert.equal(outlet.ended, null)
        assert.deepEqual(outlet.told.map(offsetOf), expected)
        assert.ok(outlet.peakSize < 3 << 20, `${outlet.peakSize} bytes waited`)
      }
      await bench.close()
    }),
    { numRuns: RUNS },
  )
})
