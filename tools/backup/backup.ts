import { backupFolder, type BackupReport } from '../../segments/index.js'
import type { Output } from '../output.js'
import { progressOnTerminal } from '../progress.js'
import { isoTime } from '../text.js'
import { rateText, shareText, type Told } from './report.js'

export interface BackupRequest extends Told {
  readonly from: string
  readonly to: string
  /** Bytes a second; 0: no bound. */
  readonly rate: number
  readonly verify: boolean
}

/** `flin backup`: makes a backup, or brings one up to date. */
export async function backup({ from, to, rate, verify, json }: BackupRequest, output: Output): Promise<number> {
  const progress = progressOnTerminal()
  const began = performance.now()
  try {
    const report = await backupFolder(from, to, { rate, verify, onProgress: (at) => progress?.show(at) })
    progress?.clear()
    const tookMs = Math.round(performance.now() - began)
    await output.write(json ? jsonText(report, tookMs) : backupText(report, tookMs))
    return 0
  } catch (error) {
    progress?.clear()
    throw error
  }
}

function backupText(report: BackupReport, tookMs: number): string {
  const { logId, startOffset, endOffset, madeAtMs, copied, kept, formerEndOffset, isRenewed } = report
  const lines = []
  if (isRenewed) {
    lines.push(
      `the former backup ended at offset ${formerEndOffset!}, below the compaction horizon ${report.compactionHorizon}: it is renewed whole`,
    )
  } else if (formerEndOffset !== null && formerEndOffset > endOffset) {
    lines.push(`the former backup ended at offset ${formerEndOffset}: the log has lost what lay behind its end since`)
  }
  lines.push(
    `backup of log ${logId}, offsets ${startOffset} to ${endOffset}, the end not included, made ${isoTime(madeAtMs)}`,
    `copied ${shareText(copied)}, ${rateText(copied.size, tookMs)}; kept ${shareText(kept)}`,
  )
  return `${lines.join('\n')}\n`
}

function jsonText({ madeAtMs, ...report }: BackupReport, tookMs: number): string {
  return `${JSON.stringify({ ...report, madeAt: isoTime(madeAtMs), tookMs })}\n`
}
