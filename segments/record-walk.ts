import type { Liveness } from './compaction/liveness.js'
import type { Disk } from './disk.js'
import { FileMemory } from './disk.js'
import { BATCH_HEADER_SIZE, RECORD_FLAG } from './format.js'
import type { Log } from './log.js'
import { type LogFolder, readLogFolder, readSideFile, SegmentLoader, segmentSteps } from './log-folder.js'
import type { ManifestSegment } from './manifest.js'
import { RecordView } from './record.js'
import { emptyRecord, type ReplayedRecord } from './recovery.js'
import type { RestartColumns } from './restart-columns.js'
import type { Segment } from './segment.js'
import { Surveyor } from './survey.js'

/** Records that are worked through until others have their turn. */
const RECORDS_A_TURN = 65_536

/** What a segment is made of. Sizes in bytes; a batch's header counts with the record before it, the first with the one behind. */
export interface SegmentTally {
  readonly name: string
  readonly size: number
  readonly recordCount: number
  /** Records that the state is made of. The rest of the size is dead. */
  readonly liveCount: number
  readonly liveSize: number
  /** Of what is dead: tombstones, which compaction keeps for as long as what they bury may be somewhere. */
  readonly tombstoneCount: number
  readonly tombstoneSize: number
}

/**
 * Counts what of each segment is alive, from side files where they are good.
 * @param log has been replayed from this disk, on which nothing changes: a `LogSnapshot`, or one whose log is closed to others
 */
export async function tallySegments(disk: Disk, log: Log, liveness: Liveness): Promise<SegmentTally[]> {
  const folder = await readLogFolder(disk)
  const memory = new FileMemory()
  const loader = new SegmentLoader()
  const surveyor = new Surveyor()
  const tallies: SegmentTally[] = []
  for (const [entry, segment] of pairs(folder, log)) {
    const side = entry.sealed === null ? null : await readSideFile(folder, entry, memory)
    const columns =
      side?.state === 'ok' ? side.side.columns : surveyor.survey(folder, await loader.load(folder, entry)).columns
    tallies.push(tallyOf(segment, columns, liveness))
    await new Promise(setImmediate)
  }
  return tallies
}

function tallyOf(segment: Segment, columns: RestartColumns, liveness: Liveness): SegmentTally {
  const { words, kinds, data, count } = columns
  const record = emptyRecord()
  record.segmentNumber = segment.number
  const tally = { liveCount: 0, liveSize: 0, tombstoneCount: 0, tombstoneSize: 0 }
  let nextDatum = 0
  let start = 0
  for (let i = 0; i < count; i++) {
    const end = i + 1 < count ? words[i * 3 + 5]! >>> 0 : segment.size
    record.kind = kinds[i]! & 0xff
    record.flags = kinds[i]! >>> 8
    record.hi = words[i * 3]!
    record.lo = words[i * 3 + 1]!
    record.position = words[i * 3 + 2]! >>> 0
    record.datum = (record.flags & RECORD_FLAG.datum) === 0 ? 0 : data[nextDatum++]!
    record.size = end - record.position
    if ((record.flags & RECORD_FLAG.tombstone) !== 0) {
      tally.tombstoneCount++
      tally.tombstoneSize += end - start
    } else if (liveness.isLive(record)) {
      tally.liveCount++
      tally.liveSize += end - start
    }
    start = end
  }
  return { name: segment.name, size: segment.size, recordCount: count, ...tally }
}

/** The segments of a manifest with those of the log that was rebuilt from it. */
function pairs({ manifest }: LogFolder, log: Log): [ManifestSegment, Segment][] {
  return manifest.segments.map((entry, i) => [entry, log.segments[i]!])
}

/** Told of a record: where it lies, which a later call changes; what it holds, likewise; and its offset. */
export type Visit = (record: ReplayedRecord, view: RecordView, offset: number) => void

/**
 * Hands every record to `visit`, in the order of the log, read segment by segment and verified; what is damaged is passed by, as
 * a replay for reading does.
 * @param log as {@link tallySegments} takes it
 * @param onSegment told when a segment has been walked through
 */
export async function walkRecords(
  disk: Disk,
  log: Log,
  visit: Visit,
  onSegment: (segment: Segment) => void = () => undefined,
): Promise<void> {
  const folder = await readLogFolder(disk)
  const loader = new SegmentLoader()
  for (const [entry, segment] of pairs(folder, log)) {
    const loaded = await loader.load(folder, entry)
    await walkLoaded(folder, loaded, segment.number, visit)
    onSegment(segment)
  }
}

async function walkLoaded(
  folder: LogFolder,
  loaded: Awaited<ReturnType<SegmentLoader['load']>>,
  segmentNumber: number,
  visit: Visit,
): Promise<void> {
  const { hasher } = folder
  const { bytes } = loaded
  const view = new RecordView()
  const record = emptyRecord()
  record.segmentNumber = segmentNumber
  let turn = 0
  for (const step of segmentSteps(folder, loaded)) {
    if (step.type === 'damage') continue
    const { header, position } = step
    let at = position + BATCH_HEADER_SIZE
    for (let i = 0; i < header.count; i++, at = view.next) {
      view.at(bytes, at)
      view.identify(hasher)
      record.kind = view.kind
      record.flags = view.flags
      record.hi = hasher.hi
      record.lo = hasher.lo
      record.position = at
      record.datum = view.datum
      record.size = view.next - at
      visit(record, view, header.baseOffset + view.offsetDelta)
    }
    turn += header.count
    if (turn < RECORDS_A_TURN) continue
    turn = 0
    await new Promise(setImmediate)
  }
}
