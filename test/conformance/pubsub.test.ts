import { test } from 'node:test'
import { bothServers } from '../helpers/both-servers.js'
import { Random } from '../helpers/random.js'
import { Twin } from './twin.js'

/*
 * Several clients subscribe, publish and ask at flin-server and at Redis 7.0, by chance; what each of them is told, in order, is
 * compared.
 *
 *   FLIN_FUZZ_PUBSUB=100000   how many requests a run (2,000)
 *   FLIN_FUZZ_SEED=12345      the seed
 *
 * Left out: the order in which UNSUBSCRIBE without a name ends several, and in which several patterns of one client get a message,
 * which in Redis is that of a hash table; and what a client publishes to itself inside its EXEC, which in Redis stands in the midst of
 * the reply.
 */
const STEPS = Number(process.env['FLIN_FUZZ_PUBSUB'] ?? 2000)
const SEED = Number(process.env['FLIN_FUZZ_SEED'] ?? 1)
const CLIENTS = 4

const { needed, ports } = bothServers(['--segment-size', '64kb'])

function connect(protocol: 2 | 3): Promise<Twin> {
  return Twin.connect(ports.reference, ports.actual, protocol)
}

const CHANNELS = ['news', 'news.a', 'chat', 'n', '']
/** No two of them match the same channel. */
const PATTERNS = ['news.*', 'c?at', '[mn]', 'x\\*y']

function request(random: Random): string[] {
  const channel = random.pick(CHANNELS)
  const pattern = random.pick(PATTERNS)
  const text = `m${random.below(1000)}`
  return random.pick([
    ['PUBLISH', channel, text],
    ['PUBLISH', channel, text],
    ['PUBLISH', channel, 'x'.repeat(random.below(40) * 1000)],
    ['SPUBLISH', channel, text],
    ['SUBSCRIBE', channel],
    ['SUBSCRIBE', channel, random.pick(CHANNELS), channel],
    ['PSUBSCRIBE', pattern],
    ['SSUBSCRIBE', channel],
    ['UNSUBSCRIBE', channel],
    ['UNSUBSCRIBE', channel, 'nobody', channel],
    ['PUNSUBSCRIBE', pattern],
    ['SUNSUBSCRIBE', channel],
    ['PUBSUB', 'NUMSUB', ...CHANNELS],
    ['PUBSUB', 'SHARDNUMSUB', channel, 'x'],
    ['PUBSUB', 'NUMPAT'],
    ['PUBSUB', 'CHANNELS', 'c*'],
    ['PUBSUB', 'SHARDCHANNELS', 'c*'],
    ['PUBSUB', 'CHANNELS', 'c*', 'd'],
    ['PUBSUB', 'NOSUCH'],
    ['PUBSUB', 'HELP'],
    ['PUBLISH', channel],
    ['SUBSCRIBE'],
    ['SET', 'k', text],
    ['GET', 'k'],
    ['CONFIG', 'GET', 'port2'],
    ['PING'],
    ['PING', 'a', 'b'],
    ['RESET'],
  ])
}

for (const protocol of [2, 3] as const) {
  test(
    `clients that subscribe and publish by chance are told what Redis tells, in RESP${protocol}`,
    needed,
    async () => {
      const random = new Random(SEED + protocol)
      const twins = await Promise.all(Array.from({ length: CLIENTS }, () => connect(protocol)))
      for (let step = 0; step < STEPS; step++) {
        const i = random.below(CLIENTS)
        const args = request(random)
        await twins[i]!.call(...args)
        if (args[0] === 'RESET') {
          // It is as new: RESP2 again.
          twins[i]!.close()
          twins[i] = await connect(protocol)
        }
        if (step % 10 === 0) for (const twin of twins) await twin.call()
      }
      for (const twin of twins) twin.close()
    },
  )
}

test('what is published within EXEC reaches others in order, between what else they are told', needed, async () => {
  const [publisher, subscriber] = [await connect(2), await connect(2)]
  await subscriber.call('SUBSCRIBE', 'a', 'b')
  await publisher.callAll([['MULTI'], ['PUBLISH', 'a', '1'], ['SET', 'k', 'v'], ['PUBLISH', 'b', '2'], ['EXEC']])
  await subscriber.call()
  await publisher.callAll([['MULTI'], ['SUBSCRIBE', 'a'], ['PUBLISH', 'b', '3'], ['EXEC']])
  await subscriber.call()
  publisher.close()
  subscriber.close()
})

test('messages pass where a client wants no replies, and so does what tells of its subscriptions', needed, async () => {
  const [publisher, subscriber] = [await connect(2), await connect(3)]
  const reply = (mode: string): string[] => ['CLIENT', 'REPLY', mode]
  await subscriber.callAll([reply('SKIP'), ['SUBSCRIBE', 'a'], reply('SKIP'), ['GET', 'x']])
  await subscriber.callAll([reply('OFF'), ['SUBSCRIBE', 'b'], ['GET', 'x'], reply('ON')])
  await publisher.callAll([
    ['PUBLISH', 'a', '1'],
    ['PUBLISH', 'b', '2'],
  ])
  await subscriber.call()
  publisher.close()
  subscriber.close()
})

test('keyspace notifications are the ones that Redis sends', needed, async () => {
  const [writer, subscriber] = [await connect(2), await connect(2)]
  await writer.call('FLUSHALL')
  await writer.call('CONFIG', 'SET', 'notify-keyspace-events', 'AKE')
  await writer.call('CONFIG', 'GET', 'notify-keyspace-events')
  await subscriber.call(
    'SUBSCRIBE',
    ...['set', 'del', 'expire', 'persist', 'rename_to'].map((it) => `__keyevent@0__:${it}`),
  )
  await subscriber.call('PSUBSCRIBE', '__keyspace@0__:*')
  const requests = [
    'SET a 1',
    'SET a 2 EX 100',
    'INCR a',
    'DECRBY a 2',
    'INCRBYFLOAT a 1.5',
    'APPEND b x',
    'SETRANGE b 3 y',
    'SETBIT c 7 1',
    'MSET d 1 e 2',
    'SETNX d 1',
    'GETSET d 3',
    'EXPIRE d 100',
    'PERSIST d',
    'GETEX d EX 100',
    'GETEX d PERSIST',
    'RENAME d f',
    'RENAMENX e g',
    'COPY f h',
    'GETDEL f',
    'DEL g h nosuch',
    'UNLINK a',
    'SETEX i 100 x',
    'EXPIRE i -1',
    'GET nosuch',
  ]
  for (const line of requests) {
    await writer.call(...line.split(' '))
    await subscriber.call()
  }
  await writer.call('CONFIG', 'SET', 'notify-keyspace-events', '')
  await writer.call('SET', 'a', 'untold')
  await subscriber.call()
  writer.close()
  subscriber.close()
})
