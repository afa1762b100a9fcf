import { NodeDisk, verifyLog, type Verdict, type VerifyReport } from '../../segments/index.js'
import type { Output } from '../output.js'
import { progressOnTerminal } from '../progress.js'
import { counted } from '../text.js'
import { EXIT } from './exit.js'
import { findingText } from './findings.js'

const WORDS: Readonly<Record<Verdict, string>> = {
  intact: 'intact',
  mendable: 'mendable: the next start mends this by itself; nothing is lost that is known to have been finished',
  corrupt: 'corrupt: restore it from a copy, or see `flin log repair --help`',
}

/** `flin log verify`: every checksum of every file. */
export async function verify(folder: string, output: Output): Promise<number> {
  const progress = progressOnTerminal()
  const report = await verifyLog(new NodeDisk(folder), (at) => progress?.show(at))
  progress?.clear()
  await output.write(verifyText(report))
  return EXIT[report.verdict]
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
