/**
 * Splits an inline request as Redis's command line does:
 *
 *   line  = *space [ word *( 1*space word ) ] *space
 *   word  = 1*( char | "\"" *( escape | char ) "\"" | "'" *( "\'" | char ) "'" )     a closing quote ends the word
 *   escape = "\n" | "\r" | "\t" | "\b" | "\a" | "\xHH" | "\" char
 *
 * Returns null when quotes do not close, or are not followed by a space.
 */
export function splitInline(line: Buffer): Buffer[] | null {
  const words: Buffer[] = []
  let at = 0
  while (true) {
    while (at < line.length && isSpace(line[at]!)) at++
    if (at >= line.length || line[at] === 0) return words
    const word = readWord(line, at)
    if (word === null) return null
    words.push(word.bytes)
    at = word.end
  }
}

function readWord(line: Buffer, start: number): { bytes: Buffer; end: number } | null {
  const out: number[] = []
  let at = start
  while (at < line.length && !isSpace(line[at]!) && line[at] !== 0) {
    const c = line[at]!
    if (c !== DOUBLE && c !== SINGLE) {
      out.push(c)
      at++
      continue
    }
    at++
    while (at < line.length && line[at] !== c)
      at += c === DOUBLE ? readDouble(line, at, out) : readSingle(line, at, out)
    if (at >= line.length) return null
    at++
    if (at < line.length && !isSpace(line[at]!)) return null
    break
  }
  return { bytes: Buffer.from(out), end: at }
}

const DOUBLE = 34
const SINGLE = 39
const BACKSLASH = 92
const ESCAPES: Readonly<Record<number, number>> = { 110: 10, 114: 13, 116: 9, 98: 8, 97: 7 }

function readDouble(line: Buffer, at: number, out: number[]): number {
  if (line[at] !== BACKSLASH || at + 1 >= line.length) {
    out.push(line[at]!)
    return 1
  }
  const hex = line.toString('latin1', at + 2, at + 4)
  if (line[at + 1] === 120 && /^[0-9a-fA-F]{2}$/.test(hex)) {
    out.push(parseInt(hex, 16))
    return 4
  }
  out.push(ESCAPES[line[at + 1]!] ?? line[at + 1]!)
  return 2
}

function readSingle(line: Buffer, at: number, out: number[]): number {
  if (line[at] === BACKSLASH && line[at + 1] === SINGLE) {
    out.push(SINGLE)
    return 2
  }
  out.push(line[at]!)
  return 1
}

function isSpace(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13)
}
