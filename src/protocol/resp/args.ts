const INT64_MIN = -0x8000_0000_0000_0000n
const INT64_MAX = 0x7fff_ffff_ffff_ffffn
/** Sign and 19 digits: nothing longer is an int64. */
const INT64_TEXT_MAX = 20
const CAPACITY_MIN = 16

const EMPTY = Buffer.alloc(0)

/**
 * The arguments of one request: views into `buf`, argument `i` being the bytes from `starts[i]` to `ends[i]` (exclusive).
 * They hold only until whoever handed them out goes on; {@link Args.copy} keeps them.
 */
export class Args {
  buf: Buffer = EMPTY
  /** Positions in `buf`; entries at `count` and behind mean nothing. */
  starts: Int32Array
  ends: Int32Array
  count = 0

  constructor(capacity = CAPACITY_MIN) {
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
  }

  /** Size of argument `i` in bytes. */
  size(i: number): number {
    return this.ends[i]! - this.starts[i]!
  }

  /** Argument `i` as a string; bytes that are not UTF-8 become U+FFFD. */
  text(i: number): string {
    return this.buf.toString('utf8', this.starts[i], this.ends[i])
  }

  /** Whether argument `i` is `upperAscii` (A-Z, digits, signs), whatever the case of its letters. Allocates nothing. */
  equalsIgnoreCase(i: number, upperAscii: string): boolean {
    const { buf } = this
    const start = this.starts[i]!
    const size = this.ends[i]! - start
    if (size !== upperAscii.length) return false
    for (let at = 0; at < size; at++) {
      let byte = buf[start + at]!
      if (byte >= 97 && byte <= 122) byte -= 32
      if (byte !== upperAscii.charCodeAt(at)) return false
    }
    return true
  }

  /** Argument `i` as a decimal in the strict form of {@link parseInt64}; NaN when it is none or not a safe integer. */
  integer(i: number): number {
    return parseInteger(this.buf, this.starts[i]!, this.ends[i]!)
  }

  /** Argument `i` as an int64 in the strict form of {@link parseInt64}; null when it is none. */
  bigint(i: number): bigint | null {
    return parseInt64(this.buf, this.starts[i]!, this.ends[i]!)
  }

  /** Makes room for at least one more argument. */
  grow(): void {
    const capacity = Math.max(CAPACITY_MIN, this.starts.length * 2)
    this.starts = resized(this.starts, this.count, capacity)
    this.ends = resized(this.ends, this.count, capacity)
  }

  /** Moves all views `distance` bytes towards the beginning, as the bytes were moved. */
  shift(distance: number): void {
    const { starts, ends, count } = this
    for (let i = 0; i < count; i++) {
      starts[i]! -= distance
      ends[i]! -= distance
    }
  }

  /** The same views into the same bytes, with index arrays of its own that have room to grow. */
  clone(): Args {
    const args = new Args(0)
    args.buf = this.buf
    args.starts = resized(this.starts, this.count, this.count * 2)
    args.ends = resized(this.ends, this.count, this.count * 2)
    args.count = this.count
    return args
  }

  /** A copy with bytes of its own. */
  copy(): Args {
    const args = this.tail(0)
    if (args.count === 0) return args
    // Arguments lie in order, so the first and the last bound the bytes.
    const from = args.starts[0]!
    const to = args.ends[args.count - 1]!
    args.buf = Buffer.allocUnsafeSlow(to - from)
    this.buf.copy(args.buf, 0, from, to)
    args.shift(from)
    return args
  }

  /** The arguments from the `first` on, as views into the same bytes. */
  tail(first: number): Args {
    const args = new Args(0)
    args.buf = this.buf
    args.count = Math.max(0, this.count - first)
    args.starts = this.starts.slice(first, this.count)
    args.ends = this.ends.slice(first, this.count)
    return args
  }
}

function resized(from: Int32Array, count: number, capacity: number): Int32Array {
  const to = new Int32Array(capacity)
  to.set(count === from.length ? from : from.subarray(0, count))
  return to
}

/** As {@link parseInt64} for safe integers, without allocation; NaN for everything else. */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 45
  const first = isNegative ? start + 1 : start
  const size = end - first
  if (size < 1 || size > 16) return NaN
  // No leading zeros; "0" itself is one digit without a sign.
  if (bytes[first] === 48) return size === 1 && !isNegative ? 0 : NaN
  let value = 0
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) return NaN
  return isNegative ? -value : value
}

/**
 * Reads `"0" | ["-"] digit1-9 *digit` within int64, as Redis reads integers: no "+", spaces, leading zeros or "-0". Null
 * when the bytes are anything else.
 */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | null {
  if (end - start > INT64_TEXT_MAX) return null
  const small = parseInteger(bytes, start, end)
  if (!Number.isNaN(small)) return BigInt(small)
  const isNegative = bytes[start] === 45
  const first = isNegative ? start + 1 : start
  if (first >= end || bytes[first] === 48) return null
  let value = 0n
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10n + BigInt(digit)
  }
  if (isNegative) value = -value
  return value < INT64_MIN || value > INT64_MAX ? null : value
}
