import { RECORD_OVERHEAD } from '../../models/keyspace.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { checkKeySizes } from '../keys-of.js'

export const mset: Command = {
  name: 'mset',
  code: 19,
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 2 },
  group: 'string',
  since: '1.0.1',
  summary: 'Sets several keys at once, in one commit.',
  run({ keyspace, reply }, args) {
    const { buf, starts, ends, count } = args
    if (count % 2 === 0) throw new ReplyError(ERR.arity('mset'))
    checkKeySizes(this, args)
    let size = 0
    for (let i = 1; i < count; i += 2)
      size += (ends[i]! - starts[i]!) * 2 + ends[i + 1]! - starts[i + 1]! + 2 * RECORD_OVERHEAD
    keyspace.begin(size)
    for (let i = 1; i < count; i += 2) {
      keyspace.find(buf, starts[i]!, ends[i]!)
      keyspace.put(buf, starts[i]!, ends[i]!, buf, starts[i + 1]!, ends[i + 1]!, 0)
    }
    reply.ok()
  },
}
