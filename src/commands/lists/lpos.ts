import { ItemSearch } from '../../models/lists/list-values.js'
import type { Args } from '../../protocol/resp/args.js'
import { integerArgument } from '../arguments.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { INT64_MIN } from '../strings/add.js'
import { ALL_ITEMS, countArgument, listOf, OF_LIST } from './list.js'

interface Options {
  /** The first match that counts, from 1 on. */
  readonly rank: number
  readonly isBackward: boolean
  /** How many are wanted, 0: all; null: one, and not in an array. */
  readonly count: number | null
  /** Items to look at; 0: all. */
  readonly lengthMax: number
}

export const lpos: Command = {
  ...OF_LIST,
  name: 'lpos',
  code: 209,
  arity: -3,
  flags: ['readonly'],
  since: '6.0.6',
  summary: 'Returns the index of the first item of a list that has a value, or those of more of them.',
  run({ keyspace, reply }, args) {
    const options = parse(args)
    const list = listOf(keyspace, args, 1)
    const found: number[] = []
    if (list !== null) {
      const { rank, isBackward, lengthMax } = options
      const wanted = options.count === 0 ? Infinity : (options.count ?? 1)
      const search = new ItemSearch(keyspace.log, list.items, args.buf, args.starts[2]!, args.ends[2]!, isBackward)
      for (let matches = 1; found.length < wanted && search.next(lengthMax === 0 ? Infinity : lengthMax); matches++) {
        if (matches >= rank) found.push(search.index)
      }
    }
    if (options.count !== null) {
      reply.array(found.length)
      for (const index of found) reply.integer(index)
    } else if (found.length === 0) reply.nil()
    else reply.integer(found[0]!)
  },
  itemsRead: () => ALL_ITEMS,
}

function parse(args: Args): Options {
  let rank = 1
  let count: number | null = null
  let lengthMax = 0
  for (let i = 3; i < args.count; i += 2) {
    const hasMore = i + 1 < args.count
    if (hasMore && args.equalsIgnoreCase(i, 'RANK')) rank = rankArgument(args, i + 1)
    else if (hasMore && args.equalsIgnoreCase(i, 'COUNT')) {
      count = countArgument(args, i + 1, 0, "ERR COUNT can't be negative")
    } else if (hasMore && args.equalsIgnoreCase(i, 'MAXLEN')) {
      lengthMax = countArgument(args, i + 1, 0, "ERR MAXLEN can't be negative")
    } else throw new ReplyError(ERR.syntax)
  }
  return { rank: Math.abs(rank), isBackward: rank < 0, count, lengthMax }
}

function rankArgument(args: Args, i: number): number {
  const rank = integerArgument(args, i)
  if (rank === 0) {
    throw new ReplyError(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
    )
  }
  // This one has no opposite: Redis takes it for the last match.
  return args.bigint(i) === INT64_MIN ? -1 : rank
}
