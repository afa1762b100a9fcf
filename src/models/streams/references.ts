import type { Log } from '../../../segments/index.js'
import { seekDelivered } from './delivered.js'
import { readId, seekId } from './entry-search.js'
import type { EntryPosition } from './entry-table.js'
import type { Group, Pending } from './group.js'
import { firstIdOf } from './progress.js'
import type { Stream } from './stream.js'
import { StreamId } from './stream-id.js'

/*
 * What groups still need of a stream's entries: those that they have not been given, and those that are pending.
 */

/** Of what a group has pending, so many whose entries are gone are passed at once, at most: the next trimming goes on. */
export const GONE_MAX = 10_000

/**
 * How many of the first entries all groups have been given and have acknowledged: these may go, the next one may not. All of them
 * where there is no group, as in Redis.
 * @param added id of an entry that will be added: it counts when all others do; null: none will
 * @throws ColdRead
 */
export function ackedCount(log: Log, stream: Stream, added: StreamId | null): number {
  const { entries, groups } = stream
  const isAddedAcked = added !== null && [...groups.values()].every((group) => hasAcked(group, added))
  const all = entries.count + (isAddedAcked ? 1 : 0)
  if (groups.size === 0 || entries.count === 0) return all
  let least = Infinity
  for (const group of groups.values()) least = Math.min(least, firstNeeded(log, stream, group, least))
  if (least === Infinity) return all
  entries.seekOffset(least, at)
  entries.toFirst(start)
  return entries.distance(start, at, Infinity)
}

function hasAcked({ lastId, pending }: Group, id: StreamId): boolean {
  return lastId.compare(id) >= 0 && pending.find(id) === null
}

/** Offset of the first entry that a group needs, Infinity where it needs none. @param max those from this one on do not matter */
function firstNeeded(log: Log, stream: Stream, group: Group, max: number): number {
  const { entries } = stream
  let needed = Infinity
  if (group.lastId.compare(stream.lastId) < 0) {
    if (group.nextOffset >= 0) needed = group.nextOffset
    else {
      id.copy(group.lastId).increment()
      seekId(log, entries, id, at)
      if (!entries.isEnd(at)) needed = group.nextOffset = entries.offsetAt(at)
    }
  }
  // Of what is pending, entries may be gone: those count for nothing, but there may be many. They are passed once.
  const { pending, goneTo } = group
  const firstId = firstIdOf(log, stream)
  if (goneTo.compare(firstId) < 0) goneTo.copy(firstId)
  id.copy(goneTo)
  let left = GONE_MAX
  for (const it of pending.from(id)) {
    goneTo.copy(it.id)
    if (it.entry >= Math.min(needed, max)) break
    // Whether this one is needed is not known yet.
    if (left-- === 0) return Math.min(needed, it.entry)
    if (seekDelivered(log, stream, it.id, it, at)) return Math.min(needed, entries.offsetAt(at))
  }
  return needed
}

/**
 * What is pending of the first entries, and of those that were gone before: what DELREF removes when these entries go.
 * @param count of those entries
 * @throws ColdRead
 */
export function pendingOfFirst(log: Log, stream: Stream, count: number): Pending[] {
  const { entries, groups } = stream
  const found: Pending[] = []
  if (count === 0 || groups.size === 0) return found
  const isAll = count >= entries.count
  if (!isAll) {
    entries.toFirst(at)
    entries.advance(at, count)
    readId(log, entries, at, id)
  }
  for (const group of groups.values()) {
    for (const pending of group.pending) {
      if (!isAll && pending.id.compare(id) >= 0) break
      found.push(pending)
    }
  }
  return found
}

const id = new StreamId()
const at: EntryPosition = { chunk: 0, slot: 0 }
const start: EntryPosition = { chunk: 0, slot: 0 }
