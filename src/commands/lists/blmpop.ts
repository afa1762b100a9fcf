import { keysCountedAt } from '../keys-of.js'
import { secondsArgument } from '../blocking/timeout-argument.js'
import { waitFor } from '../blocking/wait.js'
import type { Command } from '../command.js'
import { awaitedList } from './list.js'
import { parsePop, popOf, popOfFirst, poppedItems, poppedSize } from './lmpop.js'

export const blmpop: Command = {
  name: 'blmpop',
  code: 234,
  arity: -5,
  flags: ['write', 'blocking', 'movablekeys'],
  findKeys: keysCountedAt(2),
  group: 'list',
  since: '7.0.0',
  summary:
    'Removes and returns items from an end of the first of several lists that is there; waits where there is none.',
  run(context, args) {
    const request = parsePop(args, 2)
    const timeoutMs = secondsArgument(args, 1)
    if (popOfFirst(context, args, request)) return
    const { first, end } = request
    waitFor(context, args, {
      ...{ command: blmpop, timeoutMs, isConsumer: true, finds: 'array' },
      keys: Array.from({ length: end - first }, (_, i) => first + i),
      attempt: (context, args, i) => {
        const list = awaitedList(context.keyspace, args, i)
        if (list === null) return false
        popOf(context, args, i, list, request)
        return true
      },
    })
  },
  valuesSize: (foresight, args) => poppedSize(foresight, blmpop, args),
  itemsRead: poppedItems,
  frees: true,
}
