import { RECORD_OVERHEAD } from '../../models/keyspace.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { revisionOf } from './flin-get.js'

/** Looks the key up and compares its revision with the expected one. */
function check({ keyspace }: Context, args: Args): void {
  if (!args.equalsIgnoreCase(3, 'IFREV')) throw new ReplyError(ERR.syntax)
  const expected = args.integer(4)
  if (Number.isNaN(expected) || expected < 0) throw new ReplyError(ERR.notInteger)
  const found = keyspace.find(args.buf, args.starts[1]!, args.ends[1]!)
  const revision = found ? revisionOf(keyspace.locate().offset) : 0
  if (revision !== expected) {
    throw new ReplyError(`REVMISMATCH expected revision ${expected}, the key is at ${revision}`)
  }
}

export const flinSet: Command = {
  name: 'flin.set',
  code: 30,
  arity: 5,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'flin',
  since: 'flin 0.1.0',
  summary:
    'FLIN.SET key value IFREV n sets a key that is at revision n (0: that must not exist); returns the new revision.',
  run(context, args) {
    const { keyspace, reply, session } = context
    const { buf, starts, ends } = args
    const keyStart = starts[1]!
    const keyEnd = ends[1]!
    keyspace.begin((keyEnd - keyStart) * 2 + ends[2]! - starts[2]! + RECORD_OVERHEAD * 2)
    // Inside EXEC the revision was compared, for all commands, before the first one ran.
    if (session.queue === null) check(context, args)
    else keyspace.find(buf, keyStart, keyEnd)
    keyspace.put(buf, keyStart, keyEnd, buf, starts[2]!, ends[2]!, 0)
    reply.integer(revisionOf(keyspace.log.endOffset - 1))
  },
  precondition: check,
}
