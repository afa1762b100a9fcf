import type { BatchHeader } from './batch.js'
import type { Disk } from './disk.js'
import {
  type DamagedRange,
  type LoadedSegment,
  type LogFolder,
  readLogFolder,
  readSideFile,
  SegmentLoader,
  segmentSteps,
  settle,
} from './log-folder.js'
import type { ManifestSegment } from './manifest.js'
import { parseSegmentName, QUARANTINE_FOLDER, segmentName } from './names.js'
import { isNodeError } from './node-disk.js'
import { isBehind, isCompactedAway, isUnwritten, unnamedFiles } from './orphans.js'
import { type SegmentSurvey, Surveyor } from './survey.js'

/** A segment as `flin log ls` shows it. */
export interface SegmentSummary {
  readonly name: string
  readonly baseOffset: number
  /** Behind its last record. */
  readonly endOffset: number
  readonly generation: number
  readonly state: 'sealed' | 'active' | 'missing'
  /** Bytes of batches. */
  readonly size: number
  readonly recordCount: number
  readonly tombstoneCount: number
  /** In ms since 1970; 0 when it has no batch. */
  readonly firstTimestampMs: number
  readonly lastTimestampMs: number
  /** The active segment has none yet. */
  readonly sideFile: 'ok' | 'missing' | 'damaged' | 'none'
  /** Damage was met, beyond a torn tail. A sealed segment with a good side file has not been read. */
  readonly isDamaged: boolean
}

export interface LogSummary {
  readonly logId: string
  readonly epochs: readonly (readonly [epoch: number, firstOffset: number])[]
  readonly compactionHorizon: number
  readonly startOffset: number
  readonly endOffset: number
  readonly segments: readonly SegmentSummary[]
  /** Files in `quarantine/`. */
  readonly quarantined: readonly string[]
  /** Files that belong to no log: what a crash left behind, and the next start clears. */
  readonly orphans: readonly string[]
}

/**
 * Which segments a log has, without looking at every checksum: sealed ones are known from their side files.
 * @param snapshot of this disk, to tell of its moment; files that do not belong to the log are looked for on the disk itself
 * @throws FlinError as {@link readLogFolder} does
 */
export async function listSegments(disk: Disk, snapshot = disk): Promise<LogSummary> {
  const tour = new Tour(snapshot)
  const segments: SegmentSummary[] = []
  for (let entry = await tour.next(); entry !== null; entry = await tour.next()) {
    const { folder } = tour
    const { baseOffset, generation, sealed } = entry
    const common = { name: segmentName(baseOffset, generation), baseOffset, generation }
    const side = sealed === null ? null : await readSideFile(folder, entry)
    if (side?.state === 'ok') {
      const { tombstoneCount, firstTimestampMs, lastTimestampMs, columns } = side.side
      const facts = { recordCount: columns.count, tombstoneCount, firstTimestampMs, lastTimestampMs }
      segments.push({ ...common, ...facts, ...sealed!, state: 'sealed', sideFile: 'ok', isDamaged: false })
      continue
    }
    const surveyed = await tour.survey(entry)
    if (surveyed === null) continue
    const { loaded, survey } = surveyed
    const { tombstoneCount, firstTimestampMs, lastTimestampMs } = survey
    const facts = { recordCount: survey.columns.count, tombstoneCount, firstTimestampMs, lastTimestampMs }
    const extent = sealed ?? { size: survey.size, endOffset: survey.endOffset }
    const state = loaded.fileSize === null ? 'missing' : sealed === null ? 'active' : 'sealed'
    const isDamaged = state === 'missing' || survey.damages.some(({ torn }) => !torn)
    segments.push({ ...common, ...facts, ...extent, state, sideFile: side?.state ?? 'none', isDamaged })
  }
  const { logId, epochs, compactionHorizon } = tour.folder.manifest
  return {
    ...{ logId, epochs, compactionHorizon, segments },
    startOffset: segments[0]?.baseOffset ?? 0,
    endOffset: segments.at(-1)?.endOffset ?? 0,
    quarantined: (await disk.list(QUARANTINE_FOLDER)).sort(),
    orphans: (await findOrphans(disk)).map(({ name }) => name),
  }
}

/** A file in the folder that the manifest does not explain. */
export interface Orphan {
  readonly name: string
  /** A segment behind all that the manifest names, with something in it: the manifest is older than the log. */
  readonly isNewer: boolean
}

/** So often, and so far apart, it is looked again at what an owner may be removing just now. */
const REMOVAL_LOOKS = 10
const REMOVAL_LOOK_MS = 50

/**
 * Files that the manifest does not explain. Work files and segments that are made ready, and not yet named, are left out: they
 * are an owner's, who may be at work just now, or what one has left, and hold nothing either way. What compaction has rewritten
 * its owner removes: that is told of when it stays.
 */
export async function findOrphans(disk: Disk): Promise<Orphan[]> {
  let found = await lookForOrphans(disk)
  for (let i = 0; i < REMOVAL_LOOKS && found.some((it) => it.isReplaced); i++) {
    await new Promise((resolve) => setTimeout(resolve, REMOVAL_LOOK_MS))
    const names = new Set(found.map(({ name }) => name))
    found = (await lookForOrphans(disk)).filter(({ name }) => names.has(name))
  }
  return found.map(({ name, isNewer }) => ({ name, isNewer }))
}

/** Looks in an order in which no segment that an owner adds meanwhile passes for an orphan. */
async function lookForOrphans(disk: Disk): Promise<(Orphan & { isReplaced: boolean })[]> {
  const names = await disk.list()
  const written = new Set<string>()
  for (const name of names) {
    if (parseSegmentName(name) !== null && !(await isUnwrittenOrGone(disk, name))) written.add(name)
  }
  const { manifest } = await readLogFolder(disk)
  const still = new Set(await disk.list())
  return unnamedFiles(names, manifest)
    .filter((name) => !name.endsWith('.tmp') && still.has(name))
    .filter((name) => written.has(name) || !isBehind(name, manifest))
    .sort()
    .map((name) => ({
      name,
      isNewer: written.has(name) && isBehind(name, manifest),
      isReplaced: isCompactedAway(Number.parseInt(name, 10), manifest),
    }))
}

async function isUnwrittenOrGone(disk: Disk, name: string): Promise<boolean> {
  try {
    return await isUnwritten(disk, name)
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return true
    throw error
  }
}

/**
 * Goes along the segments of a log that may be changing: when a segment is gone because its owner has rewritten it, the tour
 * goes on with the manifest as it is then.
 */
export class Tour {
  readonly #disk: Disk
  readonly #loader = new SegmentLoader()
  readonly #surveyor = new Surveyor()
  #folder: LogFolder | null = null
  #nextOffset: number
  #isOver = false

  /** @param fromOffset segments that end at or below it are left out */
  constructor(disk: Disk, fromOffset = 0) {
    this.#disk = disk
    this.#nextOffset = fromOffset
  }

  get folder(): LogFolder {
    return this.#folder!
  }

  async next(): Promise<ManifestSegment | null> {
    if (this.#isOver) return null
    this.#folder ??= await readLogFolder(this.#disk)
    for (const entry of this.#folder.manifest.segments) {
      if (entry.sealed !== null && entry.sealed.endOffset <= this.#nextOffset) continue
      if (entry.sealed === null) this.#isOver = true
      else this.#nextOffset = entry.sealed.endOffset
      return entry
    }
    return null
  }

  /** The bytes of the segment that {@link next} returned; null when it has been replaced meanwhile: ask for the next. */
  async load(entry: ManifestSegment): Promise<LoadedSegment | null> {
    const loaded = await this.#loader.load(this.folder, entry)
    if (loaded.fileSize !== null) return loaded
    const now = await readLogFolder(this.#disk)
    const isListed = now.manifest.segments.some(
      ({ baseOffset, generation }) => baseOffset === entry.baseOffset && generation === entry.generation,
    )
    if (isListed) return loaded
    this.#folder = now
    this.#nextOffset = entry.baseOffset
    this.#isOver = false
    return null
  }

  /**
   * As {@link load}, and all that there is to know of it.
   * @param epochBefore the highest epoch of the segments before; 0: not known
   */
  async survey(
    entry: ManifestSegment,
    epochBefore = 0,
  ): Promise<{ loaded: LoadedSegment; survey: SegmentSurvey } | null> {
    const loaded = await this.load(entry)
    if (loaded === null) return null
    let survey = this.#surveyor.survey(this.folder, loaded, epochBefore)
    if (entry.sealed === null && survey.damages.length > 0) {
      await settle(this.folder, loaded)
      survey = this.#surveyor.survey(this.folder, loaded, epochBefore)
    }
    return { loaded, survey }
  }
}

/** What {@link readBatches} meets. `bytes` are valid until the next step is asked for. */
export type LogStep =
  | {
      readonly type: 'batch'
      readonly segment: string
      readonly position: number
      readonly header: BatchHeader
      readonly bytes: Buffer
    }
  | { readonly type: 'damage'; readonly segment: string; readonly damage: DamagedRange }

/**
 * Reads the log's batches in order, verified, from the one that holds `fromOffset` to the one that holds `toOffset`; damage
 * is told and passed by. The records of a batch follow its header; walk them with `RecordView`.
 * @throws FlinError as {@link readLogFolder} does
 */
export async function* readBatches(
  disk: Disk,
  fromOffset = 0,
  toOffset = Infinity,
): AsyncGenerator<LogStep, void, undefined> {
  const tour = new Tour(disk, fromOffset)
  let nextOffset = fromOffset
  let lastEpoch = 0
  for (let entry = await tour.next(); entry !== null; entry = await tour.next()) {
    if (entry.baseOffset > toOffset) return
    const loaded = await tour.load(entry)
    if (loaded === null) continue
    await settle(tour.folder, loaded)
    const { name, bytes } = loaded
    for (const step of segmentSteps(tour.folder, loaded, lastEpoch)) {
      if (step.type === 'damage') {
        const { firstOffset, endOffset } = step.damage
        if (firstOffset > toOffset) return
        if (endOffset === null || endOffset > nextOffset) yield { type: 'damage', segment: name, damage: step.damage }
        continue
      }
      const { position, header } = step
      lastEpoch = header.epoch
      if (header.baseOffset > toOffset) return
      // What a rewritten segment repeats has been told.
      if (header.count === 0 ? header.baseOffset < nextOffset : header.lastOffset < nextOffset) continue
      nextOffset = header.lastOffset + 1
      yield { type: 'batch', segment: name, position, header, bytes }
    }
  }
}
