import {
  listSegments,
  LogSnapshot,
  NodeDisk,
  tallySegments,
  type LogSummary,
  type SegmentSummary,
  type SegmentTally,
} from '../../segments/index.js'
import { withState } from '../../src/inspection.js'

/** A segment with what of it is alive; null where that was not asked for. */
export interface LiveSegment extends SegmentSummary {
  readonly tally: SegmentTally | null
}

/** A log's segments, and what of each is alive: to know that, the state has to be rebuilt. */
export interface LiveSummary extends Omit<LogSummary, 'segments'> {
  readonly segments: readonly LiveSegment[]
}

/**
 * Lists the segments of a folder and counts what is alive in them, all of one moment.
 * @param isWanted whether it is to be counted in a log of so many records
 */
export async function liveSummary(folder: string, isWanted: (recordCount: number) => boolean): Promise<LiveSummary> {
  const disk = new NodeDisk(folder)
  const snapshot = await LogSnapshot.take(disk)
  try {
    const summary = await listSegments(disk, snapshot)
    const tallies = isWanted(recordCountOf(summary))
      ? await withState(snapshot, Date.now(), (log, { liveness }) => tallySegments(snapshot, log, liveness))
      : []
    const segments = summary.segments.map((it, i) => ({ ...it, tally: tallies[i] ?? null }))
    return { ...summary, segments }
  } finally {
    await snapshot.close()
  }
}

/** Which segments are damaged, as far as that was seen, in a line; empty: none. */
export function damageLine({ segments }: Pick<LogSummary, 'segments'>): string {
  const names = segments.filter(({ isDamaged }) => isDamaged).map(({ name }) => name)
  return names.length === 0 ? '' : `damaged: ${names.join(', ')}; see \`flin log verify\``
}

export function recordCountOf({ segments }: Pick<LogSummary, 'segments'>): number {
  return segments.reduce((count, it) => count + it.recordCount, 0)
}

/** A segment as JSON has it. */
export function segmentJson({ tally, ...segment }: LiveSegment): Record<string, unknown> {
  if (tally === null) return segment
  const { liveCount, liveSize, tombstoneSize } = tally
  return { ...segment, liveCount, liveSize, tombstoneSize, deadSize: segment.size - liveSize }
}
