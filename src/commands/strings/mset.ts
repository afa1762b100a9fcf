import { KEY_BATCH_SIZE } from '../../models/key-batch.js'
import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'

export const mset: Command = {
  name: 'mset',
  code: 19,
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 2 },
  group: 'string',
  since: '1.0.1',
  summary: 'Sets several keys at once, in one commit.',
  run(context, args) {
    if (args.count % 2 === 0) throw new ReplyError(ERR.arity('mset'))
    putAll(context, args)
    context.reply.ok()
  },
}

export const msetnx: Command = {
  ...mset,
  name: 'msetnx',
  code: 63,
  summary: 'Sets several keys at once if none of them exists; returns whether it did.',
  run(context, args) {
    const { keyspace, reply } = context
    const { buf, starts, ends, count } = args
    if (count % 2 === 0) throw new ReplyError(ERR.arity('msetnx'))
    for (let i = 1; i < count; i += 2) {
      if (!keyspace.find(buf, starts[i]!, ends[i]!)) continue
      reply.integer(0)
      return
    }
    putAll(context, args)
    reply.integer(1)
  },
}

function putAll({ keyspace }: Context, { buf, starts, ends, count }: Args): void {
  let size = 0
  for (let i = 1; i < count; i += 2)
    size += (ends[i]! - starts[i]!) * 2 + ends[i + 1]! - starts[i + 1]! + 2 * RECORD_OVERHEAD
  keyspace.begin(size)
  const { batch } = keyspace
  for (let i = 1, n = 0; i < count; i += 2, n = (n + 1) % KEY_BATCH_SIZE) {
    if (n === 0) batch.take(buf, starts, ends, count, i, 2)
    keyspace.findHashed(batch.his[n]!, batch.los[n]!, buf, starts[i]!, ends[i]!)
    keyspace.put(buf, starts[i]!, ends[i]!, buf, starts[i + 1]!, ends[i + 1]!, 0)
  }
}
