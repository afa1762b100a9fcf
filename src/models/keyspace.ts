import { RECORD_FLAG, type Log, type ReplayedRecord } from '../../segments/index.js'
import { TAG } from './key-entry.js'
import { KeyLiveness } from './key-liveness.js'
import { KeyLookups } from './key-lookups.js'
import { KeyRecords } from './key-records.js'
import { KeyWalks } from './key-walks.js'
import { CAUSE, KIND } from './kinds.js'
import { Messages } from './messages/messages.js'
import { MemberRecords } from './objects/member-records.js'
import type { ObjectState, ObjectType } from './objects/object-state.js'
import { OBJECT_TYPES } from './objects/object-types.js'
import { RetainedObjects } from './objects/retained-objects.js'
import { StateLiveness } from './state-liveness.js'
import { Watches, type Watched, type Watcher } from './watches.js'

const NOTHING = Buffer.alloc(0)

/** All keys, as commands see and change them. What is written is applied at once, by {@link KeyState}. */
export class Keyspace extends KeyLookups {
  readonly watches = new Watches()
  /** What is written of the members of objects. */
  readonly members: MemberRecords
  readonly #records: KeyRecords
  /** What was published. No key, but of the same log. */
  readonly messages: Messages
  /** What compaction asks and tells. */
  readonly liveness: StateLiveness
  /** What looks at keys that nobody has named. */
  readonly walks: KeyWalks
  /** Objects of which something may go by itself. */
  readonly retained = new RetainedObjects()
  /** Keys removed because their time had come. */
  expiredCount = 0

  /** Told of a key that has got something for which clients may wait, or whose object is gone. */
  onReady: (key: Buffer, start: number, end: number) => void = () => undefined
  /** Told when every key is gone. */
  onCleared: () => void = () => undefined

  /**
   * @param tableBits how many tables the index has, see HashIndex; few are quicker to make
   * @param objectTypes what keys may have besides strings
   */
  constructor(log: Log, tableBits?: number, objectTypes: readonly ObjectType[] = OBJECT_TYPES) {
    super(log, tableBits, objectTypes)
    const { index, expiries, objects } = this.state
    this.members = new MemberRecords(log)
    this.#records = new KeyRecords(log)
    this.messages = new Messages(log)
    this.liveness = new StateLiveness(new KeyLiveness(index, expiries, objects), this.messages)
    this.walks = new KeyWalks(this, index, expiries)
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
    if (this.isExpired) this.#remove(key, start, end, CAUSE.expired)
    const { hi, lo, collisionFlag } = this.state
    const since = this.#since()
    // prettier-ignore
    const offset = this.#records.value(
      hi, lo, collisionFlag, this.command, since, key, start, end, value, valueStart, valueEnd, 0,
    )
    this.#hasPut(key, start, end, expireAt, offset)
  }

  /**
   * Gives the key looked for last the value that it has (none: an empty one), changed: with `bytes[from..to)` at `at` in it. It
   * grows where it is too short, by zero bytes in between. Its expiry stays. The old value is copied once, into the log, and
   * changed there.
   * @param isSeen whether it is a change to whoever watches the key
   */
  change(
    key: Buffer,
    start: number,
    end: number,
    at: number,
    bytes: Buffer,
    from: number,
    to: number,
    isSeen = true,
  ): void {
    const isAlive = this.state.isPresent && !this.isExpired
    const { record, expireAt } = this
    const old = isAlive ? record.bytes : NOTHING
    const oldStart = isAlive ? record.valueStart : 0
    const oldSize = isAlive ? record.valueEnd - oldStart : 0
    if (this.isExpired) this.#remove(key, start, end, CAUSE.expired)
    const room = Math.max(0, at + to - from - oldSize)
    const { hi, lo, collisionFlag } = this.state
    const since = this.#since()
    // prettier-ignore
    const offset = this.#records.value(
      hi, lo, collisionFlag, this.command, since, key, start, end, old, oldStart, oldStart + oldSize, room,
    )
    this.log.appender.fillValue(oldSize, at, bytes, from, to)
    this.#hasPut(key, start, end, expireAt, offset, isSeen)
  }

  /** The value that was appended last is that of the key looked for last. */
  #hasPut(key: Buffer, start: number, end: number, expireAt: number, offset: number, isSeen = true): void {
    const hadObject = this.#applyValue(0)
    if (expireAt > 0) this.#appendExpiry(key, start, end, expireAt, offset)
    if (isSeen) this.#touch()
    else this.waitFor(this.log.endOffset)
    if (hadObject) this.onReady(key, start, end)
  }

  /** The record that was appended last says what the key looked for last has. Returns whether it had an object, which is gone. */
  #applyValue(kindTag: number): boolean {
    const { appender } = this.log
    const state = this.state
    const hadObject = state.isPresent && (this.index.tag & TAG.object) !== 0
    if (hadObject) this.#removeObject(state.object!)
    state.applyValue(appender.segmentNumber, appender.position, appender.recordSize, kindTag)
    return hadObject
  }

  /**
   * No version of the key in the log is older than this offset, -1 where there is none, or where that is the base of the segment
   * in which the next record will lie anyway.
   */
  #since(): number {
    if (!this.state.isPresent) return -1
    const { segment } = this.index
    const { since } = this.record
    if (since >= 0) return since
    return segment === this.log.appender.segmentNumber ? -1 : this.log.baseOffsetOf(segment)
  }

  /** Gives the key looked for last a new object, without members yet. It must not be alive. */
  createObject(kind: number, key: Buffer, start: number, end: number): ObjectState {
    if (this.isExpired) this.#remove(key, start, end, CAUSE.expired)
    const id = this.log.endOffset
    this.#appendObject(kind, id, key, start, end)
    const object = this.state.objects.create(kind, id)
    this.journal?.found(id, key, start, end)
    this.changed(object)
    return object
  }

  /**
   * The object of the key found last becomes that of the key `to`, of which it takes the place; its expiry goes along. The two keys
   * are not the same.
   */
  moveObject(key: Buffer, start: number, end: number, toStart: number, toEnd: number): void {
    const object = this.state.object!
    const { expireAt } = this
    // Its object is no longer this key's: it goes alone.
    this.#removeKey(key, start, end, this.command, 0)
    this.onReady(key, start, end)
    this.find(key, toStart, toEnd)
    if (this.state.isPresent) this.#remove(key, toStart, toEnd, this.isExpired ? CAUSE.expired : this.command)
    const offset = this.#appendObject(object.kind, object.id, key, toStart, toEnd)
    this.journal?.found(object.id, key, toStart, toEnd)
    if (expireAt > 0) this.#appendExpiry(key, toStart, toEnd, expireAt, offset)
    this.changed(object)
    this.noteRetained(object)
    this.onReady(key, toStart, toEnd)
  }

  /** Gives the key looked for last, which must not be alive, a copy of an object: see {@link ObjectState.copyTo}. */
  copyObject(source: ObjectState, key: Buffer, start: number, end: number, expireAt: number): void {
    const target = this.createObject(source.kind, key, start, end)
    if (expireAt > 0) this.#appendExpiry(key, start, end, expireAt, target.id)
    source.copyTo(target, this.members, this.command)
    this.changed(target)
    this.noteRetained(target)
    this.onReady(key, start, end)
  }

  #appendObject(kind: number, id: number, key: Buffer, start: number, end: number): number {
    const { hi, lo, collisionFlag } = this.state
    const offset = this.#records.object(hi, lo, collisionFlag, kind, this.command, id, this.#since(), key, start, end)
    this.#applyValue(TAG.object)
    return offset
  }

  /** Members of the object of the key looked for last have been written, or removed. */
  changed(object: ObjectState): void {
    object.changedEnd = this.log.endOffset
    this.journal?.changed(object.id, object.changedEnd)
    this.#touch()
  }

  /** As {@link changed}, by what is no change to whoever watches the key, as in Redis: what consumers do with a stream. */
  changedUnseen(object: ObjectState): void {
    object.changedEnd = this.log.endOffset
    this.journal?.changed(object.id, object.changedEnd)
    this.waitFor(this.log.endOffset)
  }

  /** Sets when the key found last expires, in ms since 1970. */
  expire(key: Buffer, start: number, end: number, expireAt: number): void {
    this.#appendExpiry(key, start, end, expireAt, this.locate().offset)
    this.#touch()
  }

  #appendExpiry(key: Buffer, start: number, end: number, expireAt: number, boundTo: number): void {
    const { hi, lo, collisionFlag } = this.state
    this.#records.expiry(hi, lo, collisionFlag, this.command, expireAt, boundTo, key, start, end)
    const { appender } = this.log
    this.state.applyExpiry(expireAt, appender.segmentNumber, appender.position, appender.recordSize)
  }

  /** Takes the expiry of the key found last away. */
  persist(key: Buffer, start: number, end: number): void {
    this.#appendTombstone(KIND.expiry, 0, this.command, this.locate().offset, key, start, end)
    this.state.applyExpiry(0, 0, 0, 0)
    this.removals.add(this.state.hi, this.state.lo, this.log.endOffset)
    this.waitFor(this.log.endOffset)
    this.#touch()
  }

  /** Removes the key found last. */
  remove(key: Buffer, start: number, end: number): void {
    this.#remove(key, start, end, this.command)
  }

  /** Removes the key looked for last if it is there and has expired: what a write does first, and the expiry cycle always. */
  removeExpired(key: Buffer, start: number, end: number): boolean {
    if (!this.state.isPresent || !this.isExpired) return false
    this.#remove(key, start, end, CAUSE.expired)
    return true
  }

  #remove(key: Buffer, start: number, end: number, cause: number): void {
    const { object } = this.state
    if (object !== null) this.#removeObject(object)
    this.#removeKey(key, start, end, cause, object === null ? 0 : RECORD_FLAG.endsObject)
    if (object === null) return
    this.journal?.changed(object.id, this.log.endOffset)
    this.onReady(key, start, end)
  }

  #removeObject(object: ObjectState): void {
    this.state.objects.remove(object.id)
    this.retained.forget(object)
  }

  /** @param flags of the tombstone: whether an object ends with the key */
  #removeKey(key: Buffer, start: number, end: number, cause: number, flags: number): void {
    const since = this.#since()
    const first = since >= 0 ? since : this.log.baseOffsetOf(this.index.segment)
    this.#appendTombstone(KIND.string, flags, cause, first, key, start, end)
    this.state.applyRemoval()
    this.isExpired = false
    this.removals.add(this.state.hi, this.state.lo, this.log.endOffset)
    this.waitFor(this.log.endOffset)
    // That time has run out is seen by whoever watches, see watch(); that it is noted is no change.
    if (cause === CAUSE.expired) this.expiredCount++
    else this.#touch()
  }

  #appendTombstone(
    kind: number,
    flags: number,
    cause: number,
    first: number,
    key: Buffer,
    start: number,
    end: number,
  ): void {
    const { hi, lo, collisionFlag } = this.state
    this.#records.tombstone(hi, lo, collisionFlag | flags, kind, cause, first, key, start, end)
  }

  /** Tells whoever watches the key looked for last that it has changed: by a write that has left nothing behind. */
  touch(): void {
    this.#touch()
  }

  #touch(): void {
    this.waitFor(this.log.endOffset)
    if (!this.watches.isEmpty) this.watches.touch(this.state.hi, this.state.lo)
  }

  /** Removes every key. */
  clear(): void {
    this.#records.floor(this.command)
    if (!this.watches.isEmpty) this.watches.touchAll((hi, lo) => this.state.isAliveHash(hi, lo, this.now))
    const { appender } = this.log
    this.state.applyFloor(appender.segmentNumber, appender.position)
    this.retained.clear()
    this.floorGate = this.log.endOffset
    this.gateAll()
    this.onCleared()
  }

  /** Applies a record of the log to the state: recovery hands over all of them, in order, and settles the state then. */
  replay(record: ReplayedRecord): Promise<void> | undefined {
    if (this.messages.covers(record.kind)) {
      this.messages.replay(record)
      return undefined
    }
    return this.state.replay(record)
  }

  /** The replay is over: what no key has is forgotten, and what objects need beside the places of their members is loaded. */
  settle(): Promise<void> {
    return this.state.settle((object, hi, lo) => {
      this.retained.note(object, hi, lo)
    })
  }

  /** What the object of the key looked for last holds may go by itself from now on, or does so no more. */
  noteRetained(object: ObjectState): void {
    this.retained.note(object, this.state.hi, this.state.lo)
  }

  /**
   * Watches the key for a connection. A key that expires has changed once its time has come, whether or not it has been
   * removed by then; one that had expired before it was watched has not.
   * @throws ColdRead when its record has to be loaded first.
   */
  watch(key: Buffer, start: number, end: number, watcher: Watcher): Watched {
    this.countsLookups = false // as in Redis
    this.find(key, start, end)
    const { hi, lo } = this.state
    const watched = { hi, lo, expireAt: this.expireAt }
    this.watches.add(watched.hi, watched.lo, watcher)
    return watched
  }
}
