import {
  CLASS_SIZES,
  HashIndex,
  RECORD_FLAG,
  RecordView,
  sameBytes,
  sizeClassOf,
  type Log,
  type Place,
  type ReplayedRecord,
} from '../../segments/index.js'
import { ColdRead } from './cold.js'
import { ExpiryTable } from './expiry-table.js'
import { seekPlace, sizeTag, TAG, TAG_SIZE_SHIFT } from './key-entry.js'
import { KIND } from './kinds.js'
import type { ObjectState, ObjectType } from './objects/object-state.js'
import { ObjectTable } from './objects/object-table.js'

/**
 * Where the newest record of each key lies, when it expires, and what objects are made of. All of it comes from the log: it
 * changes in the methods named `apply...` only, which live commands and recovery share. A look-up leaves the key that was looked for in
 * place, so that what follows needs no second search.
 */
export class KeyState {
  readonly index: HashIndex
  readonly expiries: ExpiryTable
  readonly objects: ObjectTable
  readonly #log: Log
  /** Bytes that died, by segment: what compaction chooses by. */
  readonly #deadSizes: number[]

  /** The key looked for last. */
  hi = 0
  lo = 0
  /** Whether the index holds it, expired or not: then the index stands on it. */
  isPresent = false
  /** Whether another key has its hash. */
  collides = false
  /** The record found by {@link seek}. */
  readonly record = new RecordView()

  /** @param tableBits How many tables the index has, see HashIndex; few are quicker to make. */
  constructor(log: Log, objectTypes: readonly ObjectType[], tableBits?: number) {
    this.#log = log
    this.#deadSizes = log.deadSizes
    this.expiries = new ExpiryTable(this.#deadSizes)
    this.objects = new ObjectTable(objectTypes, this.#deadSizes)
    this.index = new HashIndex(tableBits === undefined ? {} : { tableBits })
  }

  /**
   * Puts the index on the entry of a key, by comparing keys where they lie.
   * @throws ColdRead when some record has to be loaded first.
   */
  seek(hi: number, lo: number, key: Buffer, start: number, end: number): boolean {
    const { index, record } = this
    const { reader } = this.#log
    this.hi = hi
    this.lo = lo
    this.collides = false
    for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
      if (!reader.seek(index.segment, index.position)) throw new ColdRead(this.coldOf(hi, lo))
      record.at(reader.bytes, reader.start)
      const size = record.keyEnd - record.keyStart
      if (size === end - start && sameBytes(record.bytes, record.keyStart, key, start, size)) {
        this.isPresent = true
        return true
      }
      this.collides = true
    }
    this.isPresent = false
    return false
  }

  /** What a look-up of a key with this hash would have to load. */
  coldOf(hi: number, lo: number): Place[] {
    const places: Place[] = []
    const { index } = this
    const { reader } = this.#log
    for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
      if (!reader.seek(index.segment, index.position)) {
        places.push({ segmentNumber: index.segment, position: index.position })
      }
    }
    return places
  }

  /** Flags of a record that is written of the key looked for last. */
  get collisionFlag(): number {
    if (this.isPresent) return (this.index.tag & TAG.collides) === 0 ? 0 : RECORD_FLAG.collides
    return this.collides ? RECORD_FLAG.collides : 0
  }

  /** Whether some key with this hash is alive at this time. */
  isAliveHash(hi: number, lo: number, now: number): boolean {
    const { index } = this
    for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
      const isMortal = (index.tag & TAG.expires) !== 0
      if (!isMortal || !this.expiries.hasExpired(hi, lo, index.segment, index.position, now)) return true
    }
    return false
  }

  /** The object that the key found last has; null: it has none. */
  get object(): ObjectState | null {
    return (this.index.tag & TAG.object) === 0 ? null : this.objects.get(this.record.datum)
  }

  // ---- what changes the state

  /** The key looked for last has a value, or an object, whose record lies there. What it had is gone. */
  applyValue(segment: number, position: number, size: number, kindTag: number): void {
    const { index } = this
    if (this.isPresent) {
      this.#deadSizes[index.segment]! += CLASS_SIZES[index.tag >>> TAG_SIZE_SHIFT]!
      if ((index.tag & TAG.expires) !== 0) this.expiries.remove(this.hi, this.lo, index.segment, index.position)
      index.update(segment, position, (index.tag & TAG.collides) | sizeTag(size) | kindTag)
      return
    }
    if (this.collides) this.#markCollisions()
    index.insert(this.hi, this.lo, segment, position, (this.collides ? TAG.collides : 0) | sizeTag(size) | kindTag)
    this.isPresent = seekPlace(index, this.hi, this.lo, segment, position)
  }

  #markCollisions(): void {
    const { index } = this
    for (let ok = index.seek(this.hi, this.lo); ok; ok = index.seekNext()) {
      index.update(index.segment, index.position, index.tag | TAG.collides)
    }
  }

  /** @param expireAt 0: it expires no more */
  applyExpiry(expireAt: number, recordSegment: number, recordPosition: number, size: number): void {
    const { index, expiries } = this
    const { segment, position, tag } = index
    if (expireAt === 0) {
      expiries.remove(this.hi, this.lo, segment, position)
      index.update(segment, position, tag & ~TAG.expires)
      return
    }
    expiries.set(this.hi, this.lo, segment, position, expireAt, recordSegment, recordPosition, sizeClassOf(size))
    index.update(segment, position, tag | TAG.expires)
  }

  /** The key found last is gone. */
  applyRemoval(): void {
    const { index } = this
    if ((index.tag & TAG.expires) !== 0) this.expiries.remove(this.hi, this.lo, index.segment, index.position)
    // The search ended at this key: of others with its hash, which matter if it is put again now, only the tag tells.
    if ((index.tag & TAG.collides) !== 0) this.collides = true
    this.#deadSizes[index.segment]! += CLASS_SIZES[index.tag >>> TAG_SIZE_SHIFT]!
    index.remove()
    this.isPresent = false
  }

  /** All that lies before this place is gone. */
  applyFloor(segment: number, position: number): void {
    this.index.clear()
    this.expiries.clear()
    this.objects.clear()
    this.#log.noteAllDead(segment, position)
  }

  // ---- recovery

  /** Applies a record of the log: recovery hands over all of them, in order. */
  replay(record: ReplayedRecord): Promise<void> | undefined {
    if ((record.flags & RECORD_FLAG.member) !== 0) {
      if (this.objects.isMember(record.kind)) this.objects.replayMember(record)
      return undefined
    }
    if (record.kind === KIND.floor) {
      this.applyFloor(record.segmentNumber, record.position)
      return undefined
    }
    this.hi = record.hi
    this.lo = record.lo
    // Equal hashes mean equal keys unless the writer has seen two keys collide; then, and only then, keys are compared.
    if ((record.flags & RECORD_FLAG.collides) !== 0) return this.#replayColliding({ ...record })
    this.collides = false
    this.isPresent = this.index.seek(record.hi, record.lo)
    this.#replayFound(record)
    return undefined
  }

  #replayFound(record: ReplayedRecord): void {
    const { kind, segmentNumber, position, size } = record
    const isTombstone = (record.flags & RECORD_FLAG.tombstone) !== 0
    if (kind === KIND.string) {
      if (!isTombstone || (record.flags & RECORD_FLAG.endsObject) !== 0) this.#replayEndOfObject()
      if (!isTombstone) this.applyValue(segmentNumber, position, size, 0)
      else if (this.isPresent) this.applyRemoval()
    } else if (kind === KIND.expiry) {
      if (this.isPresent) this.applyExpiry(isTombstone ? 0 : record.datum, segmentNumber, position, size)
    } else if (this.objects.isObject(kind)) {
      this.applyValue(segmentNumber, position, size, TAG.object)
      this.objects.replayObject(record)
    }
  }

  /** What the key had is gone for good, and need not be kept until the replay is over: a queue may have been empty a million times. */
  #replayEndOfObject(): void {
    const { index } = this
    if (this.isPresent && (index.tag & TAG.object) !== 0) this.objects.replayEnd(index.segment, index.position)
  }

  async #replayColliding(record: ReplayedRecord): Promise<void> {
    const log = this.#log
    const { reader } = log
    const { index } = this
    const places: Place[] = [{ segmentNumber: record.segmentNumber, position: record.position }]
    for (let ok = index.seek(record.hi, record.lo); ok; ok = index.seekNext()) {
      places.push({ segmentNumber: index.segment, position: index.position })
    }
    reader.loaded = await log.load(places)
    reader.seek(record.segmentNumber, record.position)
    const own = new RecordView().at(reader.bytes, reader.start)
    const key = Buffer.from(own.key())
    this.seek(record.hi, record.lo, key, 0, key.length)
    this.collides = true
    this.#replayFound(record)
    if (this.isPresent) index.update(index.segment, index.position, index.tag | TAG.collides)
    reader.loaded = null
  }

  /** The replay is over. */
  settle(onAlive: (object: ObjectState, hi: number, lo: number) => void = () => undefined): Promise<void> {
    return this.objects.settle(this.index, this.#log, onAlive)
  }
}
