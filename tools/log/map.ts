import { sizeText } from '../../segments/index.js'
import type { Output } from '../output.js'
import type { Terminal } from '../terminal.js'
import { counted } from '../text.js'
import { drawBars, percentText } from './bars.js'
import { damageLine, liveSummary, segmentJson, type LiveSegment } from './live.js'

/** `flin log map`: every segment as a bar of what is live and what is dead. */
export async function map(folder: string, asJson: boolean, terminal: Terminal, output: Output): Promise<number> {
  const summary = await liveSummary(folder, () => true)
  const { logId, segments } = summary
  const size = sum(segments, (it) => it.size)
  const liveSize = sum(segments, (it) => it.tally?.liveSize ?? 0)
  if (asJson) {
    const facts = { logId, size, liveSize, deadSize: size - liveSize, segments: segments.map(segmentJson) }
    await output.write(`${JSON.stringify(facts)}\n`)
    return 0
  }
  const live = `${sizeText(liveSize)} live (${percentText(liveSize, size)}), ${sizeText(size - liveSize)} dead`
  await output.write(`${counted(segments.length, 'segment')}, ${sizeText(size)}: ${live}\n`)
  const bars = segments.map((it) => ({
    label: `${it.baseOffset}-${it.generation}`,
    size: it.size,
    liveSize: it.tally?.liveSize ?? 0,
    tombstoneSize: it.tally?.tombstoneSize ?? 0,
    isActive: it.state === 'active',
    count: 1,
  }))
  if (bars.length > 0) await output.write(drawBars(bars, terminal))
  if (damageLine(summary) !== '') await output.write(`${damageLine(summary)}\n`)
  return 0
}

function sum(segments: readonly LiveSegment[], of: (segment: LiveSegment) => number): number {
  return segments.reduce((total, it) => total + of(it), 0)
}
