import {
  applyRepair,
  planRepair,
  verifyLog,
  withLockedFolder,
  type RepairPlan,
  type RepairStep,
} from '../../segments/index.js'
import type { Output } from '../output.js'
import { counted } from '../text.js'
import { EXIT } from './exit.js'
import { damageText, lostText } from './findings.js'
import { verifyText } from './verify.js'

const WARNING = `A key whose newest record is lost goes back to what an older record says, or is gone: what was deleted may
be there again. Followers and copies of this log differ from it afterwards. A copy that is whole is better.
`

/** `flin log repair`: goes on without what is damaged; says what it would do unless told to do it. */
export async function repair(folder: string, isAgreed: boolean, output: Output): Promise<number> {
  return withLockedFolder(folder, async (disk) => {
    const plan = await planRepair(disk)
    if (plan.steps.length === 0) {
      const report = await verifyLog(disk)
      if (report.verdict === 'corrupt') await output.write(`${verifyText(report)}This cannot be repaired here.\n`)
      else await output.write('nothing to repair\n')
      return EXIT[report.verdict]
    }
    await output.write(planText(plan))
    if (!isAgreed) {
      await output.write('Nothing has been done. Say --yes to do it.\n')
      return hasLoss(plan) ? EXIT.corrupt : EXIT.mendable
    }
    await applyRepair(disk, plan)
    const report = await verifyLog(disk)
    await output.write(`Done. The log as it is now:\n${verifyText(report)}`)
    return EXIT[report.verdict]
  })
}

function hasLoss({ steps }: RepairPlan): boolean {
  return steps.some(({ damages }) => damages.some(({ torn }) => !torn))
}

function planText(plan: RepairPlan): string {
  const text = plan.steps.map(stepText).join('')
  return hasLoss(plan) ? text + WARNING : text
}

function stepText(step: RepairStep): string {
  const { segment, action, isMissing, damages, quarantine, keptBatchCount, keptRecordCount, becomes } = step
  if (action === 'remove-side-file') return `${segment}: its side file is removed; the next start writes it anew\n`
  const hurt = isMissing ? damages.map((it) => `the file is missing: ${lostText(it)}`) : damages.map(damageText)
  const lines = [`${segment}:`, ...hurt.map((text) => `  ${text}`)]
  for (const name of quarantine) lines.push(`  cut bytes are kept in ${name}`)
  if (becomes === null) lines.push(`  ${isMissing ? '' : 'nothing of it is intact: '}the log goes on without it`)
  else {
    const kept = `${counted(keptBatchCount, 'intact batch', 'intact batches')} (${counted(keptRecordCount, 'record')})`
    lines.push(`  ${kept} move to ${becomes}`)
  }
  return `${lines.join('\n')}\n`
}
