import { ColdRead } from '../../models/cold.js'
import { checkLoaded, itemRecord } from '../../models/lists/list-values.js'
import { integerArgument } from '../arguments.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command, Context } from '../command.js'
import { REPLY_GOES_ON } from '../partial-reply.js'
import { giveNext } from '../keys/key-walk.js'
import { ALL_ITEMS, foreseenNumber, fromBeginning, itemsAt, listOf, OF_LIST } from './list.js'
import { endWalk, RANGE_SLICE_COUNT, readOn, walkOf } from './range-walk.js'

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
  run(context, args) {
    const { reply, session } = context
    if (session.walk?.isOver === true) {
      giveNext(session, reply, session.walk)
      return
    }
    try {
      range(context, args)
    } catch (error) {
      // What has begun ends where it fails.
      if (error !== REPLY_GOES_ON && !(error instanceof ColdRead)) endWalk(session)
      throw error
    }
  },
  itemsRead(args) {
    const from = foreseenNumber(args, 2)
    const to = foreseenNumber(args, 3)
    if (to >= 0) return itemsAt('left', to + 1)
    return from < 0 ? itemsAt('right', -from) : ALL_ITEMS
  },
}

function range(context: Context, args: Args): void {
  const { keyspace, reply, session } = context
  const from = integerArgument(args, 2)
  const to = integerArgument(args, 3)
  const list = listOf(keyspace, args, 1)
  const count = list?.count ?? 0
  const first = Math.max(0, fromBeginning(from, count))
  const end = Math.min(count, fromBeginning(to, count) + 1)
  if (list === null || first >= end) {
    endWalk(session)
    reply.emptyArray()
    return
  }
  const mayWalk = session.queue === null && session.replyMode === 'on'
  if (mayWalk && keyspace.log.hasCold && end - first > RANGE_SLICE_COUNT) {
    const walk = walkOf(session, list, first)
    if (!walk.isGivenUp) {
      readOn(context, walk, list, end)
      giveNext(session, reply, walk)
      return
    }
  }
  const { items } = list
  checkLoaded(keyspace.log, items, first, end)
  endWalk(session)
  reply.array(end - first)
  items.seek(first)
  for (let index = first; index < end; index++, items.next()) {
    const record = itemRecord(keyspace.log, items)
    reply.bulk(record.bytes, record.valueStart, record.valueEnd)
  }
}
