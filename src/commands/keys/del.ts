import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Command, Context } from '../command.js'
import type { Args } from '../../protocol/resp/args.js'

export const del: Command = {
  name: 'del',
  code: 21,
  arity: -2,
  flags: ['write'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'generic',
  since: '1.0.0',
  summary: 'Deletes keys, in one commit.',
  frees: true,
  run: removeAll,
}

/** What takes long in Redis, and so is done aside, is one record here: the same as DEL. */
export const unlink: Command = { ...del, name: 'unlink', code: 64, flags: ['write', 'fast'], since: '4.0.0' }

export const mdel: Command = {
  ...del,
  name: 'mdel',
  code: 65,
  group: 'flin',
  since: 'flin 0.1.0',
  summary: 'Deletes keys, in one commit: DEL under the name that the binary protocol gives it.',
}

function removeAll({ keyspace, reply }: Context, { buf, starts, ends, count }: Args): void {
  let size = 0
  for (let i = 1; i < count; i++) size += ends[i]! - starts[i]! + RECORD_OVERHEAD
  keyspace.beginRemoving(size)
  let removed = 0
  for (let i = 1; i < count; i++) {
    if (keyspace.find(buf, starts[i]!, ends[i]!)) {
      keyspace.remove(buf, starts[i]!, ends[i]!)
      removed++
    } else keyspace.removeExpired(buf, starts[i]!, ends[i]!)
  }
  reply.integer(removed)
}
