import { STATE_RECORD_SIZE } from '../../models/streams/stream-writes.js'
import { trimCount } from '../../models/streams/trim.js'
import type { Command } from '../command.js'
import { findStream, mayAdd } from './find-stream.js'
import { AddOptions } from './trim-options.js'
import { firstArgument, rehearsal } from './rehearse.js'
import { foreseenReferences, referencesOf, referencesSize, trimReferenced } from './trimming.js'

const options = new AddOptions()

export const xtrim: Command = {
  name: 'xtrim',
  code: 245,
  arity: -4,
  flags: ['write'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Removes the first entries of a stream, by its length or their ids; returns how many.',
  differs:
    'With ~ it goes in steps of 100 entries, or takes all. KEEPREF, DELREF and ACKED are those of Redis 8.2; with ACKED it stops at the first entry that a group needs.',
  run({ keyspace, reply }, args) {
    options.parseTrim(args)
    const stream = findStream(keyspace, args, 1)
    const count = stream === null ? 0 : trimCount(keyspace.log, stream, options.trim, null)
    if (stream === null || count === 0) {
      reply.integer(0)
      return
    }
    const references = referencesOf(keyspace.log, stream, count, options.trim)
    keyspace.beginRemoving(STATE_RECORD_SIZE + referencesSize(references))
    trimReferenced(keyspace, stream, count, references)
    keyspace.changed(stream)
    reply.integer(count)
  },
  frees: true,
  valuesSize: (foresight, args) => foreseenReferences(foresight, args) + mayAdd(foresight, args, 1, STATE_RECORD_SIZE),
  rehearse: rehearsal(firstArgument, ({ keyspace }, args) => {
    options.parseTrim(args)
    const stream = findStream(keyspace, args, 1)
    if (stream === null) return
    referencesOf(keyspace.log, stream, trimCount(keyspace.log, stream, options.trim, null), options.trim)
  }),
}
