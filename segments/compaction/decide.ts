import { RECORD_FLAG, firstBuried } from '../format.js'
import { emptyRecord } from '../recovery.js'
import type { Segment } from '../segment.js'
import type { Liveness } from './liveness.js'
import { stopped } from './pace.js'
import type { SegmentScan } from './scan.js'
import type { TombstoneRule } from './tombstones.js'
import { Turns } from './turns.js'

/** Decisions until it is asked whether others should have their turn: each looks into the index. */
const DECISIONS_A_LOOK = 512

/** What stays of a segment, 1 for each record that does; and the highest tombstone that goes, 0 when none does. */
export interface Decided {
  readonly keep: Uint8Array
  readonly horizon: number
}

/**
 * Asks the models which records of a segment are alive, in slices, so that the loop goes on meanwhile. What is alive when it
 * is asked about may die before the last answer; what is dead stays so.
 * @throws FlinError LOG_CLOSED when it is no longer wanted
 */
export async function decide(
  { columns, tombstoneOffsets }: SegmentScan,
  segment: Segment,
  liveness: Liveness,
  rule: TombstoneRule,
  isStopped: () => boolean,
): Promise<Decided> {
  const { words, kinds, data, count } = columns
  const keep = new Uint8Array(count)
  const record = emptyRecord()
  record.segmentNumber = segment.number
  let nextDatum = 0
  let nextTombstone = 0
  let horizon = 0
  const turns = new Turns()
  for (let i = 0; i < count; i++) {
    record.kind = kinds[i]! & 0xff
    record.flags = kinds[i]! >>> 8
    record.datum = (record.flags & RECORD_FLAG.datum) === 0 ? 0 : data[nextDatum++]!
    if ((record.flags & RECORD_FLAG.tombstone) !== 0) {
      const offset = tombstoneOffsets[nextTombstone++]!
      if (rule.mayGo(firstBuried(record.flags, record.datum), offset)) horizon = Math.max(horizon, offset)
      else keep[i] = 1
    } else {
      record.hi = words[i * 3]!
      record.lo = words[i * 3 + 1]!
      record.position = words[i * 3 + 2]! >>> 0
      if (liveness.isLive(record)) keep[i] = 1
    }
    if (i % DECISIONS_A_LOOK === DECISIONS_A_LOOK - 1 && turns.isOver) {
      await turns.give()
      if (isStopped()) throw stopped()
    }
  }
  return { keep, horizon }
}
