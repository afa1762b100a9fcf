import type { Args } from '../protocol/resp/args.js'

/** The words before a time in SET and GETEX: how many ms its unit has, and whether it counts from 1970 or from now. */
export const TIME_UNITS = [
  { name: 'EX', scale: 1000, isAbsolute: false },
  { name: 'PX', scale: 1, isAbsolute: false },
  { name: 'EXAT', scale: 1000, isAbsolute: true },
  { name: 'PXAT', scale: 1, isAbsolute: true },
] as const

/** Number of the unit that argument `i` names; -1: none. */
export function timeUnitOf(args: Args, i: number): number {
  for (let unit = 0; unit < TIME_UNITS.length; unit++) if (args.equalsIgnoreCase(i, TIME_UNITS[unit]!.name)) return unit
  return -1
}
