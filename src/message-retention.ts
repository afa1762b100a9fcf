import { MS } from './history-text.js'
import type { MessageRule } from './models/messages/message-rules.js'

/** What `--message-retention` takes. */
export const RETENTION_FORMS = 'a time written as 90s, 30m, 12h or 7d; or 0'
/** What `--message-retention-rules` takes. */
export const RULES_FORMS = `patterns of channels, each with = and ${RETENTION_FORMS}; with spaces between them`

const RULE_COUNT_MAX = 64

/** Reads how long messages stay, in ms; 0: they are not kept. Null when it is no such thing. */
export function parseRetention(text: string): number | null {
  const given = text.trim().toLowerCase()
  if (given === '0') return 0
  const match = /^(\d{1,6})([smhd])$/.exec(given)
  return match === null ? null : Number(match[1]) * MS[match[2]!]!
}

/** The same, as it would be written, in the largest unit that fits. */
export function retentionText(ageMs: number): string {
  if (ageMs === 0) return '0'
  const [unit, each] = Object.entries(MS).findLast(([, ms]) => ageMs % ms === 0)!
  return `${ageMs / each}${unit}`
}

/** Reads rules by pattern, `audit.*=7d metrics.*=0`: the first one that matches a channel holds. Null when they are none. */
export function parseRules(text: string): readonly MessageRule[] | null {
  const words = text.split(' ').filter((word) => word !== '')
  if (words.length > RULE_COUNT_MAX) return null
  const rules: MessageRule[] = []
  for (const word of words) {
    const at = word.lastIndexOf('=')
    const ageMs = parseRetention(word.slice(at + 1))
    if (at < 1 || ageMs === null) return null
    rules.push({ pattern: Buffer.from(word.slice(0, at)), ageMs })
  }
  return rules
}

export function rulesText(rules: readonly MessageRule[]): string {
  return rules.map(({ pattern, ageMs }) => `${pattern.toString()}=${retentionText(ageMs)}`).join(' ')
}
