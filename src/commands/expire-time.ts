import type { Args } from '../protocol/resp/args.js'
import { ERR, ReplyError } from './command.js'

/** Times beyond this are refused, as Redis refuses what overflows its milliseconds; safe integers end a little earlier. */
const TIME_MAX = Number.MAX_SAFE_INTEGER
const INT64_MIN = -(2n ** 63n)

/**
 * Reads argument `i` as a time in units of `scale` ms after `base`, in ms since 1970, for options whose time must be
 * positive.
 */
export function expireTime(args: Args, i: number, scale: number, base: number, command: string): number {
  const value = timeArgument(args, i)
  if (value <= 0) throw new ReplyError(ERR.invalidExpire(command))
  return inRange(value * scale + base, command)
}

/** As {@link expireTime}, where times that have passed are allowed, those before all that a number can say among them. */
export function anyExpireTime(args: Args, i: number, scale: number, base: number, command: string): number {
  const time = timeArgument(args, i) * scale + base
  const isLongPast = time < -TIME_MAX && args.bigint(i)! * BigInt(scale) >= INT64_MIN
  return isLongPast ? -TIME_MAX : inRange(time, command)
}

function timeArgument(args: Args, i: number): number {
  const value = args.integer(i)
  if (!Number.isNaN(value)) return value
  const big = args.bigint(i)
  if (big === null) throw new ReplyError(ERR.notInteger)
  return Number(big)
}

function inRange(time: number, command: string): number {
  if (Math.abs(time) > TIME_MAX) throw new ReplyError(ERR.invalidExpire(command))
  return time
}
