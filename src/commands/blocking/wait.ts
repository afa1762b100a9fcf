import type { Args } from '../../protocol/resp/args.js'
import type { Command, Context } from '../command.js'
import { keyName } from '../keys-of.js'

/** What a request waits for that has found nothing. */
export interface Wait {
  readonly command: Command
  /** The request, in memory of its own. */
  readonly args: Args
  /** The keys that it waits for, each once, in the order of the arguments, and the number of the argument. */
  readonly keys: ReadonlyMap<string, number>
  /** For so long, in ms; 0: for ever. */
  readonly timeoutMs: number
  /** It takes what it finds: where one finds nothing, nobody behind it does. */
  readonly isConsumer: boolean
  readonly attempt: Attempt
}

/**
 * Tries again with the key in argument `i`, to which something has happened: replies and returns true, also with what it throws,
 * or does nothing and returns false. Whatever is wrong with the key itself (it is absent, or of another type) is nothing to reply
 * to, unless it ends the waiting. Looks up before it writes, as commands do: it may throw ColdRead.
 */
export type Attempt = (context: Context, args: Args, i: number) => boolean

/** How a request waits. */
export interface WaitOptions {
  readonly command: Command
  /** Numbers of the arguments that are the keys to wait for. */
  readonly keys: Iterable<number>
  readonly timeoutMs: number
  readonly isConsumer: boolean
  readonly attempt: Attempt
  /** What it would have replied had it found something: tells which nil it gets inside a transaction, where nobody waits. */
  readonly finds: 'bulk' | 'array'
}

/**
 * The running request has found nothing: it gets its reply later, from `attempt`, or nil when its time is up. To be called last,
 * before anything was written.
 */
export function waitFor({ session, reply }: Context, args: Args, options: WaitOptions): void {
  const { command, timeoutMs, isConsumer, attempt } = options
  if (session.queue !== null) {
    if (options.finds === 'bulk') reply.nil()
    else reply.nilArray()
    return
  }
  const keys = new Map<string, number>()
  for (const i of options.keys) {
    const name = keyName(args, i)
    if (!keys.has(name)) keys.set(name, i)
  }
  session.block({ command, args: args.copy(), keys, timeoutMs, isConsumer, attempt })
}
