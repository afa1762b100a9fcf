import type { Log } from '../../segments/index.js'
import { runLoaded } from '../../src/models/cold.js'
import type { Keyspace } from '../../src/models/keyspace.js'

/** Gives a key a value. */
export async function putKey(keyspace: Keyspace, name: string, value: string, ttlMs = 0): Promise<void> {
  const key = Buffer.from(name)
  const bytes = Buffer.from(value)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(key.length + bytes.length + 200)
    keyspace.find(key, 0, key.length)
    keyspace.put(key, 0, key.length, bytes, 0, bytes.length, ttlMs === 0 ? 0 : keyspace.now + ttlMs)
  })
}

/** Removes a key that is there. */
export async function removeKey(keyspace: Keyspace, name: string): Promise<void> {
  const key = Buffer.from(name)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(key.length + 200)
    keyspace.find(key, 0, key.length)
    keyspace.remove(key, 0, key.length)
  })
}

/** Writes 60 keys of two sorts again and again, and removes some: several segments of 8 KiB, most of them half dead. */
export async function writeRounds(log: Log, keyspace: Keyspace, rounds = 4): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 60; i++) {
      await putKey(
        keyspace,
        `${i % 3 === 0 ? 'user' : 'job'}:${i}`,
        `${round}`.repeat(100 + i),
        i % 7 === 0 ? 50_000 : 0,
      )
      await log.flush()
    }
    for (let i = 0; i < 60; i += 10) await removeKey(keyspace, `${i % 3 === 0 ? 'user' : 'job'}:${i}`)
    await log.flush()
  }
}
