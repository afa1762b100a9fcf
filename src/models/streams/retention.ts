import { CLASS_SIZES, sizeClassOf, type Log } from '../../../segments/index.js'
import { ColdRead } from '../cold.js'
import type { Keyspace } from '../keyspace.js'
import { CAUSE } from '../kinds.js'
import type { ObjectState } from '../objects/object-state.js'
import type { KeyHash } from '../objects/retained-objects.js'
import type { EntryPosition } from './entry-table.js'
import { seekTime, timeOf } from './entry-time.js'
import { ackedCount } from './references.js'
import type { SettingsMember } from './settings-record.js'
import { Stream } from './stream.js'
import { STATE_RECORD_SIZE, trimFirst } from './stream-writes.js'

/*
 * What goes of a stream by its settings. Age counts from when an entry was written, by the time of its batch: ids may be chosen, and
 * then need not be times, nor of the past; the time of the log never falls, so that what is too old lies at the beginning.
 */

/** Entries that go at once, at most: the next beat goes on. */
export const RETENTION_STEP = 100_000

/**
 * How many of the first entries go.
 * @param addedSize bytes of an entry that will be added, at most: that one stays; 0: none will
 * @throws ColdRead
 */
export function retentionCount(log: Log, stream: Stream, nowMs: number, addedSize: number): number {
  const { settings, entries } = stream
  if (settings === null || entries.count === 0) return 0
  const { maxLen, maxBytes, maxAgeMs, isAcked } = settings.values
  let count = 0
  if (maxLen > 0) count = Math.max(0, entries.count + (addedSize > 0 ? 1 : 0) - maxLen)
  if (maxBytes > 0) count = Math.max(count, surplusBytes(stream, maxBytes, addedSize))
  if (maxAgeMs > 0 && nowMs >= settings.dueMs) count = Math.max(count, agedCount(log, stream, settings, nowMs))
  count = Math.min(count, entries.count, RETENTION_STEP)
  return isAcked && count > 0 ? Math.min(count, ackedCount(log, stream, null)) : count
}

/** How many of the first entries have to go for the bytes of the others. */
function surplusBytes({ entries }: Stream, maxBytes: number, addedSize: number): number {
  const added = addedSize > 0 ? CLASS_SIZES[sizeClassOf(addedSize)]! : 0
  let left = entries.recordsSize + added - maxBytes
  // The newest one stays.
  const max = Math.min(RETENTION_STEP, entries.count - (addedSize > 0 ? 0 : 1))
  let count = 0
  for (const { sizeClasses, first, end } of entries.chunks) {
    for (let i = first; i < end && left > 0 && count < max; i++, count++) left -= CLASS_SIZES[sizeClasses[i]!]!
    if (left <= 0 || count >= max) break
  }
  return count
}

function agedCount(log: Log, { entries }: Stream, settings: SettingsMember, nowMs: number): number {
  const { maxAgeMs } = settings.values
  entries.toFirst(first)
  const dueMs = timeOf(log, entries, first) + maxAgeMs
  if (dueMs > nowMs) {
    settings.dueMs = dueMs
    return 0
  }
  seekTime(log, entries, nowMs - maxAgeMs + 1, kept)
  return entries.distance(first, kept, RETENTION_STEP)
}

/** The same for a stream to which an entry is added: as far as memory tells. What lies on disk only is left to {@link retainStream}. */
export function retentionCountInMemory(log: Log, stream: Stream, nowMs: number, addedSize: number): number {
  try {
    return retentionCount(log, stream, nowMs, addedSize)
  } catch (error) {
    if (error instanceof ColdRead) return 0
    throw error
  }
}

/**
 * Lets go of what has to go of an object, by one record that nobody has asked for. Returns how many entries went.
 * @param hash of the object's key
 * @throws ColdRead when records have to be loaded first; FlinError when the log takes no writes now
 */
export function retainStream(keyspace: Keyspace, object: ObjectState, { hi, lo }: KeyHash): number {
  const { log, now } = keyspace
  if (!(object instanceof Stream)) return 0
  const count = retentionCount(log, object, now, 0)
  if (count === 0) return 0
  const key = keyspace.walks.keyOf(object, hi, lo)
  keyspace.countsLookups = false // nobody has asked
  // A key whose time has come goes as a whole.
  if (key === null || !keyspace.find(key, 0, key.length)) return 0
  keyspace.beginRemoving(STATE_RECORD_SIZE)
  const outer = keyspace.command
  keyspace.command = CAUSE.retained
  trimFirst(keyspace, object, count)
  keyspace.changed(object)
  keyspace.command = outer
  return count
}

/** Whether it may be that something has to go: quick, so that nothing is looked up for a stream of which nothing has. */
export function mayRetain(object: ObjectState, nowMs: number): boolean {
  if (!(object instanceof Stream) || object.settings === null) return false
  const { maxLen, maxBytes, maxAgeMs } = object.settings.values
  return (
    (maxLen > 0 && object.count > maxLen) ||
    (maxBytes > 0 && object.entries.recordsSize > maxBytes && object.count > 1) ||
    (maxAgeMs > 0 && object.count > 0 && nowMs >= object.settings.dueMs)
  )
}

const first: EntryPosition = { chunk: 0, slot: 0 }
const kept: EntryPosition = { chunk: 0, slot: 0 }
