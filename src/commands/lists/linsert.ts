import { insertItem, planInsertion, pushRight } from '../../models/lists/list-edits.js'
import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { insertedSize } from './list-foresight.js'
import { ALL_ITEMS, listOf, OF_LIST } from './list.js'
import { endWalk } from './range-walk.js'
import { findMatches } from './search.js'

export const linsert: Command = {
  ...OF_LIST,
  name: 'linsert',
  code: 211,
  arity: 5,
  flags: ['write', 'denyoom'],
  since: '2.2.0',
  summary: 'Adds an item in front of or behind the first one of a list that has a value; returns how many it has.',
  run(context, args) {
    const { keyspace, reply, session } = context
    const isAfter = isAfterArgument(args, 2)
    const list = listOf(keyspace, args, 1)
    if (list === null) {
      endWalk(session)
      reply.integer(0)
      return
    }
    const { buf, starts, ends } = args
    const search = { isBackward: false, matchesMax: 1, comparedMax: Infinity }
    const [pivot] = findMatches(context, args, 3, list, search, 'index')
    if (pivot === undefined) {
      endWalk(session)
      reply.integer(-1)
      return
    }
    const index = pivot + (isAfter ? 1 : 0)
    const size = args.size(4) + MEMBER_OVERHEAD
    if (index === list.count) {
      keyspace.begin(size)
      pushRight(keyspace, list, buf, starts[4]!, ends[4]!)
    } else {
      const insertion = planInsertion(keyspace, list, index)
      keyspace.begin(size + insertion.size)
      insertItem(keyspace, list, insertion, buf, starts[4]!, ends[4]!)
    }
    endWalk(session)
    keyspace.changed(list)
    keyspace.onReady(buf, starts[1]!, ends[1]!)
    reply.integer(list.count)
  },
  valuesSize: (foresight, args) => insertedSize(foresight, args, 4),
  itemsRead: () => ALL_ITEMS,
}

function isAfterArgument(args: Args, i: number): boolean {
  if (args.equalsIgnoreCase(i, 'AFTER')) return true
  if (args.equalsIgnoreCase(i, 'BEFORE')) return false
  throw new ReplyError(ERR.syntax)
}
