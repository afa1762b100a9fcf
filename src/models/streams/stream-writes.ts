import type { Keyspace } from '../keyspace.js'
import { KIND } from '../kinds.js'
import { MEMBER_OVERHEAD } from '../objects/member-records.js'
import { entrySize, type EntryEncoder } from './entry-record.js'
import type { EntryPosition } from './entry-table.js'
import { encodeState, STATE_SIZE } from './state-record.js'
import type { Stream } from './stream.js'
import type { StreamId } from './stream-id.js'

/*
 * What is written of a stream's entries: each function appends records and applies them at once. The log has been promised their size,
 * and whoever calls tells the keyspace in the end that the stream has changed.
 */

/** Bytes that the record of what a stream knows takes. */
export const STATE_RECORD_SIZE = MEMBER_OVERHEAD + STATE_SIZE
/** Bytes that a tombstone of a member takes. */
export const TOMBSTONE_SIZE = MEMBER_OVERHEAD

/** Bytes that the record of an entry takes. */
export function entryRecordSize(textCount: number, textSize: number): number {
  return MEMBER_OVERHEAD + entrySize(textCount, textSize)
}

/** Adds an entry, which has been encoded with this id and as the one behind all that there have been. */
export function addEntry(
  { members, log, command }: Keyspace,
  stream: Stream,
  id: StreamId,
  encoder: EntryEncoder,
): void {
  const offset = members.appendLast(stream, KIND.streamEntry, command, encoder.bytes, 0, encoder.size)
  const { segmentNumber, position, recordSize } = log.appender
  stream.applyEntry(offset, segmentNumber, position, recordSize, id, stream.added + 1)
}

/**
 * Adds an entry with this id, behind all that there have been, of `count` texts that have `textSize` bytes together: these are the next
 * that the encoder is given, and go where they are to lie.
 */
export function beginEntry(
  { members, log, command }: Keyspace,
  stream: Stream,
  id: StreamId,
  encoder: EntryEncoder,
  count: number,
  textSize: number,
): void {
  const { appender } = log
  const offset = log.endOffset
  const added = stream.added + 1
  members.reserve(stream, KIND.streamEntry, command, offset, entrySize(count, textSize))
  stream.applyEntry(offset, appender.segmentNumber, appender.position, appender.recordSize, id, added)
  encoder.beginAt(appender.memory, appender.valueStart, id, added, count)
}

/** Writes what the stream knows besides its entries, after it has changed. */
export function writeState({ members, log, command }: Keyspace, stream: Stream): void {
  const value = encodeState(stream, log.endOffset)
  members.append(stream, KIND.streamState, command, 0, value, 0, STATE_SIZE)
  const { segmentNumber, position, recordSize } = log.appender
  stream.applyState(0, segmentNumber, position, recordSize)
}

/** Removes one entry; {@link writeState} has to follow, since it may have been the newest one. */
export function removeEntry({ members, command }: Keyspace, stream: Stream, at: EntryPosition): void {
  members.tombstone(stream, KIND.streamEntry, command, stream.entries.offsetAt(at))
  stream.applyEntryRemoval(at)
}

/** Removes the first entries, by one record. */
export function trimFirst(keyspace: Keyspace, stream: Stream, count: number): void {
  if (count === 0) return
  const { entries } = stream
  entries.toFirst(cut)
  entries.advance(cut, count)
  stream.floor = entries.isEnd(cut) ? keyspace.log.endOffset : entries.offsetAt(cut)
  stream.applyTrim(cut)
  writeState(keyspace, stream)
}

const cut: EntryPosition = { chunk: 0, slot: 0 }
