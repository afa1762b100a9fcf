import { readId } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import { StreamId } from '../../models/streams/stream-id.js'
import { STATE_RECORD_SIZE, writeState } from '../../models/streams/stream-writes.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { countArgument } from './counts.js'
import { findStream, mayAdd } from './find-stream.js'
import { idArgument } from './id-text.js'
import { firstArgument, rehearsal } from './rehearse.js'

const id = new StreamId()
const maxDeleted = new StreamId()
const top = new StreamId()
const at: EntryPosition = { chunk: 0, slot: 0 }

export const xsetid: Command = {
  name: 'xsetid',
  code: 246,
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Sets the last id of a stream, from which it goes on.',
  differs: 'Counts have 53 bits.',
  run({ keyspace, reply }, args) {
    idArgument(args, 2, id)
    const added = parse(args)
    const stream = findStream(keyspace, args, 1)
    if (stream === null) throw new ReplyError(ERR.noSuchKey)
    const { entries } = stream
    if (entries.count > 0) {
      entries.toEnd(at)
      entries.back(at)
      if (id.compare(readId(keyspace.log, entries, at, top)) < 0) {
        throw new ReplyError('ERR The ID specified in XSETID is smaller than the target stream top item')
      }
      if (added !== -1 && entries.count > added) {
        throw new ReplyError('ERR The entries_added specified in XSETID is smaller than the target stream length')
      }
    }
    keyspace.begin(STATE_RECORD_SIZE)
    stream.setLastId(id)
    if (added !== -1) stream.added = added
    if (!maxDeleted.isZero) stream.maxDeletedId.copy(maxDeleted)
    writeState(keyspace, stream)
    keyspace.changedUnseen(stream)
    reply.ok()
  },
  valuesSize: (foresight, args) => mayAdd(foresight, args, 1, STATE_RECORD_SIZE),
  rehearse: rehearsal(firstArgument, ({ keyspace }, args) => {
    const stream = findStream(keyspace, args, 1)
    if (stream === null || stream.count === 0) return
    stream.entries.toEnd(at)
    stream.entries.back(at)
    readId(keyspace.log, stream.entries, at, top)
  }),
}

/** `[ENTRIESADDED n] [MAXDELETEDID id]`. Returns the former, -1 when it is not given. */
function parse(args: Args): number {
  let added = -1
  maxDeleted.setZero()
  for (let i = 3; i < args.count; i += 2) {
    const isLast = i + 1 >= args.count
    if (!isLast && args.equalsIgnoreCase(i, 'ENTRIESADDED')) {
      added = countArgument(args, i + 1)
      if (added < 0) throw new ReplyError('ERR entries_added must be positive')
    } else if (!isLast && args.equalsIgnoreCase(i, 'MAXDELETEDID')) {
      idArgument(args, i + 1, maxDeleted)
      if (id.compare(maxDeleted) < 0) {
        throw new ReplyError('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id')
      }
    } else throw new ReplyError(ERR.syntax)
  }
  return added
}
