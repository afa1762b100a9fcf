import { digest64, type Disk, hex64, type Log, RECORD_FLAG, RecordView, walkRecords } from '../../segments/index.js'
import { runLoaded } from './cold.js'
import type { Keyspace } from './keyspace.js'
import { KIND } from './kinds.js'
import { checkLoaded } from './objects/object-copy.js'
import { objectIdOf, type ObjectState } from './objects/object-state.js'

const MASK = 0xffff_ffff_ffff_ffffn
const SCAN_COUNT = 256
/** Of the three numbers that are digested before key and value, and of two more where it is no string. */
const NUMBERS_SIZE = 24
const MORE_NUMBERS_SIZE = 16

/**
 * XXH64 over every key with its value, revision and expiry, and over every member of what it has, added up so that order does not matter: two nodes, or a log
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
  const { record, log } = keyspace
  const object = keyspace.foundObject
  if (object !== null) checkLoaded(log, object)
  const own = digestOf(record, keyspace.locate().offset, keyspace.expireAt)
  return object === null ? own : own + membersDigest(log, object)
}

/** Of records that are in memory. */
function membersDigest(log: Log, object: ObjectState): bigint {
  const { reader } = log
  const view = new RecordView()
  let total = 0n
  for (const { segments, positions, first, end } of object.recordChunks()) {
    for (let i = first; i < end; i++) {
      const { offset } = log.locate(segments[i]!, positions[i]!)!
      reader.seek(segments[i]!, positions[i]!)
      total += digestOf(view.at(reader.bytes, reader.start), offset, 0)
    }
  }
  return total
}

let scratch = Buffer.alloc(1024)

/** Of sizes and numbers as f64, then key and value, which lie one behind the other. */
function digestOf(view: RecordView, offset: number, expireAt: number): bigint {
  const { bytes, keyStart, keyEnd, valueEnd, kind, datum } = view
  const numbersSize = kind === KIND.string ? NUMBERS_SIZE : NUMBERS_SIZE + MORE_NUMBERS_SIZE
  const size = numbersSize + valueEnd - keyStart
  if (scratch.length < size) scratch = Buffer.alloc(size * 2)
  scratch.writeDoubleLE(keyEnd - keyStart, 0)
  scratch.writeDoubleLE(offset, 8)
  scratch.writeDoubleLE(expireAt, 16)
  if (kind !== KIND.string) {
    scratch.writeDoubleLE(kind, 24)
    scratch.writeDoubleLE(datum, 32)
  }
  bytes.copy(scratch, numbersSize, keyStart, valueEnd)
  return digest64(scratch.subarray(0, size))
}

/** What a state comes to. */
export interface StateSum {
  /** As {@link stateDigest}. */
  readonly digest: string
  /** Keys that the digest is made of. */
  readonly keyCount: number
  /** Keys that the index holds, those that have expired among them: as many as live values were met, or it names what is not there. */
  readonly indexedCount: number
  readonly liveCount: number
}

/**
 * The same digest, taken along the log, which is quick also where nothing is in memory: every record is asked about, and what
 * is alive counts.
 * @param disk that of the keyspace's log, on which nothing changes, such as a snapshot
 */
export async function sumState(
  disk: Disk,
  keyspace: Keyspace,
  onSegment: (size: number) => void = () => undefined,
): Promise<StateSum> {
  const { log, liveness, now } = keyspace
  let total = 0n
  let keyCount = 0
  let liveCount = 0
  const expired = new Set<number>()
  /** By object: members may lie before and behind the record of their key. */
  const membersTotals = new Map<number, bigint>()
  await walkRecords(
    disk,
    log,
    (record, view, offset) => {
      const isMember = (record.flags & RECORD_FLAG.member) !== 0
      if (!isMember && !liveness.isOfKey(record.kind)) return
      if (view.isTombstone || !liveness.isLive(record)) return
      if (isMember) {
        const id = objectIdOf(record)
        membersTotals.set(id, (membersTotals.get(id) ?? 0n) + digestOf(view, offset, 0))
        return
      }
      liveCount++
      const expireAt = liveness.expireAtOf(record)
      if (expireAt !== 0 && expireAt <= now) {
        if (record.kind !== KIND.string) expired.add(record.datum)
        return
      }
      keyCount++
      total = (total + digestOf(view, offset, expireAt)) & MASK
    },
    ({ size }) => {
      onSegment(size)
    },
  )
  for (const [id, sum] of membersTotals) if (!expired.has(id)) total = (total + sum) & MASK
  return { digest: hex64(total), keyCount, indexedCount: keyspace.count, liveCount }
}
