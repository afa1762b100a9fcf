import type { Args } from '../../protocol/resp/args.js'
import { integerArgument } from '../arguments.js'
import { ERR, ReplyError } from '../command.js'

/** Argument `i` as a number that is kept: beyond 2^53 it is refused. @throws ReplyError */
export function countArgument(args: Args, i: number): number {
  const value = integerArgument(args, i)
  if (!Number.isSafeInteger(value)) throw new ReplyError(ERR.notInteger)
  return value
}

/** Argument `i` as an integer, about right beyond 2^53. @param fault what is said when it is none @throws ReplyError */
export function integerOr(args: Args, i: number, fault: string): number {
  const value = args.integer(i)
  if (!Number.isNaN(value)) return value
  const big = args.bigint(i)
  if (big === null) throw new ReplyError(fault)
  return Number(big)
}

/** For foresight: the largest of the numbers that COUNT may be given from argument `from` on, whatever is wrong with others; 0: none. */
export function foreseenCount(args: Args, from: number): number {
  let count = 0
  for (let i = from; i + 1 < args.count; i++) {
    const given = args.equalsIgnoreCase(i, 'COUNT') ? args.integer(i + 1) : NaN
    if (!Number.isNaN(given)) count = Math.max(count, given)
  }
  return count
}
