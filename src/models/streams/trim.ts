import type { Log } from '../../../segments/index.js'
import type { EntryPosition } from './entry-table.js'
import { seekId } from './entry-search.js'
import { ackedCount } from './references.js'
import type { Stream } from './stream.js'
import { StreamId } from './stream-id.js'

/** Entries that an approximate trimming removes at once: as many as a node of Redis's streams has. */
const STEP = 100
/** Entries that an approximate trimming removes at most unless it says otherwise, as in Redis. */
export const TRIM_LIMIT = 100 * STEP

/** What is to go from the beginning of a stream. */
export class Trim {
  strategy: 'none' | 'maxlen' | 'minid' = 'none'
  /** So many entries may stay. */
  maxLen = 0
  /** Entries with lower ids go. */
  readonly minId = new StreamId()
  /** Whether some more may stay, so that not every entry that is added removes one. */
  isApproximate = false
  /** No more than so many entries go; 0: all. */
  limit = 0
  /**
   * What becomes of what groups have pending of entries that go: it stays, or goes with them; or such entries do not go, nor those
   * that some group has not been given, nor any behind. Redis 8.2's KEEPREF, DELREF, ACKED.
   */
  references: 'keep' | 'delete' | 'acked' = 'keep'
}

/**
 * How many entries go.
 * @param added id of an entry that will be added before; null: none will
 * @throws ColdRead when records have to be loaded first
 */
export function trimCount(log: Log, stream: Stream, trim: Trim, added: StreamId | null): number {
  const { entries } = stream
  const count = entries.count + (added === null ? 0 : 1)
  let surplus = 0
  if (trim.strategy === 'maxlen') surplus = Math.max(0, count - trim.maxLen)
  else if (trim.strategy === 'minid') {
    seekId(log, entries, trim.minId, end)
    entries.toFirst(start)
    surplus = entries.distance(start, end, Infinity)
    if (surplus === entries.count && added !== null && added.compare(trim.minId) < 0) surplus++
  }
  if (trim.references === 'acked' && surplus > 0) surplus = Math.min(surplus, ackedCount(log, stream, added))
  if (!trim.isApproximate) return surplus
  const isLimited = trim.limit > 0 && surplus > trim.limit
  if (surplus === count && !isLimited) return count
  const max = isLimited ? trim.limit : surplus
  return max - (max % STEP)
}

const start: EntryPosition = { chunk: 0, slot: 0 }
const end: EntryPosition = { chunk: 0, slot: 0 }
