import type { Args } from '../../protocol/resp/args.js'
import { waitFor, type Attempt } from '../blocking/wait.js'
import type { Command, Context } from '../command.js'
import type { ReadRequest } from './read-request.js'

/** A read that has found nothing replies nil, or waits where BLOCK is given. All that wait see what comes: none takes it from the others. */
export function waitForStreams(
  context: Context,
  args: Args,
  command: Command,
  { firstKey, keyCount, timeoutMs }: Pick<ReadRequest, 'firstKey' | 'keyCount' | 'timeoutMs'>,
  attempt: Attempt,
): void {
  if (timeoutMs < 0) {
    context.reply.nilArray()
    return
  }
  const keys = Array.from({ length: keyCount }, (_, i) => firstKey + i)
  waitFor(context, args, { command, keys, timeoutMs, isConsumer: false, finds: 'array', attempt })
}

/** The same request for one of its keys alone. */
export function oneOf(request: ReadRequest, key: number): ReadRequest {
  return { ...request, firstKey: key, keyCount: 1 }
}
