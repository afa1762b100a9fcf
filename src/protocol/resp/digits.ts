/** Numbers from here on are written in two halves: integer arithmetic is for 32 bits. */
const HALF = 1_000_000_000

/** How many decimal digits a safe integer >= 0 has. */
export function digitCount(n: number): number {
  if (n < 10) return 1
  if (n < 100) return 2
  if (n < 1000) return 3
  if (n < 10_000) return 4
  if (n >= HALF) return 9 + digitCount(Math.floor(n / HALF))
  let count = 5
  for (let limit = 100_000; n >= limit; limit *= 10) count++
  return count
}

/** Writes the last `count` decimal digits of a safe integer >= 0 at `at`, zeros first where it has fewer; returns the position behind. */
export function writeDigits(buf: Buffer, at: number, n: number, count: number): number {
  const end = at + count
  if (n >= HALF) {
    writeDigits(buf, at, Math.floor(n / HALF), count - 9)
    return writeDigits(buf, end - 9, n % HALF, 9)
  }
  let rest = n | 0
  for (let to = end - 1; to >= at; to--) {
    const tens = (rest / 10) | 0
    buf[to] = 48 + rest - tens * 10
    rest = tens
  }
  return end
}

/**
 * A double as text: the shortest digits that read back as the same number, laid out as C's `%.17g` lays them out
 * (`0.0001`, `1e-05`, `1e+17`), with Redis's names `inf`, `-inf` and `nan`.
 */
export function doubleText(d: number): string {
  if (Number.isNaN(d)) return 'nan'
  if (!Number.isFinite(d)) return d > 0 ? 'inf' : '-inf'
  const sign = d < 0 || Object.is(d, -0) ? '-' : ''
  const [mantissa, power] = Math.abs(d).toExponential().split('e') as [string, string]
  const digits = mantissa.replace('.', '')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 17) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    const size = String(Math.abs(exponent)).padStart(2, '0')
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${size}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0')
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}
