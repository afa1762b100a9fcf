import { globMatches } from '../glob.js'

/** Channels of a pattern, and how long their messages stay, in ms; 0: they are not kept. */
export interface MessageRule {
  readonly pattern: Buffer
  readonly ageMs: number
}

/** Bytes that begin what stands for more than itself in a pattern: `*`, `?`, `[`, `\`. */
const SPECIAL: readonly number[] = [42, 63, 91, 92]

/** How long messages of channels stay. Changes hold for what is published from then on. */
export class MessageRules {
  /** Of channels that no pattern is for, in ms; 0: they are not kept. */
  ageMs: number
  /** The first one that matches holds. */
  rules: readonly MessageRule[]

  constructor(ageMs: number, rules: readonly MessageRule[] = []) {
    this.ageMs = ageMs
    this.rules = rules
  }

  /** How long a message of the channel `bytes[start..end)` stays, in ms; 0: it is not kept. */
  ageOf(bytes: Buffer, start: number, end: number): number {
    const { rules } = this
    for (let i = 0; i < rules.length; i++) {
      const { pattern, ageMs } = rules[i]!
      if (globMatches(pattern, 0, pattern.length, bytes, start, end)) return ageMs
    }
    return this.ageMs
  }

  /** All times that messages may be given now, in ms. */
  ages(): number[] {
    return [this.ageMs, ...this.rules.map(({ ageMs }) => ageMs)].filter((ageMs) => ageMs > 0)
  }

  /** Whether a channel that the pattern matches may have messages that stay so long, whatever the rules were before. */
  mayHave(pattern: Buffer, ageMs: number): boolean {
    const { rules } = this
    const isOfRules = ageMs === this.ageMs || rules.some((rule) => rule.ageMs === ageMs)
    // Of another time.
    if (!isOfRules) return true
    if (literalSize(pattern) === pattern.length) return this.ageOf(pattern, 0, pattern.length) === ageMs
    return ageMs === this.ageMs || rules.some((rule) => rule.ageMs === ageMs && mayMeet(rule.pattern, pattern))
  }
}

/** Whether some channel may match both: no, if they begin differently. */
function mayMeet(a: Buffer, b: Buffer): boolean {
  const size = Math.min(literalSize(a), literalSize(b))
  return a.compare(b, 0, size, 0, size) === 0
}

/** How many bytes at the beginning of a pattern stand for themselves. */
function literalSize(pattern: Buffer): number {
  const special = pattern.findIndex((byte) => SPECIAL.includes(byte))
  return special === -1 ? pattern.length : special
}
