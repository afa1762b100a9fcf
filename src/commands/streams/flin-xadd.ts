import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { findStream } from './find-stream.js'
import { add, xadd } from './xadd.js'

export const flinXadd: Command = {
  ...xadd,
  name: 'flin.xadd',
  code: 255,
  arity: -7,
  group: 'flin',
  since: 'flin 0.1.0',
  summary:
    'FLIN.XADD key IFREV n ... adds an entry, as XADD does, to a stream that has had n entries in all (0: that must be new); returns its id.',
  run(context, args) {
    // Inside EXEC the revision was compared, for all commands, before the first one ran.
    if (context.session.queue === null) checkAdded(context, args)
    add(context, args, 4)
  },
  precondition: checkAdded,
}

/** Reads `IFREV n`, and compares how many entries the stream has ever had with that. @throws ReplyError REVMISMATCH */
function checkAdded({ keyspace }: Context, args: Args): void {
  if (!args.equalsIgnoreCase(2, 'IFREV')) throw new ReplyError(ERR.syntax)
  const expected = args.integer(3)
  if (Number.isNaN(expected) || expected < 0) throw new ReplyError(ERR.notInteger)
  const added = findStream(keyspace, args, 1)?.added ?? 0
  if (added !== expected) {
    throw new ReplyError(`REVMISMATCH expected revision ${expected}, the stream is at ${added}`)
  }
}
