import {
  RECORD_FLAG,
  type HashIndex,
  type Liveness,
  type ReplayedRecord,
  type Supersession,
} from '../../segments/index.js'
import type { ExpiryTable } from './expiry-table.js'
import { seekPlace, TAG } from './key-entry.js'
import { KIND } from './kinds.js'
import type { ObjectTable } from './objects/object-table.js'

/** Kinds of the records that say what a key has: the newest one holds. */
const OF_KEYS = [KIND.string, KIND.list, KIND.stream] as const

/** Slots of the index that are looked at until others have their turn: they lie one behind the other, so some 20 us. */
const SLOTS_A_TURN = 16_384

/**
 * What compaction asks about the records of keys and of what they have, and tells of them. It may leave the index standing on any
 * entry. Of the members of objects no history is kept.
 */
export class KeyLiveness implements Liveness {
  readonly supersession: Supersession = {
    by: new Map<number, readonly number[]>([
      ...OF_KEYS.map((kind) => [kind, OF_KEYS] as const),
      // Bound to its value: another value takes it away.
      [KIND.expiry, [KIND.expiry, ...OF_KEYS]],
    ]),
    all: [KIND.floor],
  }
  readonly #index: HashIndex
  readonly #expiries: ExpiryTable
  readonly #objects: ObjectTable

  constructor(index: HashIndex, expiries: ExpiryTable, objects: ObjectTable) {
    this.#index = index
    this.#expiries = expiries
    this.#objects = objects
  }

  isLive(record: ReplayedRecord): boolean {
    const { kind, flags, hi, lo, segmentNumber, position } = record
    if ((flags & RECORD_FLAG.member) !== 0) return this.#objects.isLive(record)
    if (kind === KIND.expiry) return this.#isLiveExpiry(record)
    return this.isOfKey(kind) && seekPlace(this.#index, hi, lo, segmentNumber, position)
  }

  /** Whether a record of this kind says what a key has. */
  isOfKey(kind: number): boolean {
    return kind === KIND.string || this.#objects.isObject(kind)
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
    for (const counted of this.#objects.countRecords(counts)) {
      looked += counted
      if (looked < SLOTS_A_TURN) continue
      looked = 0
      await new Promise(setImmediate)
    }
    return segmentNumbers.map((number) => counts[number]!)
  }

  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    const { hi, lo } = record
    if ((record.flags & RECORD_FLAG.member) !== 0) return this.#objects.moved(record, segmentNumber, position)
    const index = this.#index
    const expiries = this.#expiries
    if (record.kind !== KIND.expiry) {
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
