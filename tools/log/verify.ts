import { LogSnapshot, NodeDisk, verifyLog, type Verdict, type VerifyReport } from '../../segments/index.js'
import { verifyState, type StateReport, type StateSum } from '../../src/inspection.js'
import type { Output } from '../output.js'
import { Progress } from '../progress.js'
import { counted } from '../text.js'
import { EXIT } from './exit.js'
import { findingText } from './findings.js'

const WORDS: Readonly<Record<Verdict, string>> = {
  intact: 'intact',
  mendable: 'mendable: the next start mends this by itself; nothing is lost that is known to have been finished',
  corrupt: 'corrupt: restore it from a copy, or see `flin log repair --help`',
}

const DIFFERS =
  'These differ: a start would believe what the segments do not say. Remove the side files: the next start writes them anew\n'
/** The side files of a damaged log are the only ones left to know which keys are hurt: --serve-damaged needs them. */
const DIFFERS_BY_DAMAGE =
  'These differ: the side files know of records that are lost. Keep them until the log is mended\n'

/** `flin log verify`: every checksum of every file; and whether side files and segments make the same state. */
export async function verify(folder: string, isStateWanted: boolean, output: Output): Promise<number> {
  const progress = new Progress()
  const disk = new NodeDisk(folder)
  const report = await verifyLog(disk, ({ segment, doneSize, totalSize }) => {
    progress.show(segment, doneSize, totalSize)
  })
  progress.clear()
  await output.write(verifyText(report))
  if (!isStateWanted) return EXIT[report.verdict]
  await output.flush()
  const state = await rebuiltTwice(disk)
  await output.write(stateText(state, report.verdict))
  return state.isEqual ? EXIT[report.verdict] : EXIT.corrupt
}

async function rebuiltTwice(disk: NodeDisk): Promise<StateReport> {
  const progress = new Progress()
  const snapshot = await LogSnapshot.take(disk)
  try {
    const total = 2 * snapshot.manifest.segments.reduce((size, { sealed }) => size + (sealed?.size ?? 0), 0)
    let done = 0
    return await verifyState(snapshot, Date.now(), (size) => {
      done += size
      progress.show('rebuilding the state', done, Math.max(done, total))
    })
  } finally {
    progress.clear()
    await snapshot.close()
  }
}

export function stateText({ withSideFiles, withoutSideFiles, isEqual }: StateReport, verdict: Verdict): string {
  const sumText = ({ keyCount, digest, indexedCount, liveCount }: StateSum): string => {
    const hidden = indexedCount === liveCount ? '' : `; the index holds ${indexedCount}, the log ${liveCount}`
    return `${counted(keyCount, 'key')}, digest ${digest}${hidden}`
  }
  if (isEqual) return `state: ${sumText(withSideFiles)}, with side files and without\n`
  return (
    `state with side files: ${sumText(withSideFiles)}\nstate without: ${sumText(withoutSideFiles)}\n` +
    (verdict === 'corrupt' ? DIFFERS_BY_DAMAGE : DIFFERS)
  )
}

export function verifyText(report: VerifyReport): string {
  const { segmentCount, batchCount, recordCount, size, startOffset, endOffset } = report
  const counts = [
    counted(segmentCount, 'segment'),
    counted(batchCount, 'batch', 'batches'),
    counted(recordCount, 'record'),
    counted(size, 'byte'),
  ]
  const lines = report.findings.map(findingText)
  lines.push(`log ${report.logId}, offsets ${startOffset} to ${endOffset}, the end not included`)
  lines.push(counts.join(', '), WORDS[report.verdict])
  return `${lines.join('\n')}\n`
}
