import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Foresight } from '../command.js'

/*
 * What list commands may write within a transaction beside their arguments; see Command.valuesSize.
 */

/** The arguments from `first` to `end` (exclusive) become items of key 1. */
export function addedSize(foresight: Foresight, args: Args, first: number, end: number): number {
  let longest = 0
  let size = 0
  for (let i = first; i < end; i++) {
    longest = Math.max(longest, args.size(i))
    size += args.size(i)
  }
  const overhead = (end - first) * MEMBER_OVERHEAD
  foresight.listOf(args, 1).mayGrow(end - first, longest + MEMBER_OVERHEAD)
  foresight.mayGet(args, 1, foresight.sizeOf(args, 1) + size + overhead)
  return overhead
}

/** So many items at most are removed from the list of the key in argument `i`. */
export function removedSize(foresight: Foresight, args: Args, i: number, count: number): number {
  return Math.min(Math.max(0, count), foresight.listOf(args, i).count) * MEMBER_OVERHEAD
}

/** An item is inserted between others of key 1, which may have to be written again. */
export function insertedSize(foresight: Foresight, args: Args, i: number): number {
  const list = foresight.listOf(args, 1)
  const rewritten = list.mayInsert() ? foresight.sizeOf(args, 1) + 2 * list.count * MEMBER_OVERHEAD : 0
  return rewritten + addedSize(foresight, args, i, i + 1)
}

/** An item moves from key 1 to key 2. */
export function movedSize(foresight: Foresight, args: Args): number {
  const { itemSize } = foresight.listOf(args, 1)
  foresight.listOf(args, 2).mayGrow(1, itemSize)
  foresight.mayGet(args, 2, foresight.sizeOf(args, 2) + itemSize)
  return itemSize + MEMBER_OVERHEAD
}
