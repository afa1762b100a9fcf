import { RecordView, type Log, type Place } from '../../../segments/index.js'
import { ColdRead } from '../cold.js'
import type { EntryPosition, EntryTable } from './entry-table.js'
import { StreamId } from './stream-id.js'

/*
 * Looking for entries by their ids, which are read in the log where the entries lie. Searches begin at the end, where most who read a
 * stream are: what has long been written is looked at for those only who ask for it. All of it throws ColdRead when a record has to
 * be loaded first.
 */

const record = new RecordView()
const found = new StreamId()

/** The record of an entry; valid until the next call of any function here. */
export function readEntry(log: Log, entries: EntryTable, at: EntryPosition): RecordView {
  const { reader } = log
  const segmentNumber = entries.segmentAt(at)
  const position = entries.positionAt(at)
  if (!reader.seek(segmentNumber, position)) throw new ColdRead([{ segmentNumber, position }])
  return record.at(reader.bytes, reader.start)
}

/** Copies the id of an entry to `id`, and returns that. */
export function readId(log: Log, entries: EntryTable, at: EntryPosition, id: StreamId): StreamId {
  const { bytes, valueStart } = readEntry(log, entries, at)
  return id.read(bytes, valueStart)
}

/**
 * Points at the first entry whose id is not lower, at the end where there is none. What is found out about chunks stays known, also
 * when it throws.
 */
export function seekId(log: Log, entries: EntryTable, id: StreamId, at: EntryPosition): void {
  const { chunks } = entries
  // The chunk `low`, if there is one, begins at or before the id; the one at `high` behind it.
  let high = chunks.length
  let low = high - 1
  for (let step = 1; low >= 0 && firstId(log, entries, low, at).compare(id) > 0; step *= 2) {
    high = low
    low -= step
  }
  low = Math.max(low, -1)
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (firstId(log, entries, middle, at).compare(id) > 0) high = middle
    else low = middle
  }
  if (low < 0) {
    entries.toFirst(at)
    return
  }
  at.chunk = low
  at.slot = seekSlot(log, entries, id, at)
  if (at.slot < chunks[low]!.end) return
  at.chunk = low + 1
  at.slot = at.chunk < chunks.length ? chunks[at.chunk]!.first : 0
}

function firstId(log: Log, entries: EntryTable, number: number, at: EntryPosition): StreamId {
  const chunk = entries.chunks[number]!
  if (chunk.id !== null) return chunk.id
  at.chunk = number
  at.slot = chunk.first
  return (chunk.id = readId(log, entries, at, new StreamId()))
}

/** The first slot of a chunk whose id is not lower, its end where there is none. */
function seekSlot(log: Log, entries: EntryTable, id: StreamId, at: EntryPosition): number {
  const { first, end } = entries.chunks[at.chunk]!
  // Ids at `high` and behind are not lower; the one at `low`, if it is in the chunk, is.
  let high = end
  let low = end - 1
  for (let step = 1; low >= first && compareSlot(log, entries, low, id, at) >= 0; step *= 2) {
    high = low
    low -= step
  }
  low = Math.max(low, first - 1)
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (compareSlot(log, entries, middle, id, at) < 0) low = middle
    else high = middle
  }
  return high
}

function compareSlot(log: Log, entries: EntryTable, slot: number, id: StreamId, at: EntryPosition): number {
  at.slot = slot
  return readId(log, entries, at, found).compare(id)
}

/** Points at the entry with this id; false when there is none. */
export function findId(log: Log, entries: EntryTable, id: StreamId, at: EntryPosition): boolean {
  seekId(log, entries, id, at)
  return !entries.isEnd(at) && readId(log, entries, at, found).compare(id) === 0
}

/** Adds to `places` the records, of `count` entries from a place on, that are not in memory. */
export function collectCold(log: Log, entries: EntryTable, from: EntryPosition, count: number, places: Place[]): void {
  if (!log.hasCold) return
  const { reader } = log
  const at = { chunk: from.chunk, slot: from.slot }
  for (let left = count; left > 0; left--) {
    const segmentNumber = entries.segmentAt(at)
    const position = entries.positionAt(at)
    if (!reader.seek(segmentNumber, position)) places.push({ segmentNumber, position })
    entries.advance(at, 1)
  }
}

/** Sees to it that the records of `count` entries, from a place on, can be read: throws naming all that cannot. */
export function checkLoaded(log: Log, entries: EntryTable, from: EntryPosition, count: number): void {
  const places: Place[] = []
  collectCold(log, entries, from, count, places)
  if (places.length > 0) throw new ColdRead(places)
}
