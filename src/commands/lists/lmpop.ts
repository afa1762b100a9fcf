import type { ListState } from '../../models/lists/list-state.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context, type Foresight, type ItemRange } from '../command.js'
import { forEachKey, keysCountedAt } from '../keys-of.js'
import { removedSize } from './list-foresight.js'
import { countArgument, foreseenNumber, listOf, sideArgument, type Side } from './list.js'
import { popMany } from './pop.js'

export const lmpop: Command = {
  name: 'lmpop',
  code: 216,
  arity: -4,
  flags: ['write', 'movablekeys'],
  findKeys: keysCountedAt(1),
  group: 'list',
  since: '7.0.0',
  summary: 'Removes and returns items from an end of the first of several lists that is there.',
  run(context, args) {
    if (!popOfFirst(context, args, parsePop(args, 1))) context.reply.nilArray()
  },
  valuesSize: (foresight, args) => poppedSize(foresight, lmpop, args),
  itemsRead: poppedItems,
  frees: true,
}

/** What is to be taken from the first list that is there. */
export interface PopRequest {
  /** Arguments that are keys: from `first` to `end` (exclusive). */
  readonly first: number
  readonly end: number
  readonly side: Side
  readonly count: number
}

/** Reads the arguments from that on which says how many keys follow. @throws ReplyError */
export function parsePop(args: Args, keyCountAt: number): PopRequest {
  const first = keyCountAt + 1
  const end = first + countArgument(args, keyCountAt, 1, 'ERR numkeys should be greater than 0')
  if (end >= args.count) throw new ReplyError(ERR.syntax)
  const side = sideArgument(args, end)
  let count = 1
  if (args.count > end + 1) {
    if (args.count === end + 2 || !args.equalsIgnoreCase(end + 1, 'COUNT')) throw new ReplyError(ERR.syntax)
    count = countArgument(args, end + 2, 1, 'ERR count should be greater than 0')
    if (args.count > end + 3) throw new ReplyError(ERR.syntax)
  }
  return { first, end, side, count }
}

/** Takes items from the first list that is there, and replies with its key and them. False: there is none, and nothing was replied. */
export function popOfFirst(context: Context, args: Args, request: PopRequest): boolean {
  for (let i = request.first; i < request.end; i++) {
    const list = listOf(context.keyspace, args, i)
    if (list === null) continue
    popOf(context, args, i, list, request)
    return true
  }
  return false
}

/** Takes items from the list that the key in argument `i`, found last, has, and replies with the key and them. */
export function popOf(
  context: Context,
  args: Args,
  i: number,
  list: ListState,
  { side, count }: Pick<PopRequest, 'side' | 'count'>,
): void {
  const { reply } = context
  reply.array(2)
  reply.bulk(args.buf, args.starts[i]!, args.ends[i]!)
  popMany(context, args, i, list, side, count)
}

/** For `valuesSize` of a command that takes items from the first list that is there. */
export function poppedSize(foresight: Foresight, command: Command, args: Args): number {
  let most = 0
  forEachKey(command, args, (i) => {
    most = Math.max(most, removedSize(foresight, args, i, foreseenCount(args)))
  })
  return most
}

/** For `itemsRead` of such a command. */
export function poppedItems(args: Args): ItemRange {
  const count = foreseenCount(args)
  return { left: count, right: count }
}

/** COUNT is the last but one argument where it is given at all. */
function foreseenCount(args: Args): number {
  return args.equalsIgnoreCase(args.count - 2, 'COUNT') ? foreseenNumber(args, args.count - 1) : 1
}
