import type { ItemSequence } from './item-sequence.js'

/** Bits of a double behind the leading one. */
const MANTISSA_BITS = 52
/** A stretch that is numbered anew begins with so many items ... */
const STRETCH_COUNT_MIN = 8
/** ... and leaves room for at least so many halvings between two of them, ... */
const HALVINGS_MIN = 8
/** ... the more the longer it is: else the next insertions at the same place would number it anew again and again. */
const GAP_GROWTH = 1.5
/** What was pushed lies at least 1 apart: it is enough if a stretch has an eighth of that between two. */
const GAP_MAX = 1 / 8
/** Between doubles so many steps apart there is one that can be told from both, whatever is rounded. */
const STEPS_MIN = 4

/** A number between two orders that is neither; NaN when no double is. */
export function orderBetween(low: number, high: number): number {
  const middle = low + (high - low) / 2
  return low < middle && middle < high ? middle : NaN
}

/** Items that get other orders, so that there is room for one more among them. */
export interface Renumbering {
  /** Indexes of the first item and of the one behind the last. */
  readonly first: number
  readonly end: number
  /** Their orders from now on, with that of the new item among them. */
  readonly orders: Float64Array
}

/**
 * Finds the shortest stretch around an index whose items have room enough to be spread evenly, with one more in front of that
 * index (order maintenance by list labelling: Bender et al., "Two simplified algorithms for maintaining order in a list", 2002).
 * @param endOffset the log's: new orders lie below it and, negative, above its negative, as those of what was pushed do
 */
export function renumber(items: ItemSequence, index: number, endOffset: number): Renumbering {
  for (let count = STRETCH_COUNT_MIN; ; count *= 2) {
    const first = Math.max(0, index - count / 2)
    const end = Math.min(items.count, index + count / 2)
    const low = first === 0 ? -endOffset : orderAt(items, first - 1)
    const high = end === items.count ? endOffset : orderAt(items, end)
    const added = end - first + 1
    const gap = (high - low) / (added + 1)
    const step = stepAt(Math.max(Math.abs(low), Math.abs(high)))
    const isAll = first === 0 && end === items.count
    const wanted = isAll ? STEPS_MIN * step : wantedGap(count, step)
    if (gap >= wanted)
      return { first, end, orders: Float64Array.from({ length: added }, (_, i) => low + gap * (i + 1)) }
    // 2^53 offsets on either side: a list would have to hold some 2^50 items.
    if (isAll) throw new RangeError(`there is no room between ${items.count} items`)
  }
}

function orderAt(items: ItemSequence, index: number): number {
  items.seek(index)
  return items.order
}

function wantedGap(count: number, step: number): number {
  const growth = GAP_GROWTH ** Math.log2(count / STRETCH_COUNT_MIN)
  return Math.max(STEPS_MIN * step, Math.min(2 ** HALVINGS_MIN * step * growth, GAP_MAX))
}

/** From a number of this size to the next double. */
function stepAt(magnitude: number): number {
  return 2 ** (Math.floor(Math.log2(magnitude)) - MANTISSA_BITS)
}

/**
 * So many items can be inserted one after the other, wherever that is and whatever is pushed or removed meanwhile, before orders have to be
 * numbered anew. Looks at all items.
 */
export function insertionsLeft(items: ItemSequence, endOffset: number): number {
  // What is pushed from now on lies at least 1 apart.
  let least = halvings(1, endOffset * 2)
  let before = NaN
  for (const { orders, first, end } of items.chunks) {
    for (let slot = first; slot < end; slot++) {
      const order = orders[slot]!
      const gap = order - before
      // Of most it is seen at a glance that they are not the closest.
      if (gap < 1) least = Math.min(least, halvings(gap, Math.max(Math.abs(order), Math.abs(before))))
      before = order
    }
  }
  return least
}

function halvings(gap: number, magnitude: number): number {
  return Math.max(0, Math.floor(Math.log2(gap / stepAt(magnitude))) - 1)
}
