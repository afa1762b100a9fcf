import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { frame, OK, QUEUED, RespClient, type Argument, type Reply } from '../helpers/resp-client.js'

const MIB = 1024 * 1024
const CACHE_SIZE = 2 * MIB
const SEGMENT_SIZE = MIB / 4
const KEYS = 2200
const VALUE_SIZE = 4000
const STEPS = 1500
const CLIENTS = 3

function valueOf(key: number, version: number): string {
  return `${key}.${version}.`.padEnd(VALUE_SIZE - (key % 100), `${version % 10}`)
}

async function cacheSize(client: RespClient): Promise<number> {
  const info = (await client.call('INFO', 'memory')) as string
  return Number(/used_memory_cache:(\d+)/.exec(info)![1])
}

test('data four times larger than the cache: right answers, in order, from a cache that keeps its size', async (t) => {
  const folder = temporaryFolder(t)
  const args = ['--segment-size', '256kb', '--cache-size', '2mb', '--fsync', 'no']
  let daemon = await Daemon.start(folder, args)
  let writer = await RespClient.connect(daemon.port)
  const versions = new Map<number, number>()
  for (let key = 0; key < KEYS; key += 100) {
    const batch = Array.from({ length: 100 }, (_, i) => key + i)
    for (const it of batch) versions.set(it, 0)
    await writer.pipeline(batch.map((it) => ['SET', `key:${it}`, valueOf(it, 0)]))
  }
  assert.ok(KEYS * (VALUE_SIZE - 100) > 4 * CACHE_SIZE)
  writer.close()
  // A restart leaves only what side files tell in memory.
  await daemon.stop()
  daemon = await Daemon.start(folder, args)
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RespClient.connect(daemon.port)))
  const control = await RespClient.connect(daemon.port)
  const random = new Random(7)
  for (let done = 0; done < STEPS;) {
    // Each client has keys of its own, so that what it reads does not depend on the others.
    const pipelines = clients.map((_, i) => steps(random, i, versions, 1 + random.below(40)))
    const answers = await Promise.all(clients.map((client, i) => client.pipeline(pipelines[i]!.requests)))
    answers.forEach((replies, i) => {
      assert.deepEqual(replies, pipelines[i]!.replies)
      done += replies.length
    })
    const size = await cacheSize(control)
    assert.ok(size <= CACHE_SIZE + SEGMENT_SIZE, `the cache holds ${size} bytes`)
  }
  writer = clients[0]!
  assert.deepEqual(await scanAll(writer), [...versions.keys()].map((key) => `key:${key}`).sort())
  const expected = [...versions].map(([key, version]) => valueOf(key, version))
  assert.deepEqual(await writer.call('MGET', ...[...versions.keys()].map((key) => `key:${key}`)), expected)
  assert.ok((await cacheSize(control)) <= CACHE_SIZE + SEGMENT_SIZE)
  for (const client of [...clients, control]) client.close()
})

interface Pipeline {
  readonly requests: Argument[][]
  readonly replies: Reply[]
}

/** Random requests over the keys of one client, with the replies that they must get. */
function steps(random: Random, client: number, versions: Map<number, number>, count: number): Pipeline {
  const requests: Argument[][] = []
  const replies: Reply[] = []
  const add = (reply: Reply, ...request: Argument[]): void => {
    requests.push(request)
    replies.push(reply)
  }
  const someKey = (): number => random.below(Math.floor(KEYS / CLIENTS)) * CLIENTS + client
  const valueNow = (key: number): Reply => (versions.has(key) ? valueOf(key, versions.get(key)!) : null)
  const next = (key: number): string => {
    const version = (versions.get(key) ?? 0) + 1
    versions.set(key, version)
    return valueOf(key, version)
  }
  for (let i = 0; i < count; i++) {
    const key = someKey()
    const roll = random.below(100)
    if (roll < 35) add(valueNow(key), 'GET', `key:${key}`)
    else if (roll < 50) add(OK, 'SET', `key:${key}`, next(key))
    else if (roll < 60) add(valueNow(key), 'SET', `key:${key}`, next(key), 'GET')
    else if (roll < 75) {
      const keys = Array.from({ length: 5 }, someKey)
      add(keys.map(valueNow), 'MGET', ...keys.map((it) => `key:${it}`))
    } else if (roll < 82) {
      add(versions.delete(key) ? 1 : 0, 'DEL', `key:${key}`)
    } else if (roll < 88) {
      add(versions.has(key) ? 1 : 0, 'EXPIRE', `key:${key}`, 10_000)
      add(versions.has(key) ? 10_000 : -2, 'TTL', `key:${key}`)
      add(versions.has(key) ? 1 : 0, 'PERSIST', `key:${key}`)
    } else if (roll < 92) add('between', 'ECHO', 'between')
    else {
      const [one, two] = [someKey(), someKey()]
      add(OK, 'WATCH', `key:${one}`)
      add(OK, 'MULTI')
      add(QUEUED, 'GET', `key:${one}`)
      const before = valueNow(one)
      add(QUEUED, 'SET', `key:${two}`, next(two))
      add(QUEUED, 'MGET', `key:${one}`, `key:${two}`)
      add([before, OK, [valueNow(one), valueNow(two)]], 'EXEC')
    }
  }
  return { requests, replies }
}

async function scanAll(client: RespClient): Promise<string[]> {
  const keys: string[] = []
  let cursor = '0'
  do {
    client.send(frame(['SCAN', cursor, 'COUNT', 50]))
    const [next, found] = (await client.read()) as [string, string[]]
    keys.push(...found)
    cursor = next
  } while (cursor !== '0')
  return keys.sort()
}
