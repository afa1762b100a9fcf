import type { Log } from '../../../segments/index.js'
import { TEXT_HEADER_SIZE, textCountAt, textsAt } from '../../models/streams/entry-record.js'
import { readEntry } from '../../models/streams/entry-search.js'
import type { EntryPosition, EntryTable } from '../../models/streams/entry-table.js'
import { StreamId, word } from '../../models/streams/stream-id.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { replyId } from './id-text.js'

const id = new StreamId()

/** Replies with an entry: its id, and its fields, names and values in turn. @throws ColdRead */
export function replyEntry(log: Log, reply: ReplyWriter, entries: EntryTable, at: EntryPosition): void {
  const { bytes, valueStart } = readEntry(log, entries, at)
  replyEntryAt(reply, bytes, valueStart, id.read(bytes, valueStart))
}

/** The same of an entry with this id, whose value begins at `valueStart`. */
export function replyEntryAt(reply: ReplyWriter, bytes: Buffer, valueStart: number, id: StreamId): void {
  reply.array(2)
  replyIdAndFields(reply, bytes, valueStart, id)
}

/** Replies with the id of an entry, whose value begins at `valueStart`, and with its fields. */
export function replyIdAndFields(reply: ReplyWriter, bytes: Buffer, valueStart: number, id: StreamId): void {
  replyId(reply, id)
  const count = textCountAt(bytes, valueStart)
  reply.array(count)
  let position = textsAt(valueStart)
  for (let i = 0; i < count; i++) {
    const start = position + TEXT_HEADER_SIZE
    position = start + word(bytes, position)
    reply.bulk(bytes, start, position)
  }
}

/** Replies with so many entries from a place on, as an array. @throws ColdRead */
export function replyEntries(
  log: Log,
  reply: ReplyWriter,
  entries: EntryTable,
  from: EntryPosition,
  count: number,
): void {
  const at = { chunk: from.chunk, slot: from.slot }
  reply.array(count)
  for (let left = count; left > 0; left--) {
    replyEntry(log, reply, entries, at)
    entries.advance(at, 1)
  }
}
