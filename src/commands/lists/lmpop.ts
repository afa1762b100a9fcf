import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { forEachKey } from '../keys-of.js'
import { removedSize } from './list-foresight.js'
import { countArgument, foreseenNumber, listOf, sideArgument } from './list.js'
import { popMany } from './pop.js'

export const lmpop: Command = {
  name: 'lmpop',
  code: 216,
  arity: -4,
  flags: ['write', 'movablekeys'],
  keyCountAt: 1,
  group: 'list',
  since: '7.0.0',
  summary: 'Removes and returns items from an end of the first of several lists that is there.',
  run(context, args) {
    const { keyspace, reply } = context
    const keyCount = countArgument(args, 1, 1, 'ERR numkeys should be greater than 0')
    const at = 2 + keyCount
    if (at >= args.count) throw new ReplyError(ERR.syntax)
    const side = sideArgument(args, at)
    let count = 1
    if (args.count > at + 1) {
      if (args.count === at + 2 || !args.equalsIgnoreCase(at + 1, 'COUNT')) throw new ReplyError(ERR.syntax)
      count = countArgument(args, at + 2, 1, 'ERR count should be greater than 0')
      if (args.count > at + 3) throw new ReplyError(ERR.syntax)
    }
    for (let i = 2; i < at; i++) {
      const list = listOf(keyspace, args, i)
      if (list === null) continue
      reply.array(2)
      reply.bulk(args.buf, args.starts[i]!, args.ends[i]!)
      popMany(context, args, i, list, side, count)
      return
    }
    reply.nilArray()
  },
  valuesSize(foresight, args) {
    let most = 0
    forEachKey(lmpop, args, (i) => {
      most = Math.max(most, removedSize(foresight, args, i, foreseenCount(args)))
    })
    return most
  },
  itemsRead(args) {
    const count = foreseenCount(args)
    return { left: count, right: count }
  },
  onlyRemoves: true,
}

/** COUNT is the last but one argument where it is given at all. */
function foreseenCount(args: Args): number {
  return args.equalsIgnoreCase(args.count - 2, 'COUNT') ? foreseenNumber(args, args.count - 1) : 1
}
