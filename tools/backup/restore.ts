import { restoreFolder, type RestoreReport } from '../../segments/index.js'
import type { Output } from '../output.js'
import { progressOnTerminal } from '../progress.js'
import { isoTime } from '../text.js'
import { rateText, shareText, type Told } from './report.js'

export interface RestoreRequest extends Told {
  readonly from: string
  readonly to: string
  /** Bytes a second; 0: no bound. */
  readonly rate: number
}

/** `flin restore`: makes a log of a backup. */
export async function restore({ from, to, rate, json }: RestoreRequest, output: Output): Promise<number> {
  const progress = progressOnTerminal()
  const began = performance.now()
  try {
    const report = await restoreFolder(from, to, { rate, onProgress: (at) => progress?.show(at) })
    progress?.clear()
    const tookMs = Math.round(performance.now() - began)
    await output.write(json ? jsonText(report, tookMs) : restoreText(report, tookMs))
    return 0
  } catch (error) {
    progress?.clear()
    throw error
  }
}

function restoreText(report: RestoreReport, tookMs: number): string {
  const { logId, startOffset, endOffset, madeAtMs, epoch, copied } = report
  return `restored log ${logId}, offsets ${startOffset} to ${endOffset}, the end not included, as of ${isoTime(madeAtMs)}
copied ${shareText(copied)}, ${rateText(copied.size, tookMs)}; it goes on in epochs above ${epoch}
`
}

function jsonText({ madeAtMs, ...report }: RestoreReport, tookMs: number): string {
  return `${JSON.stringify({ ...report, madeAt: isoTime(madeAtMs), tookMs })}\n`
}
