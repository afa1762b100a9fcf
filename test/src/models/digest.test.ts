import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogOptions } from '../../../segments/index.js'
import { runLoaded } from '../../../src/models/cold.js'
import { stateDigest } from '../../../src/models/digest.js'
import type { Keyspace } from '../../../src/models/keyspace.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'

type Write = readonly [key: string, value: string, ttlMs?: number]

const NOTHING = '0000000000000000'

function put(keyspace: Keyspace, [name, text, ttlMs = 0]: Write): void {
  const key = Buffer.from(name)
  const value = Buffer.from(text)
  keyspace.begin(value.length + 300)
  keyspace.find(key, 0, key.length)
  keyspace.put(key, 0, key.length, value, 0, value.length, ttlMs === 0 ? 0 : keyspace.now + ttlMs)
}

function remove(keyspace: Keyspace, name: string): void {
  const key = Buffer.from(name)
  keyspace.begin(300)
  keyspace.find(key, 0, key.length)
  keyspace.remove(key, 0, key.length)
}

/** The digest after these writes, on a log of its own. */
async function digestOf(writes: readonly Write[], options: Partial<LogOptions> = {}): Promise<string> {
  const { log, keyspace } = await openKeyspace(new SimDisk({ isQuick: true }), options)
  for (const write of writes) {
    await runLoaded(log, () => put(keyspace, write))
    await log.flush()
  }
  const digest = await stateDigest(keyspace)
  await log.close()
  return digest
}

test('an empty state is nothing', async () => {
  assert.equal(await digestOf([]), NOTHING)
})

test('key, value, revision and expiry all count, and the border between key and value', async () => {
  const digests = await Promise.all(
    [
      [['ab', 'c']],
      [['a', 'bc']],
      [['ab', 'd']],
      [['ab', 'c', 1000]],
      [['ab', 'c', 1001]],
      [
        ['ab', 'c'],
        ['ab', 'c'],
      ],
      [
        ['ab', 'c'],
        ['x', ''],
      ],
      [
        ['x', ''],
        ['ab', 'c'],
      ],
    ].map((writes) => digestOf(writes as unknown as Write[])),
  )
  assert.equal(new Set(digests).size, digests.length)
  for (const digest of digests) assert.match(digest, /^[0-9a-f]{16}$/)
})

test('what is cold, or hashed by other seeds, counts the same', async () => {
  const writes = Array.from({ length: 100 }, (_, i): Write => [`key${i % 70}`, String(i).repeat(100)])
  const digest = await digestOf(writes)
  assert.equal(await digestOf(writes, { segmentSize: 4096, cacheSize: 4096 }), digest)
  assert.equal(await digestOf(writes, { randomBytes: (size) => Buffer.alloc(size, 0x5a) }), digest)
})

test('what has been removed or has expired does not count', async () => {
  const { log, keyspace } = await openKeyspace(new SimDisk({ isQuick: true }))
  put(keyspace, ['a', '1'])
  const one = await stateDigest(keyspace)
  put(keyspace, ['b', '2'])
  put(keyspace, ['c', '3', 500])
  const three = await stateDigest(keyspace)
  assert.notEqual(three, one)
  remove(keyspace, 'b')
  keyspace.now += 500
  assert.equal(await stateDigest(keyspace), one)
  remove(keyspace, 'a')
  assert.equal(await stateDigest(keyspace), NOTHING)
  await log.close()
})
