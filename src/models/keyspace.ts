import {
  CLASS_SIZES,
  HashIndex,
  RECORD_FLAG,
  RecordView,
  sameBytes,
  sizeClassOf,
  type Location,
  type Log,
  type Place,
  type ReplayedRecord,
} from '../../segments/index.js'
import { ColdRead } from './cold.js'
import { ExpiryTable } from './expiry-table.js'
import { KeyBatch } from './key-batch.js'
import { KeyLiveness, seekPlace, sizeTag, TAG, TAG_SIZE_SHIFT } from './key-liveness.js'
import { KeyRecords } from './key-records.js'
import { KeyWalks } from './key-walks.js'
import { CAUSE, KIND } from './kinds.js'
import { Messages } from './messages/messages.js'
import { RecentRemovals } from './recent-removals.js'
import { StateLiveness } from './state-liveness.js'
import { Watches, type Watched, type Watcher } from './watches.js'

const NOTHING = Buffer.alloc(0)

/**
 * All keys: where the newest record of each lies and when it expires. Look-ups leave the key that was looked for in
 * place, so that what follows (reading its value, replacing, removing it) needs no second search. State changes only in
 * the methods named `#apply...`, which live commands and recovery share.
 */
export class Keyspace {
  readonly log: Log
  readonly watches = new Watches()
  readonly removals = new RecentRemovals()
  readonly #records: KeyRecords
  readonly #index: HashIndex
  readonly #expiries: ExpiryTable
  /** Bytes that died, by segment: what compaction chooses by. */
  readonly #deadSizes: number[]
  /** What was published. No key, but of the same log. */
  readonly messages: Messages
  /** What compaction asks and tells. */
  readonly liveness: StateLiveness
  /** For commands with many keys. */
  readonly batch: KeyBatch
  /** What looks at keys that nobody has named. */
  readonly walks: KeyWalks
  /**
   * Whether the record at this place is the newest of its key for sure. It is, unless the log has lost records behind it: see
   * SalvagedKeyspace.
   */
  readonly isNewest: (segmentNumber: number, position: number) => boolean = () => true
  #floorGate = 0

  /** Time of the running command, in ms. */
  now = 0
  /** Code of the running command, for the records that it causes. */
  command = 0
  /** Whether the running command's look-ups are counted: as in Redis those of commands that write are not. */
  countsLookups = true
  /** Look-ups that found a key, and that found none; keys removed because their time had come. */
  hitCount = 0
  missCount = 0
  expiredCount = 0
  /** What the running command's reply waits for: the log must be committed up to here. 0: nothing. */
  gate = 0

  /** The key looked for last. */
  #hi = 0
  #lo = 0
  /** Whether the index holds it, expired or not: then the index stands on it. */
  #present = false
  #expired = false
  #collides = false
  #expireAt = 0
  /** The record found by {@link find}. */
  readonly record = new RecordView()

  /** @param tableBits How many tables the index has, see HashIndex; few are quicker to make. */
  constructor(log: Log, tableBits?: number) {
    this.log = log
    this.#records = new KeyRecords(log)
    this.#deadSizes = log.deadSizes
    this.#expiries = new ExpiryTable(this.#deadSizes)
    this.#index = new HashIndex(tableBits === undefined ? {} : { tableBits })
    this.batch = new KeyBatch(this.#index, log)
    this.messages = new Messages(log)
    this.liveness = new StateLiveness(new KeyLiveness(this.#index, this.#expiries), this.messages)
    this.walks = new KeyWalks(this, this.#index, this.#expiries)
  }

  /** Number of keys, those that have expired and are not yet removed among them. */
  get count(): number {
    return this.#index.count
  }

  get expiringCount(): number {
    return this.#expiries.count
  }

  get indexSize(): number {
    return this.#index.byteSize + this.#expiries.byteSize
  }

  /**
   * For commands whose answer is about all keys, those that nobody knows of among them.
   * @throws FlinError LOG_CORRUPT when there may be such keys, or have been: see SalvagedKeyspace.
   */
  checkWhole(): void {
    // Nothing is lost of a log that takes writes.
  }

  /** Whether the key looked for last is known to have the state, expired or not, in which it was found. */
  protected get isFoundNewest(): boolean {
    return this.#present && this.isNewest(this.#index.segment, this.#index.position)
  }

  /** Everything about all keys depends on everything that was written. */
  gateAll(): void {
    this.gate = this.log.endOffset
  }

  /**
   * Looks a key up; true when it is alive. Its record is then in {@link record}.
   * @throws ColdRead when its record has to be loaded first.
   */
  find(key: Buffer, start: number, end: number): boolean {
    const { hasher } = this.log
    hasher.hash(key, start, end)
    return this.findHashed(hasher.hi, hasher.lo, key, start, end)
  }

  /** As {@link find}, for a key whose hash is known: {@link batch} tells it. */
  findHashed(hi: number, lo: number, key: Buffer, start: number, end: number): boolean {
    this.#hi = hi
    this.#lo = lo
    this.#expired = false
    this.#expireAt = 0
    this.#present = this.#seek(key, start, end)
    if (!this.removals.isEmpty) this.#waitFor(this.removals.gate(this.#hi, this.#lo))
    if (!this.#present) {
      if (this.#floorGate > this.log.committedOffset) this.#waitFor(this.#floorGate)
      if (this.countsLookups) this.missCount++
      return false
    }
    const index = this.#index
    this.#waitFor(this.log.gate(index.segment, index.position))
    if ((index.tag & TAG.expires) !== 0) this.#checkExpiry()
    if (this.countsLookups) this.countLookup(!this.#expired)
    return !this.#expired
  }

  /** For commands that write and yet return what they found: Redis counts those look-ups too. */
  countLookup(isFound: boolean): void {
    if (isFound) this.hitCount++
    else this.missCount++
  }

  /** Puts the index on the entry of a key, by comparing keys where they lie. */
  #seek(key: Buffer, start: number, end: number): boolean {
    const index = this.#index
    const { reader } = this.log
    const { record } = this
    this.#collides = false
    for (let ok = index.seek(this.#hi, this.#lo); ok; ok = index.seekNext()) {
      if (!reader.seek(index.segment, index.position)) throw new ColdRead(this.#coldOfHash())
      record.at(reader.bytes, reader.start)
      const size = record.keyEnd - record.keyStart
      if (size === end - start && sameBytes(record.bytes, record.keyStart, key, start, size)) return true
      this.#collides = true
    }
    return false
  }

  #checkExpiry(): void {
    const index = this.#index
    const expiries = this.#expiries
    expiries.find(this.#hi, this.#lo, index.segment, index.position)
    this.#expireAt = expiries.expireAt
    this.#expired = this.#expireAt <= this.now
    this.#waitFor(this.log.gate(expiries.recordSegment, expiries.recordPosition))
  }

  #waitFor(gate: number): void {
    if (gate > this.gate) this.gate = gate
  }

  #coldOfHash(): Place[] {
    const places: Place[] = []
    const index = this.#index
    const { reader } = this.log
    for (let ok = index.seek(this.#hi, this.#lo); ok; ok = index.seekNext()) {
      if (!reader.seek(index.segment, index.position)) {
        places.push({ segmentNumber: index.segment, position: index.position })
      }
    }
    return places
  }

  /** Adds to `places` what a look-up of the key would have to load. */
  collectCold(key: Buffer, start: number, end: number, places: Place[]): void {
    const { hasher } = this.log
    hasher.hash(key, start, end)
    this.#hi = hasher.hi
    this.#lo = hasher.lo
    places.push(...this.#coldOfHash())
  }

  /** When the key found last expires, in ms since 1970; 0 when it does not. */
  get expireAt(): number {
    return this.#expired ? 0 : this.#expireAt
  }

  /** Revision (the offset of its record) and commit time of the key found last. */
  locate(): Location {
    const { segment, position } = this.#index
    const location = this.log.locate(segment, position)
    if (location === null) throw new ColdRead([{ segmentNumber: segment, position }])
    return location
  }

  /** Promises the log the size of what the running command will write; see Appender.begin. */
  begin(size: number): void {
    this.log.appender.begin(size)
  }

  /** As {@link begin}, for a command that does nothing but remove: it may run also where there is no room for more. */
  beginRemoving(size: number): void {
    this.log.appender.begin(size, true)
  }

  /**
   * Gives the key looked for last a value, which may lie in the log itself: what was written there is never moved. `expireAt`
   * 0: it does not expire.
   */
  put(
    key: Buffer,
    start: number,
    end: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): void {
    if (this.#expired) this.#remove(key, start, end, CAUSE.expired)
    const flags = this.#collisionFlag()
    const since = this.#since()
    // prettier-ignore
    const offset = this.#records.value(
      this.#hi, this.#lo, flags, this.command, since, key, start, end, value, valueStart, valueEnd, 0,
    )
    this.#hasPut(key, start, end, expireAt, offset)
  }

  /**
   * Gives the key looked for last the value that it has (none: an empty one), changed: with `bytes[from..to)` at `at` in it. It
   * grows where it is too short, by zero bytes in between. Its expiry stays. The old value is copied once, into the log, and
   * changed there.
   */
  change(key: Buffer, start: number, end: number, at: number, bytes: Buffer, from: number, to: number): void {
    const isAlive = this.#present && !this.#expired
    const { record, expireAt } = this
    const old = isAlive ? record.bytes : NOTHING
    const oldStart = isAlive ? record.valueStart : 0
    const oldSize = isAlive ? record.valueEnd - oldStart : 0
    if (this.#expired) this.#remove(key, start, end, CAUSE.expired)
    const room = Math.max(0, at + to - from - oldSize)
    const flags = this.#collisionFlag()
    const since = this.#since()
    // prettier-ignore
    const offset = this.#records.value(
      this.#hi, this.#lo, flags, this.command, since, key, start, end, old, oldStart, oldStart + oldSize, room,
    )
    this.log.appender.fillValue(oldSize, at, bytes, from, to)
    this.#hasPut(key, start, end, expireAt, offset)
  }

  /** The value that was appended last is that of the key looked for last. */
  #hasPut(key: Buffer, start: number, end: number, expireAt: number, offset: number): void {
    const { appender } = this.log
    this.#applyValue(appender.segmentNumber, appender.position, appender.recordSize)
    if (expireAt > 0) this.#appendExpiry(key, start, end, expireAt, offset)
    this.#touch()
  }

  /**
   * No version of the key in the log is older than this offset, -1 where there is none, or where that is the base of the segment
   * in which the next record will lie anyway.
   */
  #since(): number {
    if (!this.#present) return -1
    const { segment } = this.#index
    const { since } = this.record
    if (since >= 0) return since
    return segment === this.log.appender.segmentNumber ? -1 : this.log.baseOffsetOf(segment)
  }

  #collisionFlag(): number {
    if (this.#present) return (this.#index.tag & TAG.collides) === 0 ? 0 : RECORD_FLAG.collides
    return this.#collides ? RECORD_FLAG.collides : 0
  }

  /** Sets when the key found last expires, in ms since 1970. */
  expire(key: Buffer, start: number, end: number, expireAt: number): void {
    this.#appendExpiry(key, start, end, expireAt, this.locate().offset)
    this.#touch()
  }

  #appendExpiry(key: Buffer, start: number, end: number, expireAt: number, boundTo: number): void {
    const flags = this.#collisionFlag()
    this.#records.expiry(this.#hi, this.#lo, flags, this.command, expireAt, boundTo, key, start, end)
    const { appender } = this.log
    this.#applyExpiry(expireAt, appender.segmentNumber, appender.position, appender.recordSize)
  }

  /** Takes the expiry of the key found last away. */
  persist(key: Buffer, start: number, end: number): void {
    this.#appendTombstone(KIND.expiry, this.command, this.locate().offset, key, start, end)
    this.#applyExpiry(0, 0, 0, 0)
    this.removals.add(this.#hi, this.#lo, this.log.endOffset)
    this.#waitFor(this.log.endOffset)
    this.#touch()
  }

  /** Removes the key found last. */
  remove(key: Buffer, start: number, end: number): void {
    this.#remove(key, start, end, this.command)
  }

  /** Removes the key looked for last if it is there and has expired: what a write does first, and the expiry cycle always. */
  removeExpired(key: Buffer, start: number, end: number): boolean {
    if (!this.#present || !this.#expired) return false
    this.#remove(key, start, end, CAUSE.expired)
    return true
  }

  #remove(key: Buffer, start: number, end: number, cause: number): void {
    const since = this.#since()
    const first = since >= 0 ? since : this.log.baseOffsetOf(this.#index.segment)
    this.#appendTombstone(KIND.string, cause, first, key, start, end)
    this.#applyRemoval()
    this.#expired = false
    this.removals.add(this.#hi, this.#lo, this.log.endOffset)
    this.#waitFor(this.log.endOffset)
    // That time has run out is seen by whoever watches, see watch(); that it is noted is no change.
    if (cause === CAUSE.expired) this.expiredCount++
    else this.#touch()
  }

  #appendTombstone(kind: number, cause: number, first: number, key: Buffer, start: number, end: number): void {
    const flags = this.#collisionFlag()
    this.#records.tombstone(this.#hi, this.#lo, flags, kind, cause, first, key, start, end)
  }

  /** Tells whoever watches the key looked for last that it has changed: by a write that has left nothing behind. */
  touch(): void {
    this.#touch()
  }

  #touch(): void {
    this.#waitFor(this.log.endOffset)
    if (!this.watches.isEmpty) this.watches.touch(this.#hi, this.#lo)
  }

  /** Removes every key. */
  clear(): void {
    this.#records.floor(this.command)
    if (!this.watches.isEmpty) this.watches.touchAll((hi, lo) => this.#isAliveHash(hi, lo))
    const { appender } = this.log
    this.#applyFloor(appender.segmentNumber, appender.position)
    this.#floorGate = this.log.endOffset
    this.gateAll()
  }

  /** Whether some key with this hash is alive. */
  #isAliveHash(hi: number, lo: number): boolean {
    const index = this.#index
    for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
      const isMortal = (index.tag & TAG.expires) !== 0
      if (!isMortal || !this.#expiries.hasExpired(hi, lo, index.segment, index.position, this.now)) return true
    }
    return false
  }

  // ---- what changes the state; shared by commands and recovery

  #applyValue(segment: number, position: number, size: number): void {
    const index = this.#index
    if (this.#present) {
      this.#deadSizes[index.segment]! += CLASS_SIZES[index.tag >>> TAG_SIZE_SHIFT]!
      if ((index.tag & TAG.expires) !== 0) this.#expiries.remove(this.#hi, this.#lo, index.segment, index.position)
      index.update(segment, position, (index.tag & TAG.collides) | sizeTag(size))
      return
    }
    if (this.#collides) this.#markCollisions()
    index.insert(this.#hi, this.#lo, segment, position, (this.#collides ? TAG.collides : 0) | sizeTag(size))
    this.#present = seekPlace(index, this.#hi, this.#lo, segment, position)
  }

  #markCollisions(): void {
    const index = this.#index
    for (let ok = index.seek(this.#hi, this.#lo); ok; ok = index.seekNext()) {
      index.update(index.segment, index.position, index.tag | TAG.collides)
    }
  }

  #applyExpiry(expireAt: number, recordSegment: number, recordPosition: number, size: number): void {
    const index = this.#index
    const { segment, position, tag } = index
    if (expireAt === 0) {
      this.#expiries.remove(this.#hi, this.#lo, segment, position)
      index.update(segment, position, tag & ~TAG.expires)
      return
    }
    const sizeClass = sizeClassOf(size)
    this.#expiries.set(this.#hi, this.#lo, segment, position, expireAt, recordSegment, recordPosition, sizeClass)
    index.update(segment, position, tag | TAG.expires)
  }

  #applyRemoval(): void {
    const index = this.#index
    if ((index.tag & TAG.expires) !== 0) this.#expiries.remove(this.#hi, this.#lo, index.segment, index.position)
    // The search ended at this key: of others with its hash, which matter if it is put again now, only the tag tells.
    if ((index.tag & TAG.collides) !== 0) this.#collides = true
    this.#deadSizes[index.segment]! += CLASS_SIZES[index.tag >>> TAG_SIZE_SHIFT]!
    index.remove()
    this.#present = false
  }

  #applyFloor(segment: number, position: number): void {
    this.#index.clear()
    this.#expiries.clear()
    this.log.noteAllDead(segment, position)
  }

  /** Applies a record of the log to the state: recovery hands over all of them, in order. */
  replay(record: ReplayedRecord): Promise<void> | undefined {
    if (record.kind === KIND.floor) {
      this.#applyFloor(record.segmentNumber, record.position)
      return undefined
    }
    if (this.messages.covers(record.kind)) {
      this.messages.replay(record)
      return undefined
    }
    this.#hi = record.hi
    this.#lo = record.lo
    // Equal hashes mean equal keys unless the writer has seen two keys collide; then, and only then, keys are compared.
    if ((record.flags & RECORD_FLAG.collides) !== 0) return this.#replayColliding({ ...record })
    this.#collides = false
    this.#present = this.#index.seek(record.hi, record.lo)
    this.#replayFound(record)
    return undefined
  }

  #replayFound(record: ReplayedRecord): void {
    const isTombstone = (record.flags & RECORD_FLAG.tombstone) !== 0
    if (record.kind === KIND.string) {
      if (!isTombstone) this.#applyValue(record.segmentNumber, record.position, record.size)
      else if (this.#present) this.#applyRemoval()
    } else if (record.kind === KIND.expiry && this.#present) {
      this.#applyExpiry(isTombstone ? 0 : record.datum, record.segmentNumber, record.position, record.size)
    }
  }

  async #replayColliding(record: ReplayedRecord): Promise<void> {
    const { reader } = this.log
    const places: Place[] = [{ segmentNumber: record.segmentNumber, position: record.position }]
    const index = this.#index
    for (let ok = index.seek(record.hi, record.lo); ok; ok = index.seekNext()) {
      places.push({ segmentNumber: index.segment, position: index.position })
    }
    reader.loaded = await this.log.load(places)
    reader.seek(record.segmentNumber, record.position)
    const own = new RecordView().at(reader.bytes, reader.start)
    const key = Buffer.from(own.key())
    this.#present = this.#seek(key, 0, key.length)
    this.#collides = true
    this.#replayFound(record)
    if (this.#present) index.update(index.segment, index.position, index.tag | TAG.collides)
    reader.loaded = null
  }

  /**
   * Watches the key for a connection. A key that expires has changed once its time has come, whether or not it has been
   * removed by then; one that had expired before it was watched has not.
   * @throws ColdRead when its record has to be loaded first.
   */
  watch(key: Buffer, start: number, end: number, watcher: Watcher): Watched {
    this.countsLookups = false // as in Redis
    this.find(key, start, end)
    const watched = { hi: this.#hi, lo: this.#lo, expireAt: this.expireAt }
    this.watches.add(watched.hi, watched.lo, watcher)
    return watched
  }
}
