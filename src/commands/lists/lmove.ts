import { pushLeft, pushRight, removeItem } from '../../models/lists/list-edits.js'
import { itemRecord } from '../../models/lists/list-values.js'
import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command, Context } from '../command.js'
import { movedSize } from './list-foresight.js'
import { createList, itemsAt, keySize, listOf, sideArgument, type Side } from './list.js'

export const lmove: Command = {
  name: 'lmove',
  code: 214,
  arity: 5,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 2, step: 1 },
  group: 'list',
  since: '6.2.0',
  summary: 'Moves an item from an end of a list to an end of another one, or of the same, and returns it.',
  run(context, args) {
    if (!moveItem(context, args, sideArgument(args, 3), sideArgument(args, 4))) context.reply.nil()
  },
  valuesSize: movedSize,
  itemsRead: (args) => itemsAt(args.equalsIgnoreCase(3, 'LEFT') ? 'left' : 'right', 1),
}

export const rpoplpush: Command = {
  ...lmove,
  name: 'rpoplpush',
  code: 215,
  arity: 3,
  since: '1.2.0',
  summary: 'Moves the last item of a list to the beginning of another one, or of the same, and returns it.',
  run(context, args) {
    if (!moveItem(context, args, 'right', 'left')) context.reply.nil()
  },
  itemsRead: () => itemsAt('right', 1),
}

/** Moves an item from key 1 to key 2 and replies with it. False: there is no list to take one from, and nothing was replied. */
export function moveItem({ keyspace, reply }: Context, args: Args, from: Side, to: Side): boolean {
  const { buf, starts, ends } = args
  const { log } = keyspace
  const source = listOf(keyspace, args, 1)
  if (source === null) return false
  let target = listOf(keyspace, args, 2)
  const { items } = source
  items.seek(from === 'left' ? 0 : items.count - 1)
  const { order } = items
  const { bytes, valueStart, valueEnd } = itemRecord(log, items)
  keyspace.begin(keySize(args, 1) + keySize(args, 2) + valueEnd - valueStart + 2 * MEMBER_OVERHEAD)
  target ??= createList(keyspace, args, 2)
  if (to === 'right') pushRight(keyspace, target, bytes, valueStart, valueEnd)
  else pushLeft(keyspace, target, bytes, valueStart, valueEnd)
  reply.bulk(bytes, valueStart, valueEnd)
  if (target !== source) {
    keyspace.changed(target)
    listOf(keyspace, args, 1)
  }
  keyspace.journal?.takes(from)
  if (items.count === 1) keyspace.remove(buf, starts[1]!, ends[1]!)
  else {
    items.find(order)
    removeItem(keyspace, source)
    keyspace.changed(source)
  }
  keyspace.onReady(buf, starts[2]!, ends[2]!)
  return true
}
