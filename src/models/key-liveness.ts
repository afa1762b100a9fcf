import {
  sizeClassOf,
  type HashIndex,
  type Liveness,
  type ReplayedRecord,
  type Supersession,
} from '../../segments/index.js'
import type { ExpiryTable } from './expiry-table.js'
import { KIND } from './kinds.js'

/** Bits of an index entry's tag; from {@link TAG_SIZE_SHIFT} on it holds the size class of the record. */
export const TAG = { expires: 1, collides: 2 } as const
export const TAG_SIZE_SHIFT = 2

/** Slots of the index that are looked at until others have their turn: they lie one behind the other, so some 20 us. */
const SLOTS_A_TURN = 16_384

/** The part of a tag that says how large the record is. */
export function sizeTag(size: number): number {
  return sizeClassOf(size) << TAG_SIZE_SHIFT
}

/** Stands on the entry with this hash and place; false when there is none: the record there is not the newest of its key. */
export function seekPlace(index: HashIndex, hi: number, lo: number, segment: number, position: number): boolean {
  for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
    if (index.segment === segment && index.position === position) return true
  }
  return false
}

/** What compaction asks about the records of keys, and tells of them. It may leave the index standing on any entry. */
export class KeyLiveness implements Liveness {
  readonly supersession: Supersession = {
    by: new Map([
      [KIND.string, [KIND.string]],
      // Bound to its value: another value takes it away.
      [KIND.expiry, [KIND.expiry, KIND.string]],
    ]),
    all: [KIND.floor],
  }
  readonly #index: HashIndex
  readonly #expiries: ExpiryTable

  constructor(index: HashIndex, expiries: ExpiryTable) {
    this.#index = index
    this.#expiries = expiries
  }

  isLive(record: ReplayedRecord): boolean {
    const { kind, hi, lo, segmentNumber, position } = record
    if (kind === KIND.string) return seekPlace(this.#index, hi, lo, segmentNumber, position)
    return kind === KIND.expiry && this.#isLiveExpiry(record)
  }

  #isLiveExpiry({ hi, lo, segmentNumber, position }: ReplayedRecord): boolean {
    const index = this.#index
    const expiries = this.#expiries
    for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
      if ((index.tag & TAG.expires) === 0) continue
      if (!expiries.find(hi, lo, index.segment, index.position)) continue
      if (expiries.recordSegment === segmentNumber && expiries.recordPosition === position) return true
    }
    return false
  }

  /** When the key of a live value expires, in ms since 1970; 0 when it does not. */
  expireAtOf({ hi, lo, segmentNumber, position }: ReplayedRecord): number {
    const isFound = this.#expiries.find(hi, lo, segmentNumber, position)
    return isFound ? this.#expiries.expireAt : 0
  }

  readonly countLive = async (segmentNumbers: readonly number[]): Promise<readonly number[]> => {
    const index = this.#index
    const expiries = this.#expiries
    const counts = new Int32Array(Math.max(...segmentNumbers) + 1).fill(-1)
    for (const number of segmentNumbers) counts[number] = 0
    let looked = 0
    for (let table = 0; table < index.tableCount; table++) {
      looked += index.countPlaces(table, counts)
      if (looked < SLOTS_A_TURN) continue
      looked = 0
      await new Promise(setImmediate)
    }
    for (let chunk = expiries.chunkCount - 1; chunk >= 0; chunk--) {
      expiries.countRecords(chunk, counts)
      await new Promise(setImmediate)
    }
    return segmentNumbers.map((number) => counts[number]!)
  }

  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    const { hi, lo } = record
    const index = this.#index
    const expiries = this.#expiries
    if (record.kind === KIND.string) {
      const isNewest = index.replacePlace(hi, lo, record.segmentNumber, record.position, segmentNumber, position)
      if (isNewest && (index.tag & TAG.expires) !== 0) {
        expiries.moveValue(hi, lo, record.segmentNumber, record.position, segmentNumber, position)
      }
      return isNewest
    }
    if (!this.#isLiveExpiry(record)) return false
    expiries.moveRecord(segmentNumber, position)
    return true
  }
}
