const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/**
 * A size for people: `4 KiB`, `1.99 GiB`. Two digits at most behind the point, and rounded down, so that a limit is never
 * told as more than it is.
 */
export function sizeText(size: number): string {
  if (size === 1) return '1 byte'
  let unit = 0
  let value = size
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${Math.floor(value * 100) / 100} ${UNITS[unit]!}`
}
