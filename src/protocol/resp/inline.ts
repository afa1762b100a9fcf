import type { Args } from './args.js'

/*
 * An inline request is a line of words, cut as Redis cuts it:
 *
 *   line    = *space [ word *( 1*space word ) ] *space
 *   word    = 1*( plain | double | single )     a closing quote ends the word: a space or the end of the line must follow
 *   double  = DQUOTE *( "\x" hex hex | "\" octet | octet ) DQUOTE
 *   single  = "'" *( "\'" | octet ) "'"
 *   space   = SP | HT | CR | LF | VT | FF       VT and FF separate only where a word may begin; inside one they are plain
 *
 * Within double quotes \n \r \t \b \a are control characters, "\x41" is a byte, any other escaped octet is itself. Redis
 * takes a zero byte for the end of its string and then waits for a line that never ends; here it is plain.
 */

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const DOUBLE = 34
const SINGLE = 39
const BACKSLASH = 92

/**
 * Cuts the line from `start` to `end` (its line end left off) into `args`. Words lie in `buf` itself unless some are
 * quoted; then `args.buf` is a new buffer. Returns false when quotes are unbalanced.
 */
export function splitInline(args: Args, buf: Buffer, start: number, end: number): boolean {
  args.buf = buf
  args.count = 0
  let at = skipSpaces(buf, start, end)
  while (at < end) {
    const from = at
    while (at < end && !endsWord(buf[at]!)) {
      if (buf[at] === DOUBLE || buf[at] === SINGLE) return splitQuoted(args, buf, start, end)
      at++
    }
    push(args, from, at)
    at = skipSpaces(buf, at, end)
  }
  return true
}

/** Cuts a line that has quotes: its words are written, unquoted, into a buffer of their own. */
function splitQuoted(args: Args, buf: Buffer, start: number, end: number): boolean {
  const words = Buffer.allocUnsafeSlow(end - start)
  args.buf = words
  args.count = 0
  let to = 0
  let at = skipSpaces(buf, start, end)
  while (at < end) {
    const from = to
    while (at < end && !endsWord(buf[at]!)) {
      const quote = buf[at]!
      if (quote !== DOUBLE && quote !== SINGLE) {
        words[to++] = buf[at++]!
        continue
      }
      at++
      for (;;) {
        if (at >= end) return false
        const byte = buf[at]!
        if (byte === quote) break
        if (byte !== BACKSLASH || at + 1 >= end) {
          words[to++] = byte
          at++
        } else if (quote === SINGLE) {
          const isQuote = buf[at + 1] === SINGLE
          words[to++] = isQuote ? SINGLE : BACKSLASH
          at += isQuote ? 2 : 1
        } else {
          const hex = at + 3 < end && buf[at + 1] === 0x78 ? hexByte(buf[at + 2]!, buf[at + 3]!) : -1
          words[to++] = hex >= 0 ? hex : escaped(buf[at + 1]!)
          at += hex >= 0 ? 4 : 2
        }
      }
      at++
      if (at < end && !isSpace(buf[at]!)) return false
      break
    }
    push(args, from, to)
    at = skipSpaces(buf, at, end)
  }
  return true
}

function push(args: Args, start: number, end: number): void {
  if (args.count === args.starts.length) args.grow()
  args.starts[args.count] = start
  args.ends[args.count] = end
  args.count++
}

function skipSpaces(buf: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && isSpace(buf[at]!)) at++
  return at
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR)
}

function endsWord(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === LF || byte === CR
}

function escaped(byte: number): number {
  if (byte === 0x6e) return LF
  if (byte === 0x72) return CR
  if (byte === 0x74) return TAB
  if (byte === 0x62) return 8
  if (byte === 0x61) return 7
  return byte
}

/** The byte that two hexadecimal digits mean, -1 when they are none. */
function hexByte(high: number, low: number): number {
  const a = hexDigit(high)
  const b = hexDigit(low)
  return a < 0 || b < 0 ? -1 : a * 16 + b
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
