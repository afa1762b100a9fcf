import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { Random } from '../helpers/random.js'
import { RedisServer } from '../helpers/redis-server.js'
import { RespClient, type Reply } from '../helpers/resp-client.js'
import { Pair, streamFacts, type Difference } from './pair.js'
import { RandomSteps, type Step } from './random-steps.js'

/*
 * Long random sequences run against flin-server and Redis 7.0, compared reply by reply.
 *
 *   FLIN_FUZZ_COMMANDS=1000000   how many, over all runs (100,000)
 *   FLIN_FUZZ_SEED=12345         the seed of one run, as a failure prints it
 *
 * Where Flin differs on purpose, the sequences do not go:
 * - times beyond 2^53 ms since 1970, which Redis takes up to 2^63, are refused as invalid;
 * - keys have at most 65,535 bytes;
 * - SCAN's cursors and order are Flin's own;
 * - there is one database, and DBSIZE may lag differently behind what has expired (Pair waits for that);
 * - error replies that repeat what was sent end neither at a zero byte nor keep bytes that are no UTF-8;
 * - COPY, SELECT and SWAPDB know no other database;
 * - INCRBYFLOAT takes no hexadecimal numbers and no infinities;
 * - OBJECT ENCODING after RENAME, COPY, or of what APPEND has made; MEMORY USAGE of what has expired;
 * - how many entries a trimming with ~ leaves, unless that is all or none; radix trees; numbers of entries beyond 2^53;
 * - what is waited for by WAIT; CLIENT REPLY OFF, KILL and QUIT, which have tests of their own;
 * - settings that change what Redis does are not set.
 */
const COMMANDS = Number(process.env['FLIN_FUZZ_COMMANDS'] ?? 100_000)
const SEED = process.env['FLIN_FUZZ_SEED']
const SHRINK_MS_MAX = 30_000
const SECONDS_APART_MAX = 5

interface Run {
  readonly protocol: 2 | 3
  readonly seed: number
  readonly args: readonly string[]
}

/** Small segments and a small cache make the log roll and reads go to disk. */
const SMALL = ['--segment-size', '64kb', '--cache-size', '1mb']
const RUNS: readonly Run[] = (
  [
    { protocol: 2, seed: 1, args: SMALL },
    { protocol: 3, seed: 2, args: [...SMALL, '--fsync', 'no'] },
    { protocol: 2, seed: 3, args: ['--segment-size', '1mb', '--fsync', 'everysec'] },
    { protocol: 3, seed: 4, args: ['--memory', '1gb'] },
  ] as const
).map((run) => (SEED === undefined ? run : { ...run, seed: Number(SEED) }))

const needed = needs('redis-server')
const cleanups: (() => Promise<void>)[] = []
let redis: RedisServer

before(async () => {
  if (needed.skip !== false) return
  redis = await RedisServer.start(temporaryFolder({ after: (job) => cleanups.push(job) }))
})

after(async () => {
  if (needed.skip !== false) return
  await redis.stop()
  for (const job of cleanups) await job()
})

for (const { protocol, seed, args } of RUNS) {
  test(`the same replies as Redis: RESP${protocol}, seed ${seed}, ${args.join(' ')}`, needed, async (t) => {
    const folder = temporaryFolder(t)
    let daemon = await Daemon.start(folder, ['--log-level', 'info', ...args])
    t.after(() => daemon.stop('SIGKILL'))
    const steps = new RandomSteps(new Random(seed), protocol).make(Math.ceil(COMMANDS / RUNS.length))
    const difference = await run(daemon.port, protocol, steps)
    if (difference !== null) assert.fail(await tell(difference, daemon.port, protocol, seed, steps))
    if (args.includes('--memory')) return
    // What the log says after a crash is what Redis has in memory.
    await daemon.stop('SIGKILL')
    daemon = await Daemon.start(folder, [...args])
    const expected = await contents(redis.port)
    const actual = await contents(daemon.port)
    assert.deepEqual(actual.map(withoutTtl), expected.map(withoutTtl))
    actual.forEach(({ key, ttl }, i) => {
      assert.ok(
        Math.abs(ttl - expected[i]!.ttl) <= SECONDS_APART_MAX,
        `${key} has ${ttl} s left in Flin, ${expected[i]!.ttl} s in Redis`,
      )
    })
  })
}

async function run(port: number, protocol: 2 | 3, steps: readonly Step[]): Promise<Difference | null> {
  const pair = await Pair.connect(redis.port, port, protocol)
  try {
    return await pair.run(steps)
  } finally {
    pair.close()
  }
}

/** Says where the servers differ, how to see it again, and a shorter sequence that shows it, if there is one. */
async function tell(
  difference: Difference,
  port: number,
  protocol: 2 | 3,
  seed: number,
  steps: readonly Step[],
): Promise<string> {
  const shorter = await shrink(port, protocol, steps.slice(0, difference.index + 1))
  const last = shorter.difference ?? difference
  return [
    `replies differ at step ${difference.index} of seed ${seed}, RESP${protocol}.`,
    `To see it again: FLIN_FUZZ_SEED=${seed} FLIN_FUZZ_COMMANDS=${RUNS.length * (difference.index + 1)}`,
    `${difference.step.text}\n  Redis: ${show(difference.reference)}\n  Flin:  ${show(difference.actual)}`,
    `The shortest sequence found, ${shorter.steps.length} steps:`,
    ...shorter.steps.slice(-40).map((step) => `  ${step.text}`),
    `  Redis: ${show(last.reference)}\n  Flin:  ${show(last.actual)}`,
  ].join('\n')
}

/** Leaves out pieces, halves first, as long as the servers still differ without them. */
async function shrink(
  port: number,
  protocol: 2 | 3,
  all: readonly Step[],
): Promise<{ steps: readonly Step[]; difference: Difference | null }> {
  let steps = all
  let difference: Difference | null = null
  const until = Date.now() + SHRINK_MS_MAX
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < steps.length && Date.now() < until;) {
      const without = [...steps.slice(0, at), ...steps.slice(at + size)]
      const found = await run(port, protocol, without)
      if (found === null) at += size
      else {
        difference = found
        steps = without.slice(0, found.index + 1)
      }
    }
  }
  return { steps, difference }
}

function show(reply: Reply): string {
  return JSON.stringify(reply, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

interface Entry {
  readonly key: string
  readonly value: unknown
  readonly ttl: number
}

function withoutTtl({ key, value, ttl }: Entry): [string, unknown, number] {
  return [key, value, Math.min(ttl, 0)]
}

/** What a key holds, whatever that is. */
async function valueOf(client: RespClient, key: string): Promise<unknown> {
  const type = await client.call('TYPE', key)
  if (isDeepStrictEqual(type, { simple: 'stream' })) {
    return streamFacts(await client.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0))
  }
  if (isDeepStrictEqual(type, { simple: 'list' })) return client.call('LRANGE', key, 0, -1)
  return client.call('GET', key)
}

/** All keys with their values and the seconds that they have to live. */
async function contents(port: number): Promise<Entry[]> {
  const client = await RespClient.connect(port)
  const found: Entry[] = []
  let cursor = '0'
  do {
    const [next, keys] = (await client.call('SCAN', cursor, 'COUNT', 100)) as [string, string[]]
    cursor = next
    for (const key of keys) {
      const ttl = (await client.call('TTL', key)) as number
      found.push({ key, value: await valueOf(client, key), ttl })
    }
  } while (cursor !== '0')
  client.close()
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}
