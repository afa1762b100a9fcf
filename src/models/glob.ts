/**
 * Redis's patterns: `*`, `?`, `[abc]`, `[^a]`, `[a-c]`, `\x`, over bytes. Backtracks to the last `*` only, so that time
 * stays in proportion to pattern times text.
 */
export function globMatches(
  pattern: Buffer,
  patternStart: number,
  patternEnd: number,
  text: Buffer,
  textStart: number,
  textEnd: number,
): boolean {
  let p = patternStart
  let t = textStart
  let starPattern = -1
  let starText = 0
  while (t < textEnd) {
    if (p < patternEnd && pattern[p] === 42) {
      starPattern = ++p
      starText = t
      continue
    }
    const step = p < patternEnd ? matchOne(pattern, p, patternEnd, text[t]!) : 0
    if (step > 0) {
      p += step
      t++
    } else if (starPattern >= 0) {
      p = starPattern
      t = ++starText
    } else return false
  }
  while (p < patternEnd && pattern[p] === 42) p++
  return p === patternEnd
}

/** Bytes of pattern that match one byte of text; 0 when they do not. */
function matchOne(pattern: Buffer, p: number, end: number, byte: number): number {
  const c = pattern[p]!
  if (c === 63) return 1
  if (c === 91) return matchClass(pattern, p, end, byte)
  if (c === 92 && p + 1 < end) return pattern[p + 1] === byte ? 2 : 0
  return c === byte ? 1 : 0
}

function matchClass(pattern: Buffer, start: number, end: number, byte: number): number {
  let p = start + 1
  const isNegated = pattern[p] === 94
  if (isNegated) p++
  let matches = false
  while (p < end && pattern[p] !== 93) {
    if (pattern[p] === 92 && p + 1 < end) {
      p++
      if (pattern[p] === byte) matches = true
      p++
    } else if (p + 2 < end && pattern[p + 1] === 45) {
      const a = Math.min(pattern[p]!, pattern[p + 2]!)
      const b = Math.max(pattern[p]!, pattern[p + 2]!)
      if (byte >= a && byte <= b) matches = true
      p += 3
    } else {
      if (pattern[p] === byte) matches = true
      p++
    }
  }
  if (p < end) p++ // the closing bracket; a class that is not closed ends with the pattern
  return matches !== isNegated ? p - start : 0
}
