import { FlinError } from './errors.js'
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
  readonly now: () => number
}

/** What is told of a record that is applied. */
export interface AppliedRecord extends Place {
  readonly kind: number
  /** Bytes that it takes. */
  readonly size: number
  readonly datum?: number | undefined
}

/** What is known of one kind. */
interface Retained {
  readonly kind: number
  readonly floorKind: number
  rule: RetentionRule
  /** All that lies below is gone. */
  floor: number
  /** Where the record lies that says so. */
  floorSegment: number
  floorPosition: number
  floorSize: number
  /** By segment number: bytes of records that are not gone, give or take the headers between them. */
  readonly sizes: Map<number, number>
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
    for (const { kind, floorKind, ...rule } of kinds) {
      if (kind === floorKind || this.covers(kind) || this.covers(floorKind)) {
        throw new FlinError('BAD_SETTING', `two kinds of records have the number ${kind} or ${floorKind}`)
      }
      const place = { floorSegment: -1, floorPosition: -1, floorSize: 0 }
      const retained = { kind, floorKind, rule: checked(rule), floor: 0, ...place, sizes: new Map<number, number>() }
      this.#byKind.set(kind, retained)
      this.#byFloorKind.set(floorKind, retained)
    }
  }

  /** Whether these are records of a kind that is retained here, or floors of one. */
  covers(kind: number): boolean {
    return this.#byKind.has(kind) || this.#byFloorKind.has(kind)
  }

  /** The first offset that is left: records of the kind below it are gone, even if they can still be read. */
  floorOf(kind: number): number {
    return this.#retained(kind).floor
  }

  /** Bytes of records of a kind that are not gone, give or take some hundredths. */
  sizeOf(kind: number): number {
    const { sizes } = this.#retained(kind)
    return this.#log.segments.reduce((sum, { number }) => sum + (sizes.get(number) ?? 0), 0)
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
      this.#forgetGone(retained)
      const floor = this.#floorBy(retained)
      if (floor > retained.floor && this.#hasBelow(retained, floor)) {
        records.push({ kind: retained.floorKind, key: NO_KEY, datum: floor })
      }
    }
    return records
  }

  /** Segments that compaction has dropped, or made others of. */
  #forgetGone({ sizes }: Retained): void {
    const there = new Set(this.#log.segments.map(({ number }) => number))
    for (const number of sizes.keys()) if (!there.has(number)) sizes.delete(number)
  }

  #floorBy({ rule: { ageMs, size }, sizes }: Retained): number {
    const { segments } = this.#log
    const oldest = ageMs === undefined ? -Infinity : this.#log.now() - ageMs
    let floor = 0
    for (const segment of segments) {
      if (!segment.sealed || segment.lastTimestampMs >= oldest) break
      floor = segment.endOffset
    }
    if (size === undefined) return floor
    let newer = 0
    for (let i = segments.length - 1; i >= 0 && segments[i]!.endOffset > floor; i--) {
      const segment = segments[i]!
      if (!segment.sealed) continue
      if (newer >= size) return segment.endOffset
      newer += sizes.get(segment.number) ?? 0
    }
    return floor
  }

  #hasBelow({ sizes }: Retained, floor: number): boolean {
    return this.#log.segments.some((segment) => isBelow(segment, floor) && (sizes.get(segment.number) ?? 0) > 0)
  }

  /** Counts a record of a retained kind; a floor holds from now on. Others it lets be. */
  apply({ kind, segmentNumber, position, size, datum = 0 }: AppliedRecord): void {
    const retained = this.#byKind.get(kind)
    if (retained !== undefined) add(retained.sizes, segmentNumber, size)
    const floored = this.#byFloorKind.get(kind)
    if (floored === undefined) return
    const { deadSizes } = this.#log
    if (floored.floorSegment !== -1) deadSizes[floored.floorSegment]! += floored.floorSize
    floored.floorSegment = segmentNumber
    floored.floorPosition = position
    floored.floorSize = size
    if (datum > floored.floor) this.#raise(floored, datum)
  }

  #raise(retained: Retained, floor: number): void {
    const { segments, deadSizes } = this.#log
    const { sizes } = retained
    retained.floor = floor
    for (const segment of segments) {
      if (!isBelow(segment, floor)) break
      deadSizes[segment.number]! += sizes.get(segment.number) ?? 0
      sizes.delete(segment.number)
    }
  }

  /** For compaction: whether the state is made of a record of a kind that this covers. */
  isLive({ kind, segmentNumber, position }: ReplayedRecord): boolean {
    const floored = this.#byFloorKind.get(kind)
    if (floored !== undefined) return floored.floorSegment === segmentNumber && floored.floorPosition === position
    return !this.#isBelow(segmentNumber, this.floorOf(kind))
  }

  /** For compaction: the record lies at another place now. Says whether it is still alive. */
  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    const floored = this.#byFloorKind.get(record.kind)
    if (floored !== undefined) {
      if (!this.isLive(record)) return false
      floored.floorSegment = segmentNumber
      floored.floorPosition = position
      return true
    }
    const { sizes, floor } = this.#retained(record.kind)
    if (this.#isBelow(segmentNumber, floor)) return false
    add(sizes, segmentNumber, record.size)
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

/** The end of the active segment is not known before it is sealed. */
function isBelow({ sealed, endOffset }: RetainedLog['segments'][number], floor: number): boolean {
  return sealed && endOffset <= floor
}

function add(sizes: Map<number, number>, segmentNumber: number, size: number): void {
  sizes.set(segmentNumber, (sizes.get(segmentNumber) ?? 0) + size)
}

function checked({ ageMs, size }: RetentionRule): RetentionRule {
  for (const [name, value] of Object.entries({ ageMs, size })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new FlinError('BAD_SETTING', `${name} of a retention must be a whole number, 0 or more, not ${value}`)
    }
  }
  return { ...(ageMs !== undefined && { ageMs }), ...(size !== undefined && { size }) }
}
