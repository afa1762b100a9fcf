import { removeItem } from '../../models/lists/list-edits.js'
import type { ListState } from '../../models/lists/list-state.js'
import { checkLoaded, itemRecord } from '../../models/lists/list-values.js'
import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { removedSize } from './list-foresight.js'
import { countArgument, foreseenNumber, itemsAt, keySize, listOf, OF_LIST, type Side } from './list.js'

export const lpop: Command = {
  ...OF_LIST,
  name: 'lpop',
  code: 204,
  arity: -2,
  flags: ['write', 'fast'],
  since: '1.0.0',
  summary: 'Removes and returns the first item of a list, or so many.',
  run(context, args) {
    pop(context, args, 'left')
  },
  valuesSize: (foresight, args) => removedSize(foresight, args, 1, foreseenCount(args)),
  itemsRead: (args) => itemsAt('left', foreseenCount(args)),
  frees: true,
}

export const rpop: Command = {
  ...lpop,
  name: 'rpop',
  code: 205,
  summary: 'Removes and returns the last item of a list, or so many.',
  run(context, args) {
    pop(context, args, 'right')
  },
  itemsRead: (args) => itemsAt('right', foreseenCount(args)),
}

function foreseenCount(args: Args): number {
  return args.count === 3 ? foreseenNumber(args, 2) : 1
}

function pop(context: Context, args: Args, side: Side): void {
  const { keyspace, reply } = context
  if (args.count > 3) throw new ReplyError(ERR.arity(side === 'left' ? 'lpop' : 'rpop'))
  const hasCount = args.count === 3
  const count = hasCount ? countArgument(args, 2, 0, 'ERR value is out of range, must be positive') : 1
  const list = listOf(keyspace, args, 1)
  if (list === null) {
    if (hasCount) reply.nilArray()
    else reply.nil()
    return
  }
  if (hasCount) {
    popMany(context, args, 1, list, side, count)
    return
  }
  popOne(context, args, 1, list, side)
}

/** Removes an item from the list that the key in argument `i`, found last, has, and replies with it. */
export function popOne({ keyspace, reply }: Context, args: Args, i: number, list: ListState, side: Side): void {
  const { items } = list
  items.seek(side === 'left' ? 0 : items.count - 1)
  const record = itemRecord(keyspace.log, items)
  keyspace.beginRemoving(keySize(args, i) + MEMBER_OVERHEAD)
  keyspace.journal?.takes(side)
  reply.bulk(record.bytes, record.valueStart, record.valueEnd)
  if (items.count === 1) keyspace.remove(args.buf, args.starts[i]!, args.ends[i]!)
  else {
    removeItem(keyspace, list)
    keyspace.changed(list)
  }
}

/**
 * Removes so many items, or all that there are, from the list that the key in argument `i`, found last, has, and replies with them, beginning
 * at the end that they are taken from.
 */
export function popMany(context: Context, args: Args, i: number, list: ListState, side: Side, count: number): void {
  const { keyspace, reply } = context
  const { items } = list
  const taken = Math.min(count, items.count)
  if (taken === 0) {
    reply.emptyArray()
    return
  }
  const first = side === 'left' ? 0 : items.count - taken
  checkLoaded(keyspace.log, items, first, first + taken)
  keyspace.beginRemoving(keySize(args, i) + taken * MEMBER_OVERHEAD)
  reply.array(taken)
  items.seek(side === 'left' ? 0 : items.count - 1)
  for (let n = 0; n < taken; n++) {
    const record = itemRecord(keyspace.log, items)
    reply.bulk(record.bytes, record.valueStart, record.valueEnd)
    if (side === 'left') items.next()
    else items.previous()
  }
  removeEnd(context, args, i, list, side, taken)
}

/**
 * Removes so many items from an end of the list that the key in argument `i`, found last, has: all of them with the key. The size of
 * the tombstones must have been promised.
 */
export function removeEnd(
  { keyspace }: Context,
  { buf, starts, ends }: Args,
  i: number,
  list: ListState,
  side: Side,
  count: number,
): void {
  const { items } = list
  keyspace.journal?.takes(side)
  if (count === items.count) {
    keyspace.remove(buf, starts[i]!, ends[i]!)
    return
  }
  for (let n = 0; n < count; n++) {
    items.seek(side === 'left' ? 0 : items.count - 1)
    removeItem(keyspace, list)
  }
  keyspace.changed(list)
}
