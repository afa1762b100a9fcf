import { ActiveCheck } from './active-check.js'
import { type Disk, FileMemory } from './disk.js'
import { findOrphans, Tour } from './inspect.js'
import type { ManifestSegment } from './manifest.js'
import { type DamagedRange, readSideFile, type SideFileState } from './log-folder.js'
import { segmentName } from './names.js'
import { SideFileCheck } from './side-file-check.js'
import { type SegmentSurvey, sideFileFault } from './survey.js'

/** Something that is not as it should be. */
export type Finding =
  /** Bytes that are not what was written, above what is known to have been finished: the next start sets them aside. */
  | { readonly type: 'torn-tail'; readonly segment: string; readonly damage: DamagedRange }
  /** Bytes that are not what was written, though they had been, or what nobody should have written: records are lost. */
  | { readonly type: 'damage'; readonly segment: string; readonly damage: DamagedRange }
  | { readonly type: 'missing-segment'; readonly segment: string; readonly damage: DamagedRange }
  /** Every checksum holds and yet it is wrong: a fault of the writer. */
  | { readonly type: 'fault'; readonly segment: string; readonly reason: string }
  /** The side file's checksum holds, but it does not say what its segment says: restarts would believe it. */
  | { readonly type: 'wrong-side-file'; readonly segment: string; readonly reason: string }
  /** Disposable: the next start reads the segment and writes it anew. */
  | { readonly type: 'damaged-side-file'; readonly segment: string; readonly reason: string }
  | { readonly type: 'missing-side-file'; readonly segment: string }
  /** A segment behind all that the manifest names, with something in it: the manifest is older than the log. */
  | { readonly type: 'newer-segment'; readonly file: string }
  /** A file that the manifest does not name: the next start clears it. */
  | { readonly type: 'orphan'; readonly file: string }

/**
 * - `intact`: nothing that matters.
 * - `mendable`: the next start mends it by itself, and nothing that had been acknowledged is lost.
 * - `corrupt`: records are lost, or would be believed wrongly.
 */
export type Verdict = 'intact' | 'mendable' | 'corrupt'

export interface VerifyReport {
  readonly logId: string
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly segmentCount: number
  readonly batchCount: number
  readonly recordCount: number
  /** Bytes that were read: segments and side files' segments, zeroes behind the active one left out. */
  readonly size: number
  readonly startOffset: number
  readonly endOffset: number
}

export interface VerifyProgress {
  readonly segment: string
  readonly doneSize: number
  /** Changes while the log's owner writes. */
  readonly totalSize: number
}

const VERDICTS: Readonly<Record<Finding['type'], Verdict>> = {
  'torn-tail': 'mendable',
  damage: 'corrupt',
  'missing-segment': 'corrupt',
  fault: 'corrupt',
  'wrong-side-file': 'corrupt',
  'damaged-side-file': 'mendable',
  'missing-side-file': 'intact',
  'newer-segment': 'corrupt',
  orphan: 'intact',
}

/**
 * Looks at every byte of a log: the manifest, all checksums of all segments, and that each side file says what its segment
 * says. Reads only, also beside the log's owner.
 * @throws FlinError as readLogFolder does: without a manifest nothing can be said about the rest
 */
export async function verifyLog(
  disk: Disk,
  onProgress: (progress: VerifyProgress) => void = () => undefined,
): Promise<VerifyReport> {
  const tour = new Tour(disk)
  const check = new SideFileCheck()
  const active = new ActiveCheck()
  const memory = new FileMemory()
  const findings: Finding[] = []
  let segmentCount = 0
  let batchCount = 0
  let recordCount = 0
  let size = 0
  let startOffset = 0
  let endOffset = 0
  let lastEpoch = 0
  for (let entry = await tour.next(); entry !== null; entry = await tour.next()) {
    const side = entry.sealed === null ? null : await readSideFile(tour.folder, entry, memory)
    const checked = side?.state === 'ok' ? await check.check(tour.folder, entry, side.side, lastEpoch) : null
    const intact =
      entry.sealed === null
        ? await active.check(tour.folder, entry, lastEpoch)
        : checked && { ...checked, size: entry.sealed.size, endOffset: entry.sealed.endOffset }
    const found = intact ?? (await examine(tour, entry, side, lastEpoch, findings))
    if (found === null) continue
    if (segmentCount++ === 0) startOffset = entry.baseOffset
    batchCount += found.batchCount
    recordCount += found.recordCount
    size += found.size
    endOffset = found.endOffset
    lastEpoch = Math.max(lastEpoch, found.lastEpoch)
    const segment = segmentName(entry.baseOffset, entry.generation)
    onProgress({ segment, doneSize: size, totalSize: Math.max(size, totalSize(tour)) })
  }
  for (const { name, isNewer } of await findOrphans(disk)) {
    findings.push({ type: isNewer ? 'newer-segment' : 'orphan', file: name })
  }
  const { logId } = tour.folder.manifest
  const counts = { segmentCount, batchCount, recordCount, size, startOffset, endOffset }
  return { logId, verdict: verdictOf(findings), findings, ...counts }
}

/** What a segment that is not simply as its side file says has in it; null when it has been replaced meanwhile. */
async function examine(
  tour: Tour,
  entry: ManifestSegment,
  side: SideFileState | null,
  lastEpoch: number,
  findings: Finding[],
): Promise<{ batchCount: number; recordCount: number; lastEpoch: number; size: number; endOffset: number } | null> {
  const surveyed = await tour.survey(entry, lastEpoch)
  if (surveyed === null) return null
  const { loaded, survey } = surveyed
  const segment = loaded.name
  addDamages(survey, segment, loaded.fileSize === null, findings)
  if (side !== null && loaded.fileSize !== null) {
    if (side.state === 'missing') findings.push({ type: 'missing-side-file', segment })
    else if (side.state === 'damaged') findings.push({ type: 'damaged-side-file', segment, reason: side.reason })
    else if (survey.damages.length === 0) {
      const reason = sideFileFault(side.side, survey)
      if (reason !== null) findings.push({ type: 'wrong-side-file', segment, reason })
    }
  }
  const { size, endOffset } = entry.sealed ?? survey
  return {
    batchCount: survey.batchCount,
    recordCount: survey.columns.count,
    lastEpoch: survey.lastEpoch,
    size,
    endOffset,
  }
}

function addDamages(survey: SegmentSurvey, segment: string, isMissing: boolean, findings: Finding[]): void {
  for (const damage of survey.damages) {
    findings.push({ type: isMissing ? 'missing-segment' : damage.torn ? 'torn-tail' : 'damage', segment, damage })
  }
  for (const reason of survey.faults) findings.push({ type: 'fault', segment, reason })
}

function totalSize({ folder }: Tour): number {
  return folder.manifest.segments.reduce((size, { sealed }) => size + (sealed?.size ?? 0), 0)
}

export function verdictOf(findings: readonly Finding[]): Verdict {
  const verdicts = new Set(findings.map((finding) => VERDICTS[finding.type]))
  return verdicts.has('corrupt') ? 'corrupt' : verdicts.has('mendable') ? 'mendable' : 'intact'
}
