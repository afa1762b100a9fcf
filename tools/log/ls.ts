import { listSegments, NodeDisk, type LogSummary, type SegmentSummary } from '../../segments/index.js'
import type { Output } from '../output.js'
import { counted, isoTime, table } from '../text.js'

const HEAD = ['base offset', 'end offset', 'gen', 'size', 'records', 'tombstones', 'first time', 'last time']
const LEFT = new Set([6, 7, 8, 9])

/** `flin log ls`: which segments there are. */
export async function ls(folder: string, asJson: boolean, output: Output): Promise<number> {
  const summary = await listSegments(new NodeDisk(folder))
  await output.write(asJson ? `${JSON.stringify(summary)}\n` : text(summary))
  return 0
}

function text(summary: LogSummary): string {
  const { logId, epochs, compactionHorizon, startOffset, endOffset, segments, quarantined, orphans } = summary
  const began = epochs.map(([epoch, firstOffset]) => `${epoch} from offset ${firstOffset}`)
  const lines = [
    `log id             ${logId}`,
    `epochs             ${began.join(', ') || 'none'}`,
    `offsets            ${startOffset} to ${endOffset}, the end not included`,
    `compaction horizon ${compactionHorizon}`,
    '',
    table([[...HEAD, 'side file', 'state'], ...segments.map(row)], LEFT),
  ]
  if (quarantined.length > 0) lines.push(`${counted(quarantined.length, 'file')} in quarantine/`)
  if (orphans.length > 0) lines.push(`not part of the log: ${orphans.join(', ')}`)
  return lines.join('\n').replace(/\n*$/, '\n')
}

function row(it: SegmentSummary): string[] {
  const time = (timeMs: number): string => (timeMs === 0 ? '-' : isoTime(timeMs))
  const numbers = [it.baseOffset, it.endOffset, it.generation, it.size, it.recordCount, it.tombstoneCount].map(String)
  const sideFile = it.sideFile === 'none' ? '-' : it.sideFile
  return [...numbers, time(it.firstTimestampMs), time(it.lastTimestampMs), sideFile, it.state]
}
