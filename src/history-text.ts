import type { History } from '../segments/index.js'

/** Units of time, the smallest first. */
export const MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SIZES: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** What `--history` takes. */
export const HISTORY_FORMS = 'none, forever, a time written as 90s, 30m, 12h or 7d, or a size written as 64mb or 10gb'

/** Reads how long superseded records stay; null when it is no such thing. A number without a unit could be either. */
export function parseHistory(text: string): History | null {
  const given = text.trim().toLowerCase()
  if (given === 'none' || given === 'forever') return given
  const match = /^(\d{1,9})([smhd]|kb|mb|gb)$/.exec(given)
  if (match === null) return null
  const [, count, unit] = match
  const ms = MS[unit!]
  return ms === undefined ? { size: Number(count) * SIZES[unit!]! } : { ms: Number(count) * ms }
}

/** The same, as it would be written, in the largest unit that fits. */
export function historyText(history: History): string {
  if (typeof history === 'string') return history
  const [value, units] = 'ms' in history ? [history.ms, MS] : [history.size, SIZES]
  const [unit, each] = Object.entries(units).findLast(([, size]) => value % size === 0) ?? ['s', 1000]
  return `${value / each}${unit}`
}
