import type { Args } from '../../protocol/resp/args.js'
import { secondsArgument } from '../blocking/timeout-argument.js'
import { waitFor } from '../blocking/wait.js'
import type { Command, Context } from '../command.js'
import { lmove, moveItem, rpoplpush } from './lmove.js'
import { awaitedList, sideArgument, type Side } from './list.js'

export const blmove: Command = {
  ...lmove,
  name: 'blmove',
  code: 232,
  arity: 6,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  since: '6.2.0',
  summary:
    'Moves an item from an end of a list to an end of another one, or of the same, and returns it; waits where there is none.',
  run(context, args) {
    moveOrWait(context, args, blmove, sideArgument(args, 3), sideArgument(args, 4))
  },
}

export const brpoplpush: Command = {
  ...rpoplpush,
  name: 'brpoplpush',
  code: 233,
  arity: 4,
  flags: blmove.flags,
  since: '2.2.0',
  summary:
    'Moves the last item of a list to the beginning of another one, or of the same, and returns it; waits where there is none.',
  run(context, args) {
    moveOrWait(context, args, brpoplpush, 'right', 'left')
  },
}

/** The timeout is the last argument. */
function moveOrWait(context: Context, args: Args, command: Command, from: Side, to: Side): void {
  const timeoutMs = secondsArgument(args, args.count - 1)
  if (moveItem(context, args, from, to)) return
  waitFor(context, args, {
    ...{ command, keys: [1], timeoutMs, isConsumer: true, finds: 'bulk' },
    attempt: (context, args) => awaitedList(context.keyspace, args, 1) !== null && moveItem(context, args, from, to),
  })
}
