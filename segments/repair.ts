import { sealBatch } from './batch.js'
import { type Disk, replaceFile, writeWhole } from './disk.js'
import { FlinError } from './errors.js'
import { BATCH_HEADER_SIZE } from './format.js'
import { FolderLock } from './lock.js'
import {
  type DamagedRange,
  type LoadedSegment,
  type LogFolder,
  readLogFolder,
  readSideFile,
  SegmentLoader,
  segmentSteps,
} from './log-folder.js'
import { type Manifest, type ManifestSegment, vouchedOffset, writeManifest } from './manifest.js'
import { QUARANTINE_FOLDER, segmentName, sideFileName, suspectName } from './names.js'
import { NodeDisk } from './node-disk.js'
import { encodeSideFile } from './side-file.js'
import { sideFileFault, Surveyor } from './survey.js'

/**
 * Runs a job on a log's folder while nobody else may.
 * @throws FlinError FOLDER_LOCKED when another process has it, and as readLogFolder does
 */
export async function withLockedFolder<T>(folder: string, job: (disk: Disk) => Promise<T>): Promise<T> {
  const disk = new NodeDisk(folder)
  await readLogFolder(disk) // taking a folder makes it: one that is not there stays so
  const lock = await FolderLock.take(folder)
  try {
    return await job(disk)
  } finally {
    await lock.release()
  }
}

/** What a repair does to one segment. */
export interface RepairStep {
  readonly segment: string
  /**
   * - `rewrite`: its intact batches go into a new generation;
   * - `drop`: nothing of it is intact, or the file is gone: the log goes on without it;
   * - `remove-side-file`: the segment is whole, its side file is wrong; the next start writes it anew.
   */
  readonly action: 'rewrite' | 'drop' | 'remove-side-file'
  /** Whether there is no file at all. */
  readonly isMissing: boolean
  readonly damages: readonly DamagedRange[]
  /** Files that keep what is cut, one for each damage that has bytes. */
  readonly quarantine: readonly string[]
  readonly keptBatchCount: number
  readonly keptRecordCount: number
  /** The new generation's name; null unless it is rewritten. */
  readonly becomes: string | null
}

export interface RepairPlan {
  readonly logId: string
  /** Empty: there is nothing to repair. */
  readonly steps: readonly RepairStep[]
  /** What is in the manifest's place afterwards. */
  readonly manifest: Manifest
}

/**
 * Says what {@link applyRepair} would do; reads only.
 * @throws FlinError as readLogFolder does: a log without its manifest cannot be repaired, only restored
 */
export async function planRepair(disk: Disk): Promise<RepairPlan> {
  const folder = await readLogFolder(disk)
  const loader = new SegmentLoader()
  const surveyor = new Surveyor()
  const steps: RepairStep[] = []
  const segments: ManifestSegment[] = []
  let lastEpoch = 0
  for (const entry of folder.manifest.segments) {
    const loaded = await loader.load(folder, entry)
    const survey = surveyor.survey(folder, loaded, lastEpoch)
    lastEpoch = Math.max(lastEpoch, survey.lastEpoch)
    const { damages } = survey
    if (damages.length === 0) {
      segments.push(entry)
      const side = entry.sealed === null ? null : await readSideFile(folder, entry)
      const isWrong = side?.state === 'damaged' || (side?.state === 'ok' && sideFileFault(side.side, survey) !== null)
      if (isWrong) steps.push(step(loaded, 'remove-side-file', [], survey.batchCount, survey.columns.count, null))
      continue
    }
    const isDropped = entry.sealed !== null && survey.batchCount === 0
    if (isDropped) {
      steps.push(step(loaded, 'drop', damages, 0, 0, null))
      continue
    }
    const next = nextGeneration(entry, damages)
    segments.push(next)
    const becomes = segmentName(next.baseOffset, next.generation)
    steps.push(step(loaded, 'rewrite', damages, survey.batchCount, survey.columns.count, becomes))
  }
  return { logId: folder.manifest.logId, steps, manifest: { ...folder.manifest, segments } }
}

function step(
  { name, fileSize }: LoadedSegment,
  action: RepairStep['action'],
  damages: readonly DamagedRange[],
  keptBatchCount: number,
  keptRecordCount: number,
  becomes: string | null,
): RepairStep {
  const quarantine = damages.filter(({ size }) => fileSize !== null && size > 0).map((it) => quarantineName(name, it))
  const isMissing = fileSize === null
  return { segment: name, action, isMissing, damages, quarantine, keptBatchCount, keptRecordCount, becomes }
}

function quarantineName(segment: string, { position, torn }: DamagedRange): string {
  return `${QUARANTINE_FOLDER}/${segment}.${position}.${torn ? 'torn' : 'damaged'}`
}

function nextGeneration({ baseOffset, generation, sealed }: ManifestSegment, damages: readonly DamagedRange[]) {
  const cut = damages.reduce((size, damage) => size + damage.size, 0)
  const next = { baseOffset, generation: generation + 1 }
  return { ...next, sealed: sealed === null ? null : { size: sealed.size - cut, endOffset: sealed.endOffset } }
}

/**
 * Does what a plan says: keeps what is cut, writes the new generations beside the old ones, and makes them the log by one
 * switch of the manifest. A crash before the switch leaves the log as it was; after it, as it will be. The caller holds the
 * folder's lock.
 */
export async function applyRepair(disk: Disk, plan: RepairPlan): Promise<void> {
  const folder = await readLogFolder(disk)
  const loader = new SegmentLoader()
  const gone: string[] = []
  for (const entry of folder.manifest.segments) {
    const name = segmentName(entry.baseOffset, entry.generation)
    const todo = plan.steps.find(({ segment }) => segment === name)
    if (todo === undefined) continue
    const sideFile = sideFileName(entry.baseOffset, entry.generation)
    gone.push(sideFile, suspectName(sideFile))
    if (todo.action === 'remove-side-file') continue
    gone.push(name)
    const loaded = await loader.load(folder, entry)
    await keepDamaged(disk, loaded, todo.damages)
    if (todo.action === 'rewrite') await rewrite(folder, loaded, todo.damages)
  }
  await disk.syncFolder()
  await writeManifest(disk, plan.manifest)
  const names = new Set(await disk.list())
  for (const name of gone) if (names.has(name)) await disk.remove(name)
  await disk.syncFolder()
}

async function keepDamaged(disk: Disk, loaded: LoadedSegment, damages: readonly DamagedRange[]): Promise<void> {
  if (loaded.fileSize === null || damages.length === 0) return
  await disk.makeFolder(QUARANTINE_FOLDER)
  for (const damage of damages) {
    const { position, size } = damage
    if (size > 0)
      await replaceFile(disk, quarantineName(loaded.name, damage), loaded.bytes.subarray(position, position + size))
  }
  await disk.syncFolder(QUARANTINE_FOLDER)
}

/** Writes the next generation and, of a sealed segment, its side file. */
async function rewrite(folder: LogFolder, loaded: LoadedSegment, damages: readonly DamagedRange[]): Promise<void> {
  const { disk } = folder
  const next = nextGeneration(loaded.entry, damages)
  const name = segmentName(next.baseOffset, next.generation)
  // The active segment stays preallocated, with room for the batch that may be added.
  const bytes = Buffer.alloc(next.sealed?.size ?? loaded.end + BATCH_HEADER_SIZE)
  let size = 0
  let endOffset = next.baseOffset
  let epoch = folder.manifest.epochs.at(-1)?.[0] ?? 0
  let timestampMs = 0
  const cut = new Set(damages.map(({ position }) => position))
  for (const it of segmentSteps(folder, loaded)) {
    // A batch may be whole and yet be cut: its epoch is judged by the segments before.
    if (it.type === 'damage' || cut.has(it.position)) continue
    const { position, header } = it
    loaded.bytes.copy(bytes, size, position, position + header.size)
    size += header.size
    endOffset = header.lastOffset + 1
    epoch = header.epoch
    timestampMs = header.timestampMs
  }
  if (next.sealed !== null && size !== next.sealed.size) {
    throw new FlinError('LOG_CORRUPT', `the segment ${loaded.name} is not as it was when the repair was planned`)
  }
  const lostEnd = lostEndOf(folder.manifest, damages)
  if (next.sealed === null && lostEnd > endOffset) {
    // Offsets that were told to somebody are not given again: a batch without records leads on behind them.
    const offsets = { baseOffset: lostEnd, lastOffset: lostEnd - 1, durableOffset: lostEnd }
    sealBatch(bytes, size, { ...offsets, count: 0, size: BATCH_HEADER_SIZE, epoch, timestampMs }, folder.seed)
    size += BATCH_HEADER_SIZE
  }
  const end = next.sealed?.size ?? Math.max(size, loaded.end)
  await writeAside(disk, name, bytes.subarray(0, end))
  if (next.sealed === null) return
  const rewritten: LoadedSegment = { entry: next, name, bytes, end, fileSize: end }
  const { columns, sparse, digest, ...survey } = new Surveyor().survey(folder, rewritten)
  const side = {
    generation: next.generation,
    baseOffset: next.baseOffset,
    endOffset: next.sealed.endOffset,
    segmentSize: size,
    tombstoneCount: survey.tombstoneCount,
    firstTimestampMs: survey.firstTimestampMs,
    lastTimestampMs: survey.lastTimestampMs,
    lastEpoch: survey.lastEpoch,
  }
  const sideName = sideFileName(next.baseOffset, next.generation)
  await writeAside(disk, sideName, encodeSideFile({ ...side, digest, columns, sparse }, folder.seed))
}

/** Behind the last offset that is known to have been written and is lost for good; 0 when none is. */
function lostEndOf(manifest: Manifest, damages: readonly DamagedRange[]): number {
  if (damages.every(({ torn }) => torn)) return 0
  return damages.reduce((end, { endOffset }) => Math.max(end, endOffset ?? 0), vouchedOffset(manifest))
}

async function writeAside(disk: Disk, name: string, bytes: Buffer): Promise<void> {
  await writeWhole(disk, `${name}.tmp`, bytes)
  await disk.rename(`${name}.tmp`, name)
}
