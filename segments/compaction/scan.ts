import { type BatchHeader, readHeader } from '../batch.js'
import { FlinError } from '../errors.js'
import { BATCH_HEADER_SIZE, RECORD_FLAG } from '../format.js'
import type { KeyHasher } from '../key-hash.js'
import { RecordView } from '../record.js'
import { RestartColumns } from '../restart-columns.js'
import { walkSegment } from '../walk.js'
import type { Pace } from './pace.js'

/** A sealed segment that is to be rewritten. */
export interface Source {
  readonly name: string
  readonly baseOffset: number
  /** Bytes. */
  readonly size: number
  /** Its bytes where they are taken from memory; null: they are read from its file. */
  readonly memory: Buffer | null
  /** They are those that were written, or verified when they were read: only headers are looked at, which are the way through. */
  readonly isTrusted: boolean
}

/** What decisions are made of: the records of a segment, in order, as its batches say. */
export interface SegmentScan {
  readonly columns: RestartColumns
  /** Offsets of its tombstones, in order. */
  readonly tombstoneOffsets: readonly number[]
}

/**
 * Reads all records of a segment, verifying every batch that is not trusted.
 * @throws FlinError LOG_CORRUPT when it is not what was written
 */
export async function scanSegment(
  source: Source,
  bytes: Buffer,
  seed: number,
  hasher: KeyHasher,
  pace: Pace,
): Promise<SegmentScan> {
  const columns = new RestartColumns()
  const tombstoneOffsets: number[] = []
  const view = new RecordView()
  for (const { position, header } of intactBatches(source, bytes, seed)) {
    let at = position + BATCH_HEADER_SIZE
    for (let i = 0; i < header.count; i++, at = view.next) {
      view.at(bytes, at)
      view.identify(hasher)
      columns.add(hasher.hi, hasher.lo, at, view.kind, view.flags)
      if ((view.flags & RECORD_FLAG.datum) !== 0) columns.addDatum(view.datum)
      if (view.isTombstone) tombstoneOffsets.push(header.baseOffset + view.offsetDelta)
    }
    await pace.worked(header.size)
  }
  return { columns, tombstoneOffsets }
}

/** The batches of a segment, in order. @throws FlinError LOG_CORRUPT where one is damaged or missing */
export function* intactBatches(
  source: Source,
  bytes: Buffer,
  seed: number,
): Generator<{ position: number; header: BatchHeader }, void, undefined> {
  if (source.isTrusted) {
    yield* trustedBatches(source, bytes, seed)
    return
  }
  let end = 0
  for (const step of walkSegment(bytes, 0, source.size, seed, source.baseOffset)) {
    if (step.type === 'damage') throw damaged(source, step.damage.position)
    end = step.position + step.header.size
    yield step
  }
  // Zeroes at the end are no damage to a walk, but a sealed segment has none.
  if (end !== source.size) throw damaged(source, end)
}

function* trustedBatches(source: Source, bytes: Buffer, seed: number) {
  for (let position = 0; position < source.size;) {
    const header = readHeader(bytes, position, source.size, seed)
    if (header === null) throw damaged(source, position)
    yield { position, header }
    position += header.size
  }
}

function damaged({ name }: Source, position: number): FlinError {
  return new FlinError('LOG_CORRUPT', `segment ${name} is damaged at position ${position}: it is not compacted`)
}
