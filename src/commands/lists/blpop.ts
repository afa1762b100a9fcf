import type { ListState } from '../../models/lists/list-state.js'
import type { Args } from '../../protocol/resp/args.js'
import { secondsArgument } from '../blocking/timeout-argument.js'
import { waitFor } from '../blocking/wait.js'
import type { Command, Context } from '../command.js'
import { forEachKey } from '../keys-of.js'
import { removedSize } from './list-foresight.js'
import { awaitedList, itemsAt, listOf, type Side } from './list.js'
import { popOne } from './pop.js'

export const blpop: Command = {
  name: 'blpop',
  code: 230,
  arity: -3,
  flags: ['write', 'noscript', 'blocking'],
  keys: { first: 1, last: -2, step: 1 },
  group: 'list',
  since: '2.0.0',
  summary:
    'Removes and returns the first item of the first of several lists that is there, with its key; waits where there is none.',
  run(context, args) {
    popOrWait(context, args, blpop, 'left')
  },
  valuesSize(foresight, args) {
    let most = 0
    forEachKey(blpop, args, (i) => {
      most = Math.max(most, removedSize(foresight, args, i, 1))
    })
    return most
  },
  itemsRead: () => itemsAt('left', 1),
  frees: true,
}

export const brpop: Command = {
  ...blpop,
  name: 'brpop',
  code: 231,
  summary:
    'Removes and returns the last item of the first of several lists that is there, with its key; waits where there is none.',
  run(context, args) {
    popOrWait(context, args, brpop, 'right')
  },
  itemsRead: () => itemsAt('right', 1),
}

function popOrWait(context: Context, args: Args, command: Command, side: Side): void {
  const timeoutMs = secondsArgument(args, args.count - 1)
  const keys: number[] = []
  for (let i = 1; i < args.count - 1; i++) {
    const list = listOf(context.keyspace, args, i)
    if (list !== null) {
      popWithKey(context, args, i, list, side)
      return
    }
    keys.push(i)
  }
  waitFor(context, args, {
    ...{ command, keys, timeoutMs, isConsumer: true, finds: 'array' },
    attempt: (context, args, i) => {
      const list = awaitedList(context.keyspace, args, i)
      if (list === null) return false
      popWithKey(context, args, i, list, side)
      return true
    },
  })
}

function popWithKey(context: Context, args: Args, i: number, list: ListState, side: Side): void {
  const { reply } = context
  reply.array(2)
  reply.bulk(args.buf, args.starts[i]!, args.ends[i]!)
  popOne(context, args, i, list, side)
}
