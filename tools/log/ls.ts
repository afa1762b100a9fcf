import type { Output } from '../output.js'
import { counted, isoTime, table } from '../text.js'
import { damageLine, liveSummary, recordCountOf, segmentJson, type LiveSegment, type LiveSummary } from './live.js'

const HEAD = ['base offset', 'end offset', 'gen', 'size', 'live', 'dead', 'records', 'tombstones']
const LEFT = new Set([8, 9, 10, 11])

/** In a log of at most so many records live bytes are counted unasked: that takes a second or two. */
const LIVE_RECORDS_MAX = 2_000_000

export interface LsOptions {
  readonly json: boolean
  /** Whether live bytes are counted; undefined: where that is quick. */
  readonly live: boolean | undefined
}

/** `flin log ls`: which segments there are, and what of them is alive. */
export async function ls(folder: string, { json, live }: LsOptions, output: Output): Promise<number> {
  const summary = await liveSummary(folder, (recordCount) => live ?? recordCount <= LIVE_RECORDS_MAX)
  const segments = summary.segments.map(segmentJson)
  await output.write(json ? `${JSON.stringify({ ...summary, segments })}\n` : text(summary, live === undefined))
  return 0
}

function text(summary: LiveSummary, isUnasked: boolean): string {
  const { logId, epochs, compactionHorizon, startOffset, endOffset, segments, quarantined, orphans } = summary
  const began = epochs.map(([epoch, firstOffset]) => `${epoch} from offset ${firstOffset}`)
  const lines = [
    `log id             ${logId}`,
    `epochs             ${began.join(', ') || 'none'}`,
    `offsets            ${startOffset} to ${endOffset}, the end not included`,
    `compaction horizon ${compactionHorizon}`,
    '',
    table([[...HEAD, 'first time', 'last time', 'side file', 'state'], ...segments.map(row)], LEFT),
  ]
  if (isUnasked && segments.some(({ tally }) => tally === null)) {
    lines.push(`Live bytes are not counted among ${counted(recordCountOf(summary), 'record')} unless told: --live`)
  }
  if (damageLine(summary) !== '') lines.push(damageLine(summary))
  if (quarantined.length > 0) lines.push(`${counted(quarantined.length, 'file')} in quarantine/`)
  if (orphans.length > 0) lines.push(`not part of the log: ${orphans.join(', ')}`)
  return lines.join('\n').replace(/\n*$/, '\n')
}

function row(it: LiveSegment): string[] {
  const time = (timeMs: number): string => (timeMs === 0 ? '-' : isoTime(timeMs))
  const live = it.tally === null ? ['-', '-'] : [it.tally.liveSize, it.size - it.tally.liveSize]
  const numbers = [it.baseOffset, it.endOffset, it.generation, it.size, ...live, it.recordCount, it.tombstoneCount]
  const sideFile = it.sideFile === 'none' ? '-' : it.sideFile
  return [...numbers.map(String), time(it.firstTimestampMs), time(it.lastTimestampMs), sideFile, it.state]
}
