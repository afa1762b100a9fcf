import { checkLoaded, itemRecord } from '../../models/lists/list-values.js'
import { integerArgument } from '../arguments.js'
import type { Command } from '../command.js'
import { ALL_ITEMS, foreseenNumber, fromBeginning, itemsAt, listOf, OF_LIST } from './list.js'

export const llen: Command = {
  ...OF_LIST,
  name: 'llen',
  code: 206,
  arity: 2,
  flags: ['readonly', 'fast'],
  since: '1.0.0',
  summary: 'Returns how many items a list has.',
  run({ keyspace, reply }, args) {
    reply.integer(listOf(keyspace, args, 1)?.count ?? 0)
  },
}

export const lindex: Command = {
  ...OF_LIST,
  name: 'lindex',
  code: 207,
  arity: 3,
  flags: ['readonly'],
  since: '1.0.0',
  summary: 'Returns the item at an index of a list, counted from the end where negative.',
  run({ keyspace, reply }, args) {
    const list = listOf(keyspace, args, 1)
    // As in Redis, where there is no list the index is not looked at.
    if (list === null || !list.items.seek(fromBeginning(integerArgument(args, 2), list.count))) {
      reply.nil()
      return
    }
    const record = itemRecord(keyspace.log, list.items)
    reply.bulk(record.bytes, record.valueStart, record.valueEnd)
  },
  itemsRead(args) {
    const index = foreseenNumber(args, 2)
    return index < 0 ? itemsAt('right', -index) : itemsAt('left', index + 1)
  },
}

export const lrange: Command = {
  ...OF_LIST,
  name: 'lrange',
  code: 208,
  arity: 4,
  flags: ['readonly'],
  since: '1.0.0',
  summary: 'Returns the items of a list from an index to another, both counted from the end where negative.',
  run({ keyspace, reply }, args) {
    const from = integerArgument(args, 2)
    const to = integerArgument(args, 3)
    const list = listOf(keyspace, args, 1)
    const count = list?.count ?? 0
    const first = Math.max(0, fromBeginning(from, count))
    const end = Math.min(count, fromBeginning(to, count) + 1)
    if (list === null || first >= end) {
      reply.emptyArray()
      return
    }
    const { items } = list
    checkLoaded(keyspace.log, items, first, end)
    reply.array(end - first)
    items.seek(first)
    for (let index = first; index < end; index++, items.next()) {
      const record = itemRecord(keyspace.log, items)
      reply.bulk(record.bytes, record.valueStart, record.valueEnd)
    }
  },
  itemsRead(args) {
    const from = foreseenNumber(args, 2)
    const to = foreseenNumber(args, 3)
    if (to >= 0) return itemsAt('left', to + 1)
    return from < 0 ? itemsAt('right', -from) : ALL_ITEMS
  },
}
