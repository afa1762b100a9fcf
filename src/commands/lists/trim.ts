import { removeItem } from '../../models/lists/list-edits.js'
import { ItemSearch } from '../../models/lists/list-values.js'
import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import { integerArgument } from '../arguments.js'
import type { Command } from '../command.js'
import { removedSize } from './list-foresight.js'
import { ALL_ITEMS, foreseenNumber, fromBeginning, keySize, listOf, OF_LIST } from './list.js'
import { removeEnd } from './pop.js'

export const ltrim: Command = {
  ...OF_LIST,
  name: 'ltrim',
  code: 212,
  arity: 4,
  flags: ['write'],
  since: '1.0.0',
  summary: 'Removes all items of a list but those from an index to another, both counted from the end where negative.',
  run(context, args) {
    const { keyspace, reply } = context
    const from = integerArgument(args, 2)
    const to = integerArgument(args, 3)
    const list = listOf(keyspace, args, 1)
    if (list !== null) {
      const { count } = list
      const first = Math.max(0, fromBeginning(from, count))
      const end = Math.min(count, fromBeginning(to, count) + 1)
      const left = first >= end ? count : first
      const right = first >= end ? 0 : count - end
      keyspace.beginRemoving(keySize(args, 1) + (left + right) * MEMBER_OVERHEAD)
      removeEnd(context, args, 1, list, 'left', left)
      if (right > 0) removeEnd(context, args, 1, list, 'right', right)
    }
    reply.ok()
  },
  valuesSize(foresight, args) {
    const { count } = foresight.listOf(args, 1)
    const first = Math.max(0, fromBeginning(foreseenNumber(args, 2), count))
    const behind = count - 1 - fromBeginning(foreseenNumber(args, 3), count)
    return removedSize(foresight, args, 1, first + Math.max(0, behind))
  },
  itemsRead(args) {
    const from = foreseenNumber(args, 2)
    const to = foreseenNumber(args, 3)
    const left = Math.max(from, 0) + Math.max(to + 1, 0)
    return { left, right: Math.max(-from, 0) + Math.max(-to - 1, 0) }
  },
  frees: true,
}

export const lrem: Command = {
  ...OF_LIST,
  name: 'lrem',
  code: 213,
  arity: 4,
  flags: ['write'],
  since: '1.0.0',
  summary:
    'Removes the first items of a list that have a value, so many, the last ones where negative, all where 0; returns how many it removed.',
  run({ keyspace, reply }, args) {
    const wanted = integerArgument(args, 2)
    const list = listOf(keyspace, args, 1)
    if (list === null) {
      reply.integer(0)
      return
    }
    const { buf, starts, ends } = args
    const { items } = list
    const search = new ItemSearch(keyspace.log, items, buf, starts[3]!, ends[3]!, wanted < 0)
    const countMax = wanted === 0 ? Infinity : Math.abs(wanted)
    const orders: number[] = []
    while (orders.length < countMax && search.next()) orders.push(items.order)
    if (orders.length > 0) {
      keyspace.beginRemoving(keySize(args, 1) + orders.length * MEMBER_OVERHEAD)
      if (orders.length === items.count) keyspace.remove(buf, starts[1]!, ends[1]!)
      else {
        for (const order of orders) {
          items.find(order)
          removeItem(keyspace, list)
        }
        keyspace.changed(list)
      }
    }
    reply.integer(orders.length)
  },
  valuesSize(foresight, args) {
    const wanted = Math.abs(foreseenNumber(args, 2))
    return removedSize(foresight, args, 1, wanted === 0 ? Infinity : wanted)
  },
  itemsRead: () => ALL_ITEMS,
  frees: true,
}
