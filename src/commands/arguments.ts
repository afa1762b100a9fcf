import type { Args } from '../protocol/resp/args.js'
import { ERR, ReplyError } from './command.js'

/**
 * Argument `i` as a number; beyond 2^53 it is only about right, which is enough where such a number is out of any range.
 * @throws ReplyError when it is no int64.
 */
export function integerArgument(args: Args, i: number): number {
  const value = args.integer(i)
  if (!Number.isNaN(value)) return value
  const big = args.bigint(i)
  if (big === null) throw new ReplyError(ERR.notInteger)
  return Number(big)
}
