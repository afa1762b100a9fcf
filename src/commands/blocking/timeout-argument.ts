import type { Args } from '../../protocol/resp/args.js'
import { ReplyError } from '../command.js'
import { parseLongDouble } from '../strings/long-double.js'

const NEGATIVE = 'ERR timeout is negative'
const INT64_END = 1n << 63n
const MS_PER_S = 1000n
/** Longer texts are no numbers to Redis either. */
const TEXT_SIZE_MAX = 5 * 1024 - 1

/**
 * Argument `i`, seconds with a fraction, in ms, rounded up; 0: for ever. What is more than an int64 holds counts as negative, as
 * it does in Redis.
 * @throws ReplyError
 */
export function secondsArgument(args: Args, i: number): number {
  const seconds = args.integer(i)
  if (Number.isNaN(seconds)) return fractionalSeconds(args.size(i) > TEXT_SIZE_MAX ? '' : args.text(i))
  return inRange(BigInt(seconds) * MS_PER_S)
}

function fractionalSeconds(text: string): number {
  if (/^[+-]?inf(?:inity)?$/i.test(text)) throw new ReplyError(NEGATIVE)
  const value = parseLongDouble(text)
  if (value === null) throw new ReplyError('ERR timeout is not a float or out of range')
  const { mantissa, exponent } = value
  const ms = mantissa * MS_PER_S
  return inRange(exponent >= 0 ? ms << BigInt(exponent) : -(-ms >> BigInt(-exponent)))
}

/**
 * Argument `i` as whole ms; 0: for ever.
 * @throws ReplyError
 */
export function millisecondsArgument(args: Args, i: number): number {
  const ms = args.bigint(i)
  if (ms === null) throw new ReplyError('ERR timeout is not an integer or out of range')
  return inRange(ms)
}

function inRange(ms: bigint): number {
  if (ms < 0n || ms >= INT64_END) throw new ReplyError(NEGATIVE)
  return Number(ms)
}
