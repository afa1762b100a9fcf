import type { Log } from '../../../segments/index.js'
import { ColdRead } from '../cold.js'
import type { EntryPosition, EntryTable } from './entry-table.js'

/**
 * When an entry was written, in ms since 1970: the time of its batch. Along a stream it never falls.
 * @throws ColdRead
 */
export function timeOf(log: Log, entries: EntryTable, at: EntryPosition): number {
  const segmentNumber = entries.segmentAt(at)
  const position = entries.positionAt(at)
  const location = log.locate(segmentNumber, position)
  if (location === null) throw new ColdRead([{ segmentNumber, position }])
  return location.timestampMs
}

/**
 * Points at the first entry that was written at a time, in ms since 1970, or later; at the end where there is none. Segments know
 * their times; within one of them it is looked for by halves.
 * @throws ColdRead
 */
export function seekTime(log: Log, entries: EntryTable, ms: number, at: EntryPosition): void {
  const segment = log.segments.find(({ sealed, lastTimestampMs }) => !sealed || lastTimestampMs >= ms)
  if (segment === undefined) {
    entries.toEnd(at)
    return
  }
  entries.seekOffset(segment.baseOffset, from)
  if (segment.sealed) entries.seekOffset(segment.endOffset, to)
  else entries.toEnd(to)
  // Those before `low` are older, those from `high` on are not.
  let low = 0
  let high = entries.distance(from, to, Infinity)
  while (low < high) {
    const middle = (low + high) >>> 1
    at.chunk = from.chunk
    at.slot = from.slot
    entries.advance(at, middle)
    if (timeOf(log, entries, at) < ms) low = middle + 1
    else high = middle
  }
  at.chunk = from.chunk
  at.slot = from.slot
  entries.advance(at, high)
}

const from: EntryPosition = { chunk: 0, slot: 0 }
const to: EntryPosition = { chunk: 0, slot: 0 }
