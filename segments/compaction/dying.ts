import type { Segment } from '../segment.js'
import type { Liveness } from './liveness.js'

/** Of so many segments it is waited at most that what is left in them dies. */
const DYING_MAX = 3
/** How fast it dies is known when this share of what a segment holds has been appended ... */
const GROWTH_SHARE = 0.25
/** ... or not in time, by so many looks, where little is written. */
const LOOKS_MAX = 20

/** What was known of a segment when what is alive in it was compared last. */
interface Look {
  readonly live: number
  readonly endOffset: number
  count: number
}

/** What is to become of segments that are nearly dead. What is in neither list is rewritten. */
export interface Outlook {
  /** Neighbours of which nothing is alive: they go unread. */
  readonly gone: readonly Segment[]
  /** What is left of these dies so fast that it is waited for. */
  readonly dying: readonly Segment[]
}

/**
 * Tells segments in which nothing is alive from those in which little is. Where a few keys are overwritten again and again, a
 * segment dies to its last record soon after it was sealed, and to drop it then costs nothing; to copy the little that is alive
 * before costs reading all of it, and a question about each record. So it is left alone for as long as what is alive in it
 * halves while a quarter of a segment is written.
 */
export class Dying {
  readonly #looks = new WeakMap<Segment, Look>()

  /**
   * @param segments neighbours, nearly dead
   * @param endOffset end of the log
   */
  async look(
    segments: readonly Segment[],
    endOffset: number,
    countLive: NonNullable<Liveness['countLive']>,
  ): Promise<Outlook> {
    const counts = await countLive(segments.map(({ number }) => number))
    const first = counts.indexOf(0)
    if (first !== -1) {
      let end = first
      while (counts[end] === 0) end++
      return { gone: segments.slice(first, end), dying: [] }
    }
    const dying = segments.filter((segment, i) => this.#isDying(segment, counts[i]!, endOffset))
    return { gone: [], dying: segments.length > DYING_MAX ? [] : dying }
  }

  #isDying(segment: Segment, live: number, endOffset: number): boolean {
    const last = this.#looks.get(segment)
    if (last === undefined) {
      this.#looks.set(segment, { live, endOffset, count: 1 })
      return true
    }
    if (endOffset === last.endOffset || ++last.count > LOOKS_MAX) return false
    if (endOffset - last.endOffset < segment.recordCount * GROWTH_SHARE) return true
    this.#looks.set(segment, { live, endOffset, count: 1 })
    return live * 2 <= last.live
  }
}
