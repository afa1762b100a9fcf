/**
 * A range as Redis reads it: both ends belong to it, negative ones count from the end, what lies outside is left off. Null
 * when nothing is left.
 */
export function clampRange(first: number, last: number, size: number): { first: number; last: number } | null {
  if (size === 0 || (first < 0 && last < 0 && first > last)) return null
  const from = first < 0 ? Math.max(0, size + first) : first
  const to = Math.min(last < 0 ? Math.max(0, size + last) : last, size - 1)
  return from > to ? null : { first: from, last: to }
}
