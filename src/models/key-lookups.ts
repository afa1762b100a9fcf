import {
  FlinError,
  type HashIndex,
  type Location,
  type Log,
  type Place,
  type RecordView,
} from '../../segments/index.js'
import { ColdRead } from './cold.js'
import type { ExpiryTable } from './expiry-table.js'
import { KeyBatch } from './key-batch.js'
import { TAG } from './key-entry.js'
import { KeyState } from './key-state.js'
import { KIND } from './kinds.js'
import type { ChangeJournal } from './objects/change-journal.js'
import type { ObjectState, ObjectType } from './objects/object-state.js'
import { RecentRemovals } from './recent-removals.js'

/** Thrown where the key has something else than the command is for; one for all, for clients do that often. */
const WRONG_TYPE = new FlinError('WRONG_TYPE', 'Operation against a key holding the wrong kind of value')

/**
 * All keys, as commands see them. A look-up leaves the key that was looked for in place, so that what follows (reading its value,
 * replacing, removing it) needs no second search; and it notes in {@link gate} what a reply about it has to wait for.
 */
export class KeyLookups {
  readonly log: Log
  readonly removals = new RecentRemovals()
  protected readonly state: KeyState
  protected readonly index: HashIndex
  protected readonly expiries: ExpiryTable
  /** For commands with many keys. */
  readonly batch: KeyBatch
  /**
   * Whether the record at this place is the newest of its key for sure. It is, unless the log has lost records behind it: see
   * SalvagedKeyspace.
   */
  readonly isNewest: (segmentNumber: number, position: number) => boolean = () => true
  /** What a reply about an absent key waits for since all keys were removed. */
  protected floorGate = 0

  /** Time of the running command, in ms. */
  now = 0
  /** Code of the running command, for the records that it causes. */
  command = 0
  /** Whether the running command's look-ups are counted: as in Redis those of commands that write are not. */
  countsLookups = true
  /** Look-ups that found a key, and that found none. */
  hitCount = 0
  missCount = 0
  /** What the running command's reply waits for: the log must be committed up to here. 0: nothing. */
  gate = 0

  /** Notes what is done to objects, while somebody wants to be told. */
  journal: ChangeJournal | null = null

  /** Whether the key found last has expired and is still there. */
  protected isExpired = false
  #foundExpireAt = 0
  /** The record found by {@link find}. */
  readonly record: RecordView

  /**
   * @param tableBits how many tables the index has, see HashIndex; few are quicker to make
   * @param objectTypes what keys may have besides strings
   */
  constructor(log: Log, tableBits: number | undefined, objectTypes: readonly ObjectType[]) {
    this.log = log
    this.state = new KeyState(log, objectTypes, tableBits)
    const { index, expiries, record } = this.state
    this.index = index
    this.expiries = expiries
    this.record = record
    this.batch = new KeyBatch(index, log)
  }

  /** Number of keys, those that have expired and are not yet removed among them. */
  get count(): number {
    return this.index.count
  }

  get expiringCount(): number {
    return this.expiries.count
  }

  /** Bytes in memory of what is known of all keys, without what they hold. */
  get indexSize(): number {
    return this.index.byteSize + this.expiries.byteSize + this.state.objects.byteSize
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
    return this.state.isPresent && this.isNewest(this.index.segment, this.index.position)
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
    this.isExpired = false
    this.#foundExpireAt = 0
    const isPresent = this.state.seek(hi, lo, key, start, end)
    if (!this.removals.isEmpty) this.waitFor(this.removals.gate(hi, lo))
    if (!isPresent) {
      if (this.floorGate > this.log.committedOffset) this.waitFor(this.floorGate)
      if (this.countsLookups) this.missCount++
      return false
    }
    const index = this.index
    this.waitFor(this.log.gate(index.segment, index.position))
    if ((index.tag & TAG.expires) !== 0) this.#checkExpiry()
    if (this.countsLookups) this.countLookup(!this.isExpired)
    if (this.journal !== null) this.#noteFound(this.journal, key, start, end)
    return !this.isExpired
  }

  #noteFound(journal: ChangeJournal, key: Buffer, start: number, end: number): void {
    const { object } = this.state
    if (object !== null) journal.found(object.id, key, start, end)
  }

  /**
   * As {@link find}, for commands that are for strings.
   * @throws FlinError WRONG_TYPE when the key has something else
   */
  findString(key: Buffer, start: number, end: number): boolean {
    if (!this.find(key, start, end)) return false
    if (!this.isString) throw WRONG_TYPE
    return true
  }

  /** As {@link find}, for commands that are for objects of one kind; null where the key is not alive. */
  findObject(kind: number, key: Buffer, start: number, end: number): ObjectState | null {
    if (!this.find(key, start, end)) return null
    const object = this.foundObject
    if (object?.kind !== kind) throw WRONG_TYPE
    return object
  }

  /** The object that the key found last has; null: it has a string. A reply waits for its last change. */
  get foundObject(): ObjectState | null {
    const { object } = this.state
    if (object !== null && object.changedEnd > this.log.committedOffset) this.waitFor(object.changedEnd)
    return object
  }

  /** Whether the key found last has a string. */
  get isString(): boolean {
    return (this.index.tag & TAG.object) === 0
  }

  /** What the key found last has, as TYPE tells it. */
  get foundType(): string {
    return this.typeOf(this.record.kind)
  }

  /** What a key has whose record is of this kind. */
  typeOf(kind: number): string {
    return kind === KIND.string ? 'string' : this.state.objects.typeName(kind)
  }

  /** For commands that write and yet return what they found: Redis counts those look-ups too. */
  countLookup(isFound: boolean): void {
    if (isFound) this.hitCount++
    else this.missCount++
  }

  #checkExpiry(): void {
    const index = this.index
    const expiries = this.expiries
    expiries.find(this.state.hi, this.state.lo, index.segment, index.position)
    this.#foundExpireAt = expiries.expireAt
    this.isExpired = this.#foundExpireAt <= this.now
    this.waitFor(this.log.gate(expiries.recordSegment, expiries.recordPosition))
  }

  protected waitFor(gate: number): void {
    if (gate > this.gate) this.gate = gate
  }

  /** Adds to `places` what a look-up of the key would have to load. */
  collectCold(key: Buffer, start: number, end: number, places: Place[]): void {
    const { hasher } = this.log
    hasher.hash(key, start, end)
    places.push(...this.state.coldOf(hasher.hi, hasher.lo))
  }

  /** When the key found last expires, in ms since 1970; 0 when it does not. */
  get expireAt(): number {
    return this.isExpired ? 0 : this.#foundExpireAt
  }

  /** Revision (the offset of its record) and commit time of the key found last. */
  locate(): Location {
    const { segment, position } = this.index
    const location = this.log.locate(segment, position)
    if (location === null) throw new ColdRead([{ segmentNumber: segment, position }])
    return location
  }
}
