import { ALIGNMENT, BATCH_MAGIC } from './format.js'
import { type BatchHeader, bodyIsIntact, readHeader, recordsFit } from './batch.js'
import { readU32 } from './record.js'

/** What a walk over a segment meets, in order of position. */
export type Step =
  | { readonly type: 'batch'; readonly position: number; readonly header: BatchHeader }
  | { readonly type: 'damage'; readonly damage: Damage }

/** A stretch of a segment that is not what was written. */
export interface Damage {
  readonly position: number
  readonly size: number
  /** The offsets that lie in it: from here ... */
  readonly firstOffset: number
  /** ... to before the first record behind it; null when no intact batch follows. */
  readonly endOffset: number | null
  /** Whether an intact batch behind it says that these offsets had been synced: then it is corruption, not a torn write. */
  readonly vouched: boolean
}

/**
 * Walks the batches of a segment from `start`. Stops at zeroes that reach to `end`; anything else that is no intact
 * batch in its turn is damage, and the walk goes on at the next batch that is intact and later in the log (so that an old
 * batch, or one inside a value, does not pass for the continuation).
 */
export function* walkSegment(
  bytes: Buffer,
  start: number,
  end: number,
  seed: number,
  firstOffset: number,
): Generator<Step, void, undefined> {
  let position = start
  let nextOffset = firstOffset
  while (position < end) {
    const header = intactBatch(bytes, position, end, seed, nextOffset)
    if (header !== null) {
      yield { type: 'batch', position, header }
      position += header.size
      nextOffset = header.lastOffset + 1
      continue
    }
    if (isZero(bytes, position, end)) return
    const resume = nextIntact(bytes, position + ALIGNMENT, end, seed, nextOffset)
    yield { type: 'damage', damage: describe(bytes, position, resume, end, seed, nextOffset) }
    if (resume === -1) return
    position = resume
    nextOffset = readHeader(bytes, resume, end, seed)!.baseOffset
  }
}

function intactBatch(bytes: Buffer, at: number, end: number, seed: number, minOffset: number): BatchHeader | null {
  const header = readHeader(bytes, at, end, seed)
  if (header === null || header.baseOffset < minOffset) return null
  return bodyIsIntact(bytes, at, end, header, seed) && recordsFit(bytes, at, header) ? header : null
}

function nextIntact(bytes: Buffer, from: number, end: number, seed: number, minOffset: number): number {
  for (let at = from; at < end; at += ALIGNMENT) {
    if (readU32(bytes, at) === BATCH_MAGIC && intactBatch(bytes, at, end, seed, minOffset) !== null) return at
  }
  return -1
}

/** Evidence is taken from every intact batch behind the damage, not only from the next one. */
function describe(
  bytes: Buffer,
  position: number,
  resume: number,
  end: number,
  seed: number,
  firstOffset: number,
): Damage {
  let vouched = false
  let endOffset: number | null = null
  for (let at = resume; at !== -1 && at < end;) {
    const header = intactBatch(bytes, at, end, seed, firstOffset)
    if (header === null) {
      at = nextIntact(bytes, at + ALIGNMENT, end, seed, firstOffset)
      continue
    }
    endOffset ??= header.baseOffset
    if (header.durableOffset > firstOffset) {
      vouched = true
      break
    }
    at += header.size
  }
  const stop = resume === -1 ? lastNonZero(bytes, position, end) : resume
  return { position, size: stop - position, firstOffset, endOffset, vouched }
}

/** What is lost, in words; `endOffset` null: nobody can tell how much. */
export function lostOffsets(firstOffset: number, endOffset: number | null): string {
  if (endOffset === null) return `offsets from ${firstOffset} on are lost`
  if (endOffset <= firstOffset) return 'no record is lost'
  const last = endOffset - 1
  return last === firstOffset ? `offset ${last} is lost` : `offsets ${firstOffset} to ${last} are lost`
}

export function isZero(bytes: Buffer, start: number, end: number): boolean {
  return lastNonZero(bytes, start, end) === start
}

/** Position behind the last byte that is not zero, `start` when there is none. */
export function lastNonZero(bytes: Buffer, start: number, end: number): number {
  let at = end
  while (at - ZEROES.length >= start && ZEROES.compare(bytes, at - ZEROES.length, at) === 0) at -= ZEROES.length
  while (at > start && bytes[at - 1] === 0) at--
  return at
}

const ZEROES = Buffer.alloc(64 * 1024)
