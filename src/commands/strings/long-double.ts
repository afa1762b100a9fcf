/**
 * The arithmetic of INCRBYFLOAT: Redis adds in the 80-bit extended format of x86 and prints 17 digits behind the point. The
 * same here in integers, so that results agree to the last digit: a number is `mantissa * 2^exponent` with at most 64 bits of
 * mantissa, rounded half to even.
 */
export interface LongDouble {
  readonly mantissa: bigint
  readonly exponent: number
}

const MANTISSA_BITS = 64
const MANTISSA_END = 1n << 64n
const DIGITS = 17
/** Numbers of the format have their highest bit below the second of these, and not below the first. */
const EXPONENT_START = -16445
const EXPONENT_END = 16384
/** A decimal exponent beyond this is out of range whatever it stands behind. */
const DECIMAL_EXPONENT_MAX = 6000

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,6}))?$/i

/** Reads a decimal as strtold does, without its hexadecimal and its infinities; null when it is none, or out of range. */
export function parseLongDouble(text: string): LongDouble | null {
  const match = DECIMAL.exec(text)
  if (match === null) return null
  const [, sign, whole = '', fraction = '', power = '0'] = match
  if (whole === '' && fraction === '') return null
  const scale = Number(power) - fraction.length
  let value = BigInt(whole + fraction)
  if (value === 0n) return { mantissa: 0n, exponent: 0 }
  if (Math.abs(scale) > DECIMAL_EXPONENT_MAX + whole.length + fraction.length) return null
  let exponent = 0
  let isInexact = false
  if (scale >= 0) value *= 10n ** BigInt(scale)
  else {
    // Divided with so many bits more that the quotient has all bits that count, and one more says whether there was a rest.
    const divisor = 10n ** BigInt(-scale)
    const shift = Math.max(0, bitCount(divisor) - bitCount(value) + MANTISSA_BITS + 2)
    const dividend = value << BigInt(shift)
    value = dividend / divisor
    isInexact = dividend % divisor !== 0n
    exponent = -shift
  }
  const rounded = round(sign === '-' ? -value : value, exponent, isInexact)
  return isInRange(rounded) ? rounded : null
}

/** The sum; null when it is not finite. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | null {
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent))
  const rounded = round(sum, exponent, false)
  return topOf(rounded) <= EXPONENT_END ? rounded : null
}

/** Digits as `%.17Lf` writes them, without the zeroes at the end. */
export function longDoubleText({ mantissa, exponent }: LongDouble): string {
  const isNegative = mantissa < 0n
  const magnitude = isNegative ? -mantissa : mantissa
  const scaled = magnitude * 10n ** BigInt(DIGITS)
  const digits = exponent >= 0 ? scaled << BigInt(exponent) : divideRounded(scaled, -exponent, false)
  const text = digits.toString().padStart(DIGITS + 1, '0')
  const fraction = text.slice(-DIGITS).replace(/0+$/, '')
  const whole = text.slice(0, -DIGITS)
  const unsigned = fraction === '' ? whole : `${whole}.${fraction}`
  return isNegative && unsigned !== '0' ? `-${unsigned}` : unsigned
}

function round(value: bigint, exponent: number, isInexact: boolean): LongDouble {
  const isNegative = value < 0n
  const magnitude = isNegative ? -value : value
  const excess = bitCount(magnitude) - MANTISSA_BITS
  if (excess <= 0) return { mantissa: value, exponent }
  let mantissa = divideRounded(magnitude, excess, isInexact)
  let shift = excess
  if (mantissa === MANTISSA_END) {
    // Rounded up to the next power of two, which is one bit longer.
    mantissa >>= 1n
    shift++
  }
  return { mantissa: isNegative ? -mantissa : mantissa, exponent: exponent + shift }
}

/** `value / 2^bits`, half to even; `isInexact`: the value is a little larger than it says. */
function divideRounded(value: bigint, bits: number, isInexact: boolean): bigint {
  const shift = BigInt(bits)
  const quotient = value >> shift
  const rest = value - (quotient << shift)
  const half = 1n << (shift - 1n)
  const isUp = rest > half || (rest === half && (isInexact || (quotient & 1n) === 1n))
  return isUp ? quotient + 1n : quotient
}

function isInRange(value: LongDouble): boolean {
  const top = topOf(value)
  return top > EXPONENT_START && top <= EXPONENT_END
}

/** Behind the highest bit. */
function topOf({ mantissa, exponent }: LongDouble): number {
  return bitCount(mantissa < 0n ? -mantissa : mantissa) + exponent
}

function bitCount(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}
