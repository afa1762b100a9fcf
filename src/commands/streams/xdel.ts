import { findId } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import { StreamId } from '../../models/streams/stream-id.js'
import { removeEntry, STATE_RECORD_SIZE, TOMBSTONE_SIZE, writeState } from '../../models/streams/stream-writes.js'
import type { Command } from '../command.js'
import { findStream, mayAdd } from './find-stream.js'
import { idArgument } from './id-text.js'
import { firstArgument, rehearsal } from './rehearse.js'

const id = new StreamId()
const highest = new StreamId()
const at: EntryPosition = { chunk: 0, slot: 0 }

export const xdel: Command = {
  name: 'xdel',
  code: 244,
  arity: -3,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Removes entries from a stream; returns how many were there.',
  run({ keyspace, reply }, args) {
    const stream = findStream(keyspace, args, 1)
    if (stream === null) {
      reply.integer(0)
      return
    }
    for (let i = 2; i < args.count; i++) idArgument(args, i, id)
    const { entries } = stream
    // All that has to be loaded is loaded before the first one goes: offsets stay what they are meanwhile, places do not.
    const offsets = new Set<number>()
    highest.setZero()
    for (let i = 2; i < args.count; i++) {
      if (!findId(keyspace.log, entries, idArgument(args, i, id), at)) continue
      offsets.add(entries.offsetAt(at))
      if (highest.compare(id) < 0) highest.copy(id)
    }
    reply.integer(offsets.size)
    if (offsets.size === 0) return
    keyspace.beginRemoving(offsets.size * TOMBSTONE_SIZE + STATE_RECORD_SIZE)
    for (const offset of offsets) {
      entries.seekOffset(offset, at)
      removeEntry(keyspace, stream, at)
    }
    if (stream.maxDeletedId.compare(highest) < 0) stream.maxDeletedId.copy(highest)
    writeState(keyspace, stream)
    keyspace.changed(stream)
  },
  rehearse: rehearsal(firstArgument, ({ keyspace }, args) => {
    const stream = findStream(keyspace, args, 1)
    for (let i = 2; stream !== null && i < args.count; i++) {
      findId(keyspace.log, stream.entries, idArgument(args, i, id), at)
    }
  }),
  frees: true,
  valuesSize: (foresight, args) => args.count * TOMBSTONE_SIZE + mayAdd(foresight, args, 1, STATE_RECORD_SIZE),
}
