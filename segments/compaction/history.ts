import type { Segment } from '../segment.js'

/**
 * How long superseded records stay, and what tombstones bury: for as long as what supersedes them lies within so many ms, by
 * the time of its batch, or has fewer than so many bytes of the log behind it; for ever; or not at all.
 */
export type History = 'none' | 'forever' | { readonly ms: number } | { readonly size: number }

/** Where the window begins, in a log that ends at `endOffset`. */
export interface Window {
  /** Number of the first segment within it: as many as there are, when there is none. */
  readonly first: number
  /** Base offset of that segment, or the end of the log. */
  readonly offset: number
  readonly endOffset: number
}

/**
 * Number of the first segment that lies within the window: all from there on stays as it is, and of the segments before it
 * what has been superseded before it goes. It is a whole segment: what stays is up to a segment more than was asked for.
 */
export function firstWithin(history: History, segments: readonly Segment[], nowMs: number): number {
  if (history === 'none') return segments.length
  if (history === 'forever') return 0
  if ('ms' in history) return countUntil(segments, ({ lastTimestampMs }) => lastTimestampMs >= nowMs - history.ms)
  let behind = 0
  let first = segments.length
  while (first > 0 && behind < history.size) behind += segments[--first]!.size
  return Math.min(
    first,
    countUntil(segments, () => false),
  )
}

/** How many segments there are before the first one of which this is so, or that is still written. */
function countUntil(segments: readonly Segment[], isSo: (segment: Segment) => boolean): number {
  const first = segments.findIndex((segment) => !segment.sealed || isSo(segment))
  return first === -1 ? segments.length : first
}

/**
 * Of what is dead in a segment, the share that can be dropped already, as far as can be told without looking: what supersedes it
 * is spread from where the segment was last known to be clean to the end of the log.
 */
export function droppableShare(segment: Segment, { offset, endOffset }: Window): number {
  if (offset >= endOffset) return 1
  const from = Math.max(segment.endOffset, segment.cleanOffset)
  return Math.min(1, Math.max(0, (offset - from) / Math.max(1, endOffset - from)))
}
