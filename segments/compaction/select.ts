import type { Segment } from '../segment.js'
import { droppableShare, type Window } from './history.js'
import { TombstoneRule } from './tombstones.js'

/** Neighbours that are rewritten into one segment. */
export interface Run {
  /** Where it begins among the segments in order, and how many there are. */
  readonly start: number
  readonly count: number
}

export interface SelectOptions {
  /** Live bytes that one run may leave. */
  readonly segmentSize: number
  /** Live bytes for which there is room on the disk. */
  readonly liveSizeMax: number
  /** Where history begins that is kept: nothing is chosen from there on. */
  readonly window: Window
  /** Space is short: whatever gives some back is worth its cost. */
  readonly isPressed: boolean
}

/**
 * Nothing is copied before this share of all sealed segments is dead, and as much as fills one of them: it may yet die by itself.
 * Where everything is overwritten at random, what is chosen then is more than half dead, and as much again is written for
 * compaction as 0.7 of what is written; at a quarter it would be 1.3, and the log not much smaller.
 */
const TOTAL_SHARE_MIN = 0.35
/**
 * Nor of a log of less than so many segments: what is overwritten at random is nearly dead by the time its segment is the fourth
 * from the end, and copying of a small log most of what is alive again and again costs more than the disk that it gives back.
 */
const SEGMENTS_MIN = 4
/** Of a segment that is copied in part, at least this share must be dead: so there always is one when all together have it ... */
const DEAD_SHARE_MIN = 0.35
/** ... or, while space is short, this one. */
const PRESSED_SHARE_MIN = 0.1
/** From here on a segment counts as wholly dead: what the models count is right to a few hundredths. */
const WHOLLY_DEAD = 0.97
/** What chooses a run among all segments, in order, by what the models counted as dead; see {@link selectRun}. */
export type Select = (segments: readonly Segment[], dead: readonly number[], options: SelectOptions) => Run | null

/**
 * Old and new lie on the disk together, and what dies meanwhile waits: so of a small log a run leaves no more than this share of
 * what is alive, but half a segment in any case, or segments would become ever smaller.
 */
const RUN_LIVE_SHARE = 1 / 16
const RUN_SEGMENT_SHARE = 0.5
/** Segments of one run at most: it holds the decisions about all of them in memory. */
const RUN_COUNT_MAX = 32
/** Small neighbours are merged into at most this share of a segment. */
const MERGED_SHARE = 0.5
/** A tombstone's blockers are cleaned when what they hold up is at least this share of what that costs. */
const BLOCKED_SHARE = 0.5
/** A look at a segment of which nothing seems to be dead costs a read only. */
const LOOK_SHARE = 0.125

/** What is thought to be in a segment. Sizes in bytes, measured as the counting of the dead does. */
interface Facts {
  readonly size: number
  readonly dead: number
  readonly live: number
  readonly tombstones: number
}

/**
 * Chooses what is to be rewritten next: of all runs of sealed neighbours whose live bytes fit into one segment the one that
 * gives most bytes back for each that it costs, if that is enough; else small neighbours that can be merged; else a segment
 * that holds up many tombstones. Null when nothing is worth its cost.
 *
 * @param segments all of them, in order; `dead` has what the models counted, by segment number
 */
export function selectRun(segments: readonly Segment[], dead: readonly number[], options: SelectOptions): Run | null {
  // Those that are not ready are the newest. What is damaged stays as it is, and so does all behind it.
  const stop = segments.findIndex((it) => !it.sealed || it.columns !== null || it.isDamaged)
  const ready = segments.slice(0, Math.min(stop === -1 ? Infinity : stop, options.window.first))
  const facts = ready.map((it, i) => factsOf(segments, i, dead[it.number]! * droppableShare(it, options.window)))
  const sizeMax = Math.min(options.segmentSize, options.liveSizeMax)
  return (
    deadRun(facts, sizeMax, options) ??
    smallRun(facts, sizeMax, options) ??
    blocker(segments, facts, options.liveSizeMax)
  )
}

function isSmall(facts: readonly Facts[], segmentSize: number): boolean {
  return sum(facts, (it) => it.size) < segmentSize * SEGMENTS_MIN
}

function factsOf(segments: readonly Segment[], i: number, dead: number): Facts {
  const segment = segments[i]!
  const all = Math.max(1, segment.size - segment.headerSize)
  // Headers go with their records.
  const scale = segment.size / all
  const tombstones = Math.min(segment.tombstoneSize, all) * scale
  const gone = Math.min(dead, all) * scale + (areFree(segments, i) ? tombstones : 0)
  const bounded = Math.min(gone, segment.size)
  return { size: segment.size, dead: bounded, live: segment.size - bounded, tombstones }
}

/** Whether all tombstones of a segment could go with it. */
function areFree(segments: readonly Segment[], i: number): boolean {
  const segment = segments[i]!
  if (segment.tombstoneCount === 0) return false
  return new TombstoneRule(segments.slice(0, i), segment.baseOffset).mayGo(segment.buriesFrom, segment.endOffset - 1)
}

/** The segment that gives most back for each byte read and written, with those neighbours that are worth it as well. */
function deadRun(
  facts: readonly Facts[],
  sizeMax: number,
  { segmentSize, liveSizeMax, isPressed }: SelectOptions,
): Run | null {
  let first = -1
  facts.forEach((it, i) => {
    const hasRoom = it.live <= liveSizeMax || share(it) >= WHOLLY_DEAD
    if (hasRoom && (first === -1 || gain(it) > gain(facts[first]!))) first = i
  })
  if (first === -1) return null
  let shareMin = isPressed ? PRESSED_SHARE_MIN : DEAD_SHARE_MIN
  // What is wholly dead is dropped without a copy: nothing that has to be copied goes along.
  if (share(facts[first]!) >= WHOLLY_DEAD) shareMin = WHOLLY_DEAD
  else if (!isPressed) {
    const size = sum(facts, (it) => it.size)
    const dead = sum(facts, (it) => it.dead)
    if (isSmall(facts, segmentSize) || dead < Math.max(size * TOTAL_SHARE_MIN, segmentSize)) return null
  }
  if (share(facts[first]!) < shareMin) return null
  const live = sum(facts, (it) => it.live)
  const runMax = Math.min(sizeMax, Math.max(segmentSize * RUN_SEGMENT_SHARE, live * RUN_LIVE_SHARE))
  return grown(first, facts, (it, taken) => share(it) >= shareMin && taken + it.live <= runMax)
}

function gain({ size, dead, live }: Facts): number {
  return dead / (size + live)
}

function share({ size, dead }: Facts): number {
  return dead / size
}

function sum(facts: readonly Facts[], of: (it: Facts) => number): number {
  return facts.reduce((total, it) => total + of(it), 0)
}

/** A run around a segment, of neighbours that are taken along. */
function grown(first: number, facts: readonly Facts[], takes: (it: Facts, live: number) => boolean): Run {
  let start = first
  let count = 1
  let { live } = facts[first]!
  while (count < RUN_COUNT_MAX) {
    const next = facts[start + count]
    const before = facts[start - 1]
    if (next !== undefined && takes(next, live)) live += next.live
    else if (before !== undefined && takes(before, live)) {
      live += before.live
      start--
    } else break
    count++
  }
  return { start, count }
}

/**
 * Small neighbours, none of which is more than half of what they become: so each byte is copied a few times at most, however
 * often there is something small beside it.
 */
function smallRun(facts: readonly Facts[], sizeMax: number, { segmentSize, isPressed }: SelectOptions): Run | null {
  // In a small log only what is small as it lies there: what is dead in others is left to become more.
  const sizeOf = !isPressed && isSmall(facts, segmentSize) ? (it: Facts) => it.size : (it: Facts) => it.live
  for (let start = 0; start < facts.length; start++) {
    let live = 0
    let largest = 0
    let found: Run | null = null
    for (let count = 1; count <= RUN_COUNT_MAX && start + count <= facts.length; count++) {
      const size = sizeOf(facts[start + count - 1]!)
      live += size
      largest = Math.max(largest, size)
      if (live > sizeMax * MERGED_SHARE) break
      if (count > 1 && largest * 2 <= live) found = { start, count }
    }
    if (found !== null) return found
  }
  return null
}

/** The oldest segment that keeps tombstones from going, when they are many beside what it costs to look at all of these. */
function blocker(segments: readonly Segment[], facts: readonly Facts[], liveSizeMax: number): Run | null {
  let held = 0
  let newest = 0
  let from = Infinity
  for (let i = 0; i < facts.length; i++) {
    if (facts[i]!.tombstones === 0 || areFree(segments, i)) continue
    held += facts[i]!.tombstones
    newest = Math.max(newest, segments[i]!.endOffset)
    from = Math.min(from, segments[i]!.buriesFrom)
  }
  if (held === 0) return null
  let cost = 0
  let first = -1
  for (let i = 0; i < facts.length; i++) {
    const { cleanOffset, endOffset, baseOffset } = segments[i]!
    if (endOffset <= from || baseOffset >= newest || cleanOffset >= newest) continue
    if (first === -1) first = i
    cost += facts[i]!.dead === 0 ? facts[i]!.size * LOOK_SHARE : facts[i]!.size
  }
  if (first === -1 || held < cost * BLOCKED_SHARE || facts[first]!.live > liveSizeMax) return null
  return { start: first, count: 1 }
}
