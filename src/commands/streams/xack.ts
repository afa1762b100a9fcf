import type { Pending } from '../../models/streams/group.js'
import { removePending } from '../../models/streams/group-writes.js'
import { StreamId } from '../../models/streams/stream-id.js'
import { TOMBSTONE_SIZE } from '../../models/streams/stream-writes.js'
import type { Command } from '../command.js'
import { findStream } from './find-stream.js'
import { groupText } from './group-arguments.js'
import { idArgument } from './id-text.js'

const id = new StreamId()

export const xack: Command = {
  name: 'xack',
  code: 251,
  arity: -4,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Says that entries have been dealt with: they are pending no more; returns how many were.',
  run({ keyspace, reply }, args) {
    const stream = findStream(keyspace, args, 1)
    const group = stream?.groups.get(groupText(args, 2))
    if (stream === null || group === undefined) {
      reply.integer(0)
      return
    }
    // All ids are read before anything is written: one that is none must leave everything as it is.
    const found: Pending[] = []
    for (let i = 3; i < args.count; i++) {
      const pending = group.pending.find(idArgument(args, i, id))
      if (pending !== null) found.push(pending)
    }
    keyspace.beginRemoving(found.length * TOMBSTONE_SIZE)
    let count = 0
    for (const pending of found) {
      // An id may be given twice.
      if (!pending.isPending) continue
      removePending(keyspace, stream, pending)
      count++
    }
    if (count > 0) keyspace.changedUnseen(stream)
    reply.integer(count)
  },
  frees: true,
  valuesSize: (_foresight, args) => args.count * TOMBSTONE_SIZE,
}
