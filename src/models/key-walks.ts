import type { HashIndex, Log, Place, RecordView } from '../../segments/index.js'
import { ColdRead } from './cold.js'
import type { ExpiryTable } from './expiry-table.js'
import { TAG } from './key-entry.js'
import { RECORD_OVERHEAD } from './kinds.js'
import type { ObjectState } from './objects/object-state.js'

const RANDOM_TRIES_MAX = 100
/** Keys at once, where it does not matter how many. */
const SCAN_COUNT = 256

/** What walks need of the keyspace around index and expiries. */
interface Keys {
  readonly log: Log
  readonly now: number
  /** Where a key that was found lies. */
  readonly record: RecordView
  countsLookups: boolean
  isNewest: (segmentNumber: number, position: number) => boolean
  gateAll: () => void
  beginRemoving: (size: number) => void
  find: (key: Buffer, start: number, end: number) => boolean
  removeExpired: (key: Buffer, start: number, end: number) => boolean
}

/** Looks at keys that nobody has named: all of them in turn, one at random, some of those that expire. */
export class KeyWalks {
  readonly #keys: Keys
  readonly #index: HashIndex
  readonly #expiries: ExpiryTable
  /** What was chosen at random and has to be loaded before it can be told. */
  #choice: readonly [number, number] | null = null

  constructor(keys: Keys, index: HashIndex, expiries: ExpiryTable) {
    this.#keys = keys
    this.#index = index
    this.#expiries = expiries
  }

  #hasExpired(hi: number, lo: number, segment: number, position: number, tag: number): boolean {
    return (tag & TAG.expires) !== 0 && this.#expiries.hasExpired(hi, lo, segment, position, this.#keys.now)
  }

  /**
   * Visits keys from a cursor on, `count` of them more or less; Redis's guarantee holds. Returns the next cursor, 0 at the
   * end. The key handed over is valid during the call only. Of a log that is served damaged only those keys are visited that a
   * look-up answers.
   * @param passesLost whether keys whose records turn out to be damaged are passed by; otherwise their loading fails
   * @throws ColdRead when keys have to be loaded first; nothing has been visited then.
   */
  scan(
    cursor: number,
    count: number,
    visit: (bytes: Buffer, keyStart: number, keyEnd: number, kind: number) => void,
    passesLost = false,
  ): number {
    const { log, record } = this.#keys
    const { reader } = log
    const found: number[] = []
    const cold: Place[] = []
    const next = this.#index.scan(cursor, count, (hi, lo, segment, position, tag) => {
      if (this.#hasExpired(hi, lo, segment, position, tag) || !this.#keys.isNewest(segment, position)) return
      if (!reader.seek(segment, position)) {
        if (passesLost && reader.isLost(segment, position)) return
        cold.push({ segmentNumber: segment, position, mayBeLost: passesLost })
      }
      found.push(segment, position)
    })
    if (cold.length > 0) throw new ColdRead(cold)
    for (let i = 0; i < found.length; i += 2) {
      reader.seek(found[i]!, found[i + 1]!)
      record.at(reader.bytes, reader.start)
      visit(record.bytes, record.keyStart, record.keyEnd, record.kind)
    }
    this.#keys.gateAll()
    return next
  }

  /**
   * Name of the key that has an object; null: none has it.
   * @param hi hash of the key, with `lo`
   * @throws ColdRead when keys have to be loaded first.
   */
  keyOf({ kind, id }: ObjectState, hi: number, lo: number): Buffer | null {
    const { log, record } = this.#keys
    const { reader } = log
    for (let ok = this.#index.seek(hi, lo); ok; ok = this.#index.seekNext()) {
      const { segment, position } = this.#index
      if (!reader.seek(segment, position)) throw new ColdRead([{ segmentNumber: segment, position }])
      record.at(reader.bytes, reader.start)
      if (record.kind === kind && record.datum === id) return Buffer.from(record.key())
    }
    return null
  }

  /** Adds to `places` what a walk over all keys would have to load. */
  collectCold(places: Place[]): void {
    const { reader } = this.#keys.log
    for (let cursor = 0, isFirst = true; isFirst || cursor !== 0; isFirst = false) {
      cursor = this.#index.scan(cursor, SCAN_COUNT, (_hi, _lo, segment, position) => {
        if (reader.seek(segment, position) || reader.isLost(segment, position)) return
        places.push({ segmentNumber: segment, position, mayBeLost: true })
      })
    }
  }

  /**
   * Chooses a key, all being as likely as the numbers in [0, 1) make them; its record is then in the keyspace's `record`.
   * False when there is none, or as good as all have expired. Of a log that is served damaged only what a look-up answers is
   * chosen.
   * @param mayWait whether a key may be chosen that has to be loaded; without, those in memory are favoured.
   * @throws ColdRead when its record has to be loaded first; the choice then stands for the next call.
   */
  findRandom(random: () => number, mayWait = true): boolean {
    const index = this.#index
    const { log, record } = this.#keys
    this.#keys.gateAll()
    for (let tries = 0; tries < RANDOM_TRIES_MAX; tries++) {
      const choice = (this.#choice ??= [random(), random()])
      if (!index.seekRandom(...choice)) return false
      const { hi, lo, segment, position, tag } = index
      const isOut =
        this.#hasExpired(hi, lo, segment, position, tag) ||
        !this.#keys.isNewest(segment, position) ||
        log.reader.isLost(segment, position)
      const isCold = !isOut && !log.reader.seek(segment, position)
      if (isCold && mayWait) throw new ColdRead([{ segmentNumber: segment, position, mayBeLost: true }])
      this.#choice = null
      if (isOut || isCold) continue
      record.at(log.reader.bytes, log.reader.start)
      return true
    }
    return false
  }

  /**
   * Looks at some keys that expire and removes those that have. Returns how many had, of how many.
   * @param picks a number in [0, 1) for each key that is looked at
   * @throws ColdRead naming all keys that have to be loaded first.
   */
  expireSample(picks: readonly number[]): { expired: number; sampled: number } {
    const keys = this.#keys
    const expiries = this.#expiries
    const { reader } = keys.log
    const cold: Place[] = []
    for (const pick of picks) {
      if (!expiries.seekRow(Math.floor(pick * expiries.rows)) || expiries.expireAt > keys.now) continue
      const { valueSegment, valuePosition } = expiries
      if (!reader.seek(valueSegment, valuePosition)) {
        cold.push({ segmentNumber: valueSegment, position: valuePosition })
      }
    }
    if (cold.length > 0) throw new ColdRead(cold)
    let expired = 0
    let sampled = 0
    for (const pick of picks) {
      if (!expiries.seekRow(Math.floor(pick * expiries.rows))) continue
      sampled++
      if (expiries.expireAt > keys.now) continue
      // Another row than the one that was looked at: the last one has moved here.
      if (!reader.seek(expiries.valueSegment, expiries.valuePosition)) continue
      const key = keys.record.at(reader.bytes, reader.start).key()
      keys.beginRemoving(key.length + RECORD_OVERHEAD)
      keys.countsLookups = false // nobody has asked
      keys.find(key, 0, key.length)
      if (keys.removeExpired(key, 0, key.length)) expired++
    }
    return { expired, sampled }
  }
}
