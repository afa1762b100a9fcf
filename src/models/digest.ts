import { digest64, hex64 } from '../../segments/index.js'
import { runLoaded } from './cold.js'
import type { Keyspace } from './keyspace.js'

const MASK = 0xffff_ffff_ffff_ffffn
const SCAN_COUNT = 256

/**
 * XXH64 over every key with its value, revision and expiry, added up so that order does not matter: two nodes, or a log
 * before and after compaction, hold the same state if and (but for chance) only if the digests are equal. 16 hex digits.
 * Keys that have expired by the keyspace's `now` do not count. For checks and tests: it reads everything.
 */
export async function stateDigest(keyspace: Keyspace): Promise<string> {
  let total = 0n
  let cursor = 0
  do {
    const keys: Buffer[] = []
    cursor = await runLoaded(keyspace.log, () => {
      keys.length = 0
      return keyspace.walks.scan(cursor, SCAN_COUNT, (bytes, start, end) =>
        keys.push(Buffer.from(bytes.subarray(start, end))),
      )
    })
    for (const key of keys) total = (total + (await runLoaded(keyspace.log, () => entryDigest(keyspace, key)))) & MASK
  } while (cursor !== 0)
  return hex64(total)
}

function entryDigest(keyspace: Keyspace, key: Buffer): bigint {
  if (!keyspace.find(key, 0, key.length)) return 0n
  const numbers = Buffer.alloc(24)
  numbers.writeDoubleLE(key.length, 0)
  numbers.writeDoubleLE(keyspace.locate().offset, 8)
  numbers.writeDoubleLE(keyspace.expireAt, 16)
  return digest64(Buffer.concat([numbers, key, keyspace.record.value()]))
}
