import type { Log } from '../../../segments/index.js'
import type { EntryPosition } from './entry-table.js'
import { readId } from './entry-search.js'
import { READ_UNKNOWN, type Group } from './group.js'
import type { Stream } from './stream.js'
import { StreamId } from './stream-id.js'

/*
 * How far a group has got, told as Redis 7.0 tells it: exactly where that can be known without counting, and else not at all.
 */

const first = new StreamId()
const at: EntryPosition = { chunk: 0, slot: 0 }

/** Id of the first entry that is there, 0-0 where there is none; valid until the next call. @throws ColdRead */
export function firstIdOf(log: Log, stream: Stream): StreamId {
  if (stream.count === 0) return first.setZero()
  stream.entries.toFirst(at)
  return readId(log, stream.entries, at, first)
}

/** Whether an entry that XDEL has removed may lie at this id or behind it, among those that are there. @throws ColdRead */
function hasGapFrom(log: Log, stream: Stream, id: StreamId): boolean {
  const { count, maxDeletedId } = stream
  if (count === 0 || maxDeletedId.isZero || id.compare(maxDeletedId) > 0) return false
  return firstIdOf(log, stream).compare(maxDeletedId) <= 0
}

/** How many entries there have been up to an id; READ_UNKNOWN where that cannot be told. @throws ColdRead */
export function estimateRead(log: Log, stream: Stream, id: StreamId): number {
  const { added, count, lastId, maxDeletedId } = stream
  if (added === 0) return 0
  const beforeLast = id.compare(lastId)
  if (count === 0 && beforeLast <= 0) return added
  if (beforeLast === 0) return added
  if (beforeLast > 0) return READ_UNKNOWN
  const start = firstIdOf(log, stream)
  if (!maxDeletedId.isZero && maxDeletedId.compare(start) >= 0) return READ_UNKNOWN
  const beforeFirst = id.compare(start)
  if (beforeFirst < 0) return added - count
  return beforeFirst === 0 ? added - count + 1 : READ_UNKNOWN
}

/** How many entries a group has not been given yet; READ_UNKNOWN where that cannot be told. @throws ColdRead */
export function lagOf(log: Log, stream: Stream, { lastId, read }: Group): number | null {
  if (stream.added === 0) return 0
  const known = read !== READ_UNKNOWN && !hasGapFrom(log, stream, lastId) ? read : estimateRead(log, stream, lastId)
  return known === READ_UNKNOWN ? null : stream.added - known
}

/** A group is given the entry with this id, behind all that it has been given: counts it. @throws ColdRead */
export function advanceGroup(log: Log, stream: Stream, group: Group, id: StreamId): void {
  if (group.read !== READ_UNKNOWN && !hasGapFrom(log, stream, id)) group.read++
  else if (stream.added > 0) group.read = estimateRead(log, stream, id)
  group.lastId.copy(id)
}
