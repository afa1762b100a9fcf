import type { Log } from '../../../segments/index.js'
import { forEachText, textCountAt } from '../../models/streams/entry-record.js'
import { readEntry } from '../../models/streams/entry-search.js'
import type { EntryPosition, EntryTable } from '../../models/streams/entry-table.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { replyId } from './id-text.js'

const id = new StreamId()

/** Replies with an entry: its id, and its fields, names and values in turn. @throws ColdRead */
export function replyEntry(log: Log, reply: ReplyWriter, entries: EntryTable, at: EntryPosition): void {
  const { bytes, valueStart } = readEntry(log, entries, at)
  reply.array(2)
  replyIdAndFields(reply, bytes, valueStart)
}

/** Replies with the id of an entry, whose value begins there, and with its fields. */
export function replyIdAndFields(reply: ReplyWriter, bytes: Buffer, valueStart: number): void {
  replyId(reply, id.read(bytes, valueStart))
  reply.array(textCountAt(bytes, valueStart))
  forEachText(bytes, valueStart, (start, end) => {
    reply.bulk(bytes, start, end)
  })
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
