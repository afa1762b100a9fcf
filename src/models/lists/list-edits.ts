import type { Place } from '../../../segments/index.js'
import { ColdRead } from '../cold.js'
import type { Keyspace } from '../keyspace.js'
import { KIND } from '../kinds.js'
import { MEMBER_OVERHEAD } from '../objects/member-records.js'
import type { ListState } from './list-state.js'
import { orderBetween, renumber, type Renumbering } from './list-orders.js'

/*
 * What changes lists: each writes its records and applies them. Sizes are promised to the log before, by whoever calls; whoever calls
 * also tells the keyspace that the list has changed. The last item of a list goes with its key, not here.
 */

/** Adds `value[start..end)` behind all items. */
export function pushRight(keyspace: Keyspace, list: ListState, value: Buffer, start: number, end: number): void {
  const order = keyspace.members.appendLast(list, KIND.listItem, keyspace.command, value, start, end)
  const { appender } = keyspace.log
  list.pushRight(order, appender.segmentNumber, appender.position, appender.recordSize)
}

/** Adds `value[start..end)` in front of all items. */
export function pushLeft(keyspace: Keyspace, list: ListState, value: Buffer, start: number, end: number): void {
  const order = keyspace.members.appendFirst(list, KIND.listItem, keyspace.command, value, start, end)
  const { appender } = keyspace.log
  list.pushLeft(order, appender.segmentNumber, appender.position, appender.recordSize)
}

/** Gives the item on which the list's items stand another value. */
export function replaceItem(keyspace: Keyspace, list: ListState, value: Buffer, start: number, end: number): void {
  keyspace.members.append(list, KIND.listItem, keyspace.command, list.items.order, value, start, end)
  const { appender } = keyspace.log
  list.replace(appender.segmentNumber, appender.position, appender.recordSize)
}

/** Removes the item on which the list's items stand. */
export function removeItem(keyspace: Keyspace, list: ListState): void {
  keyspace.members.tombstone(list, KIND.listItem, keyspace.command, list.items.order)
  list.remove()
}

/** How an item gets between two others. */
export interface Insertion {
  readonly index: number
  /** Its order; NaN where it is pushed to an end, or others have to make room. */
  readonly order: number
  readonly renumbering: Renumbering | null
  /** Bytes of records that are written beside its own. */
  readonly size: number
}

/**
 * Plans to insert an item in front of the one that has the index; there must be one.
 * @throws ColdRead when values have to be written anew that are on disk only
 */
export function planInsertion(keyspace: Keyspace, list: ListState, index: number): Insertion {
  const { items } = list
  if (index === 0) return { index, order: NaN, renumbering: null, size: 0 }
  items.seek(index - 1)
  const low = items.order
  items.next()
  const order = orderBetween(low, items.order)
  if (!Number.isNaN(order)) return { index, order, renumbering: null, size: 0 }
  const renumbering = renumber(items, index, keyspace.log.endOffset)
  return { index, order, renumbering, size: rewrittenSize(keyspace, list, renumbering) }
}

/** Bytes of the records of items that are written again, and of the tombstones of what they were. */
function rewrittenSize({ log, record }: Keyspace, list: ListState, { first, end }: Renumbering): number {
  const { items } = list
  const { reader } = log
  const cold: Place[] = []
  let size = 0
  items.seek(first)
  for (let index = first; index < end; index++, items.next()) {
    const { segment, position } = items
    if (!reader.seek(segment, position)) cold.push({ segmentNumber: segment, position })
    else size += record.at(reader.bytes, reader.start).size + 2 * MEMBER_OVERHEAD
  }
  if (cold.length > 0) throw new ColdRead(cold)
  return size
}

/** Inserts `value[start..end)` as was planned; nothing may have changed since. */
export function insertItem(
  keyspace: Keyspace,
  list: ListState,
  insertion: Insertion,
  value: Buffer,
  start: number,
  end: number,
): void {
  const { index, order, renumbering } = insertion
  if (renumbering !== null) insertAmong(keyspace, list, index - renumbering.first, renumbering, value, start, end)
  else if (index === 0) pushLeft(keyspace, list, value, start, end)
  else insertWith(keyspace, list, order, value, start, end)
}

function insertWith(
  keyspace: Keyspace,
  list: ListState,
  order: number,
  value: Buffer,
  start: number,
  end: number,
): void {
  keyspace.members.append(list, KIND.listItem, keyspace.command, order, value, start, end)
  const { appender } = keyspace.log
  list.insert(order, appender.segmentNumber, appender.position, appender.recordSize)
}

/** Numbers a stretch of items anew, with another one in front of that with the number `at` among them. All old ones end before new ones begin. */
function insertAmong(
  keyspace: Keyspace,
  list: ListState,
  at: number,
  { first, end, orders }: Renumbering,
  value: Buffer,
  start: number,
  to: number,
): void {
  const { items } = list
  const { reader } = keyspace.log
  const record = keyspace.record
  const places: Place[] = []
  for (let index = first; index < end; index++) {
    items.seek(first)
    places.push({ segmentNumber: items.segment, position: items.position })
    removeItem(keyspace, list)
  }
  for (let i = 0; i < orders.length; i++) {
    if (i === at) {
      insertWith(keyspace, list, orders[i]!, value, start, to)
      continue
    }
    const { segmentNumber, position } = places[i < at ? i : i - 1]!
    reader.seek(segmentNumber, position)
    record.at(reader.bytes, reader.start)
    insertWith(keyspace, list, orders[i]!, record.bytes, record.valueStart, record.valueEnd)
  }
}
