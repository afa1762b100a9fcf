import { FlinError } from './errors.js'
import type { KeyHasher } from './key-hash.js'
import type { NewRecord } from './log-record.js'
import type { Place } from './reader.js'
import type { ReplayedRecord } from './recovery.js'

/**
 * How long records of a kind stay: as long as every rule keeps them, and without any for ever. Whole segments go, so a record
 * may stay for up to a segment longer.
 */
export interface RetentionRule {
  /** Records older than so many ms go, by the time of the last batch of their segment. */
  readonly ageMs?: number
  /** So many bytes of records of the kind stay at least, the newest ones; those of the active segment are not counted. */
  readonly size?: number
}

/** A kind of records that go by themselves. */
export interface RetainedKind extends RetentionRule {
  readonly kind: number
  /** Kind of the record that says from which offset on they stay. Its own: one entity, without a key. */
  readonly floorKind: number
  /**
   * Each record says itself how long it stays: its datum is the age in ms from which on it may go, in the place of `ageMs`. The
   * records of one age have a floor of their own, beside that of all; its key is the age in decimal digits. Few ages are meant.
   */
  readonly isAgeInDatum?: boolean
}

/** Of the log: where records lie, how old they are, and what is dead. */
export interface RetainedLog {
  readonly segments: readonly {
    readonly number: number
    readonly baseOffset: number
    readonly endOffset: number
    readonly sealed: boolean
    readonly lastTimestampMs: number
  }[]
  readonly deadSizes: number[]
  readonly hasher: KeyHasher
  readonly now: () => number
}

/** What is told of a record that is applied. */
export interface AppliedRecord extends Place {
  readonly kind: number
  /** Bytes that it takes. */
  readonly size: number
  readonly datum?: number | undefined
  /** The hash of its key, of floors; left out: it has none. */
  readonly hi?: number
  readonly lo?: number
}

/** From which offset on records stay, and where the record lies that says so. */
interface Floor {
  readonly key: Buffer
  offset: number
  segment: number
  position: number
  size: number
}

/** Of the records of one kind in one segment that are not gone: their bytes, give or take the headers between them. */
interface Tally {
  size: number
  count: number
}

/** The records of a kind that go at the same age. */
interface AgeGroup {
  readonly floor: Floor
  /** By segment number. */
  readonly tallies: Map<number, Tally>
}

/** What is known of one kind. */
interface Retained {
  readonly kind: number
  readonly floorKind: number
  readonly isAgeInDatum: boolean
  rule: RetentionRule
  readonly floor: Floor
  /** By the hash of their keys. */
  readonly floors: Map<string, Floor>
  /** By age in ms; all under 0 where ages are not in the datum. */
  readonly groups: Map<number, AgeGroup>
}

/**
 * Kinds of records that go by age or size, as messages of a channel do: nobody deletes them one by one, but a record in the
 * log says from which offset on those of the kind stay. So every replay, also of a follower, comes to the same state, and a
 * floor that a reader was told of never falls. Compaction drops what lies in segments that end below the floor.
 *
 * Whoever has such kinds hands each record of them to {@link Retention.apply}, also those of a replay; appends what
 * {@link Retention.plan} says whenever a segment has been sealed, and now and then for what grows old; and hands on what
 * compaction asks about what this {@link Retention.covers}.
 */
export class Retention {
  readonly #log: RetainedLog
  readonly #byKind = new Map<number, Retained>()
  readonly #byFloorKind = new Map<number, Retained>()
  /** The segment that was asked about last, which most often is asked about next. */
  #segment: RetainedLog['segments'][number] | undefined

  /** @throws FlinError BAD_SETTING when a number of a kind is used twice, or an age or a size is no whole number */
  constructor(log: RetainedLog, kinds: readonly RetainedKind[]) {
    this.#log = log
    for (const { kind, floorKind, isAgeInDatum = false, ...rule } of kinds) {
      if (kind === floorKind || this.covers(kind) || this.covers(floorKind)) {
        throw new FlinError('BAD_SETTING', `two kinds of records have the number ${kind} or ${floorKind}`)
      }
      const floors = new Map<string, Floor>()
      const floor = this.#floorWith(floors, NO_KEY)
      const groups = new Map<number, AgeGroup>()
      const retained = { kind, floorKind, isAgeInDatum, rule: checked(rule), floor, floors, groups }
      this.#byKind.set(kind, retained)
      this.#byFloorKind.set(floorKind, retained)
    }
  }

  #floorWith(floors: Map<string, Floor>, key: Buffer): Floor {
    const { hasher } = this.#log
    hasher.hash(key, 0, key.length)
    return floorAt(floors, hasher.hi, hasher.lo, key)
  }

  #groupOf(retained: Retained, datum: number): AgeGroup {
    const { isAgeInDatum, groups, floors } = retained
    const age = isAgeInDatum ? datum : 0
    let group = groups.get(age)
    if (group === undefined) {
      const floor = isAgeInDatum ? this.#floorWith(floors, Buffer.from(String(age))) : retained.floor
      groups.set(age, (group = { floor, tallies: new Map() }))
    }
    return group
  }

  /** Whether these are records of a kind that is retained here, or floors of one. */
  covers(kind: number): boolean {
    return this.#byKind.has(kind) || this.#byFloorKind.has(kind)
  }

  /**
   * The first offset that is left: records of the kind below it are gone, even if they can still be read.
   * @param ageMs of those with this age in their datum; left out: what holds for all
   */
  floorOf(kind: number, ageMs?: number): number {
    const retained = this.#retained(kind)
    const { floor } = retained
    return ageMs === undefined ? floor.offset : Math.max(floor.offset, this.#groupOf(retained, ageMs).floor.offset)
  }

  /** The highest floor of an age of which nothing else is known: all its records are gone. 0: there is none. */
  orphanFloorOf(kind: number): number {
    const { floor, floors } = this.#retained(kind)
    let highest = 0
    for (const it of floors.values()) if (it !== floor && it.key.length === 0) highest = Math.max(highest, it.offset)
    return highest
  }

  /** The ages that records of the kind were seen to have in their datum, or that were asked about. */
  agesOf(kind: number): Iterable<number> {
    return this.#retained(kind).groups.keys()
  }

  /** Bytes of records of a kind that are not gone, give or take some hundredths. */
  sizeOf(kind: number): number {
    const retained = this.#retained(kind)
    return this.#log.segments.reduce((sum, { number }) => sum + sizeIn(retained, number), 0)
  }

  /** How many records in a segment are not gone, of all kinds and floors. */
  countIn(segmentNumber: number): number {
    let count = 0
    for (const { groups, floors } of this.#byKind.values()) {
      for (const { tallies } of groups.values()) count += tallies.get(segmentNumber)?.count ?? 0
      for (const { segment } of floors.values()) if (segment === segmentNumber) count++
    }
    return count
  }

  /**
   * Another rule for a kind, from the next {@link plan} on. What has gone does not come back.
   * @throws FlinError BAD_SETTING when an age or a size is no whole number
   */
  setRule(kind: number, rule: RetentionRule): void {
    this.#retained(kind).rule = checked(rule)
  }

  #retained(kind: number): Retained {
    const retained = this.#byKind.get(kind)
    if (retained === undefined) throw new RangeError(`records of kind ${kind} are not retained`)
    return retained
  }

  /** The records that are to be appended, and applied, now: floors that rise. Most often there are none. */
  plan(): NewRecord[] {
    const records: NewRecord[] = []
    for (const retained of this.#byKind.values()) {
      const { groups, floor, isAgeInDatum, rule } = retained
      this.#forgetGone(retained)
      const all = Math.max(isAgeInDatum ? 0 : this.#floorByAge(rule.ageMs), this.#floorBySize(retained))
      this.#rise(records, retained, floor, all, groups.values())
      if (!isAgeInDatum) continue
      for (const [ageMs, group] of groups) {
        const aged = this.#floorByAge(ageMs)
        if (aged > all) this.#rise(records, retained, group.floor, aged, [group])
      }
    }
    return records
  }

  #rise(records: NewRecord[], retained: Retained, floor: Floor, offset: number, groups: Iterable<AgeGroup>): void {
    if (offset <= floor.offset) return
    for (const group of groups) {
      if (!this.#hasBelow(group, offset)) continue
      records.push({ kind: retained.floorKind, key: floor.key, datum: offset })
      return
    }
  }

  /** Segments that compaction has dropped, or made others of. */
  #forgetGone({ groups }: Retained): void {
    const there = new Set(this.#log.segments.map(({ number }) => number))
    for (const { tallies } of groups.values()) {
      for (const number of tallies.keys()) if (!there.has(number)) tallies.delete(number)
    }
  }

  #floorByAge(ageMs: number | undefined): number {
    const oldest = ageMs === undefined ? -Infinity : this.#log.now() - ageMs
    let floor = 0
    for (const segment of this.#log.segments) {
      if (!segment.sealed || segment.lastTimestampMs >= oldest) break
      floor = segment.endOffset
    }
    return floor
  }

  #floorBySize(retained: Retained): number {
    const { size } = retained.rule
    const { segments } = this.#log
    if (size === undefined) return 0
    let newer = 0
    for (let i = segments.length - 1; i >= 0; i--) {
      const segment = segments[i]!
      if (!segment.sealed) continue
      if (newer >= size) return segment.endOffset
      newer += sizeIn(retained, segment.number)
    }
    return 0
  }

  #hasBelow({ tallies }: AgeGroup, floor: number): boolean {
    return this.#log.segments.some((segment) => isBelow(segment, floor) && tallies.has(segment.number))
  }

  /** Counts a record of a retained kind; a floor holds from now on. Others it lets be. */
  apply(record: AppliedRecord): void {
    const { kind, segmentNumber, position, size, datum = 0 } = record
    const retained = this.#byKind.get(kind)
    if (retained !== undefined) add(this.#groupOf(retained, datum).tallies, segmentNumber, size)
    const floored = this.#byFloorKind.get(kind)
    if (floored === undefined) return
    const floor = floorOfRecord(floored, record)
    const { deadSizes } = this.#log
    if (floor.segment !== -1) deadSizes[floor.segment]! += floor.size
    floor.segment = segmentNumber
    floor.position = position
    floor.size = size
    if (datum <= floor.offset) return
    floor.offset = datum
    for (const group of floored.groups.values()) {
      if (floor === floored.floor || floor === group.floor) this.#bury(group, datum)
    }
  }

  #bury({ tallies }: AgeGroup, floor: number): void {
    const { segments, deadSizes } = this.#log
    for (const segment of segments) {
      if (!isBelow(segment, floor)) break
      deadSizes[segment.number]! += tallies.get(segment.number)?.size ?? 0
      tallies.delete(segment.number)
    }
  }

  /** For compaction: whether the state is made of a record of a kind that this covers. */
  isLive(record: ReplayedRecord): boolean {
    const { kind, segmentNumber, position, datum } = record
    const floored = this.#byFloorKind.get(kind)
    if (floored === undefined) return !this.#isBelow(segmentNumber, this.floorOf(kind, datum))
    const floor = floorOfRecord(floored, record)
    return floor.segment === segmentNumber && floor.position === position
  }

  /** For compaction: the record lies at another place now. Says whether it is still alive. */
  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    const floored = this.#byFloorKind.get(record.kind)
    if (floored !== undefined) {
      if (!this.isLive(record)) return false
      const floor = floorOfRecord(floored, record)
      floor.segment = segmentNumber
      floor.position = position
      return true
    }
    const group = this.#groupOf(this.#retained(record.kind), record.datum)
    if (this.#isBelow(segmentNumber, Math.max(this.floorOf(record.kind), group.floor.offset))) return false
    add(group.tallies, segmentNumber, record.size)
    return true
  }

  #isBelow(segmentNumber: number, floor: number): boolean {
    if (this.#segment?.number !== segmentNumber) {
      this.#segment = this.#log.segments.find(({ number }) => number === segmentNumber)
    }
    return this.#segment === undefined || isBelow(this.#segment, floor)
  }
}

const NO_KEY = Buffer.alloc(0)

function floorAt(floors: Map<string, Floor>, hi: number, lo: number, key: Buffer): Floor {
  const hash = `${hi}:${lo}`
  const known = floors.get(hash)
  // A replay meets a floor before it meets what that is the floor of: then only the hash of its key is known.
  if (known !== undefined && (known.key.length > 0 || key.length === 0)) return known
  const floor = { offset: 0, segment: -1, position: -1, size: 0, ...known, key }
  floors.set(hash, floor)
  return floor
}

function floorOfRecord({ floor, floors, isAgeInDatum }: Retained, { hi, lo }: AppliedRecord): Floor {
  return !isAgeInDatum || hi === undefined || lo === undefined ? floor : floorAt(floors, hi, lo, NO_KEY)
}

/** The end of the active segment is not known before it is sealed. */
function isBelow({ sealed, endOffset }: RetainedLog['segments'][number], floor: number): boolean {
  return sealed && endOffset <= floor
}

function sizeIn({ groups }: Retained, segmentNumber: number): number {
  let size = 0
  for (const { tallies } of groups.values()) size += tallies.get(segmentNumber)?.size ?? 0
  return size
}

function add(tallies: Map<number, Tally>, segmentNumber: number, size: number): void {
  const tally = tallies.get(segmentNumber)
  if (tally === undefined) tallies.set(segmentNumber, { size, count: 1 })
  else {
    tally.size += size
    tally.count++
  }
}

function checked({ ageMs, size }: RetentionRule): RetentionRule {
  for (const [name, value] of Object.entries({ ageMs, size })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new FlinError('BAD_SETTING', `${name} of a retention must be a whole number, 0 or more, not ${value}`)
    }
  }
  return { ...(ageMs !== undefined && { ageMs }), ...(size !== undefined && { size }) }
}
