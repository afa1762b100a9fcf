import { insertItem, planInsertion, pushRight } from '../../models/lists/list-edits.js'
import { ItemSearch } from '../../models/lists/list-values.js'
import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { insertedSize } from './list-foresight.js'
import { ALL_ITEMS, listOf, OF_LIST } from './list.js'

export const linsert: Command = {
  ...OF_LIST,
  name: 'linsert',
  code: 211,
  arity: 5,
  flags: ['write', 'denyoom'],
  since: '2.2.0',
  summary: 'Adds an item in front of or behind the first one of a list that has a value; returns how many it has.',
  run({ keyspace, reply }, args) {
    const isAfter = isAfterArgument(args, 2)
    const list = listOf(keyspace, args, 1)
    if (list === null) {
      reply.integer(0)
      return
    }
    const { buf, starts, ends } = args
    const search = new ItemSearch(keyspace.log, list.items, buf, starts[3]!, ends[3]!, false)
    if (!search.next()) {
      reply.integer(-1)
      return
    }
    const index = search.index + (isAfter ? 1 : 0)
    const size = args.size(4) + MEMBER_OVERHEAD
    if (index === list.count) {
      keyspace.begin(size)
      pushRight(keyspace, list, buf, starts[4]!, ends[4]!)
    } else {
      const insertion = planInsertion(keyspace, list, index)
      keyspace.begin(size + insertion.size)
      insertItem(keyspace, list, insertion, buf, starts[4]!, ends[4]!)
    }
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
