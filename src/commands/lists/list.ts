import type { Keyspace } from '../../models/keyspace.js'
import { KIND, RECORD_OVERHEAD } from '../../models/kinds.js'
import { ListState } from '../../models/lists/list-state.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type ItemRange } from '../command.js'

/** What each list command that is about one key has in common. */
export const OF_LIST = { keys: { first: 1, last: 1, step: 1 }, group: 'list' } as const

/** An end of a list. */
export type Side = 'left' | 'right'

/**
 * The list that the key in argument `i` has; null where that is missing.
 * @throws FlinError WRONG_TYPE when it has something else
 */
export function listOf(keyspace: Keyspace, { buf, starts, ends }: Args, i: number): ListState | null {
  const object = keyspace.findObject(KIND.list, buf, starts[i]!, ends[i]!)
  return object instanceof ListState ? object : null
}

/** As {@link listOf} for who waits for a list: null also where the key has something else. */
export function awaitedList(keyspace: Keyspace, { buf, starts, ends }: Args, i: number): ListState | null {
  if (!keyspace.find(buf, starts[i]!, ends[i]!)) return null
  const object = keyspace.foundObject
  return object instanceof ListState ? object : null
}

/** Gives the key in argument `i`, looked for last and missing, an empty list, which must not stay so. */
export function createList(keyspace: Keyspace, { buf, starts, ends }: Args, i: number): ListState {
  const object = keyspace.createObject(KIND.list, buf, starts[i]!, ends[i]!)
  if (!(object instanceof ListState)) throw new TypeError('what was created is no list')
  return object
}

/** Bytes of the records that a key is given, or loses, beside those of items. */
export function keySize(args: Args, i: number): number {
  return (args.size(i) + RECORD_OVERHEAD) * 3
}

/** For `itemsRead` of a command: all items. */
export const ALL_ITEMS: ItemRange = { left: Infinity, right: 0 }

/** For `itemsRead` of a command: so many at one end. */
export function itemsAt(side: Side, count: number): ItemRange {
  return side === 'left' ? { left: count, right: 0 } : { left: 0, right: count }
}

/** Argument `i` as a number where it does not matter yet that it is wrong: 0 then. */
export function foreseenNumber(args: Args, i: number): number {
  return Number(args.bigint(i) ?? 0)
}

/** Argument `i` as an end of a list. @throws ReplyError when it is none */
export function sideArgument(args: Args, i: number): Side {
  if (args.equalsIgnoreCase(i, 'LEFT')) return 'left'
  if (args.equalsIgnoreCase(i, 'RIGHT')) return 'right'
  throw new ReplyError(ERR.syntax)
}

/** Argument `i` as a number that is not below `min`. @throws ReplyError with the text where it is none */
export function countArgument(args: Args, i: number, min: number, text: string): number {
  const value = args.bigint(i)
  if (value === null || value < min) throw new ReplyError(text)
  return Number(value)
}

/** An index from the beginning, whether it was counted from there or, negative, from the end. */
export function fromBeginning(index: number, count: number): number {
  return index < 0 ? index + count : index
}
