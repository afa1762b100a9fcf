import type { Keyspace } from '../../models/keyspace.js'
import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { parseInt64, parseInteger } from '../../protocol/resp/args.js'
import { digitCount, writeDigits } from '../../protocol/resp/digits.js'
import { ERR, ReplyError } from '../command.js'

export const INT64_MAX = 0x7fff_ffff_ffff_ffffn
export const INT64_MIN = -0x8000_0000_0000_0000n
/** Numbers up to this stay exact when two are added. */
const SAFE_MAX = Number.MAX_SAFE_INTEGER / 2

const digits = Buffer.alloc(24)

/**
 * Adds to the number that a key holds as decimal text, 0 when it is missing, and keeps its expiry. Returns the sum, a bigint
 * where that may be no safe integer. `small` is the same as `big`, or NaN where that is not exact; `big` may be left out
 * otherwise.
 * @throws ReplyError when the key holds no int64, or the sum is none.
 */
export function add(
  keyspace: Keyspace,
  key: Buffer,
  start: number,
  end: number,
  small: number,
  big: bigint | null,
): number | bigint {
  keyspace.begin((end - start) * 3 + digits.length + RECORD_OVERHEAD * 3)
  let value = 0
  const { record } = keyspace
  const found = keyspace.findString(key, start, end)
  if (found) value = parseInteger(record.bytes, record.valueStart, record.valueEnd)
  if (Math.abs(value) <= SAFE_MAX && Math.abs(small) <= SAFE_MAX) {
    const sum = value + small
    keyspace.put(key, start, end, digits, 0, writeInteger(sum), keyspace.expireAt)
    return sum
  }
  const before = found ? parseInt64(record.bytes, record.valueStart, record.valueEnd) : 0n
  if (before === null) throw new ReplyError(ERR.notInteger)
  const sum = before + (big ?? BigInt(small))
  if (sum > INT64_MAX || sum < INT64_MIN) throw new ReplyError(ERR.overflow)
  keyspace.put(key, start, end, digits, 0, digits.write(String(sum), 'latin1'), keyspace.expireAt)
  return sum
}

/** Writes a decimal into {@link digits} and returns its size. */
function writeInteger(value: number): number {
  let at = 0
  if (value < 0) digits[at++] = 45
  const magnitude = value < 0 ? -value : value
  return writeDigits(digits, at, magnitude, digitCount(magnitude))
}
