import type { Log } from '../../../segments/index.js'
import { findId } from './entry-search.js'
import type { EntryPosition } from './entry-table.js'
import type { Pending } from './group.js'
import type { Stream } from './stream.js'
import type { StreamId } from './stream-id.js'

/**
 * Points at the entry with an id, which may be pending; false when it is gone. What is pending knows its entry's offset; but an entry
 * that is gone may have come back with its id, by XSETID.
 * @throws ColdRead
 */
export function seekDelivered(
  log: Log,
  { entries }: Stream,
  id: StreamId,
  pending: Pending | null,
  at: EntryPosition,
): boolean {
  return (pending !== null && entries.seekOffset(pending.entry, at)) || findId(log, entries, id, at)
}
