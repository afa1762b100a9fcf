import { RECORD_FLAG, type Log } from '../../segments/index.js'
import { KIND } from './kinds.js'

const NOTHING = Buffer.alloc(0)

/**
 * The records of keys, as they are written into the log; what each means is said in kinds.ts. `hi` and `lo` are the hash of the
 * key, which is `key[start..end)`; `flags` say what the state knows of it, the others are set here.
 */
export class KeyRecords {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * A value, which is `value[valueStart..valueEnd)` and `room` bytes more, see Appender.append. Returns its offset.
   * @param since no version of the key is older; -1: nobody needs to be told
   */
  value(
    hi: number,
    lo: number,
    flags: number,
    command: number,
    since: number,
    key: Buffer,
    start: number,
    end: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    room: number,
  ): number {
    return this.#log.appender.append(
      KIND.string,
      flags | (since >= 0 ? RECORD_FLAG.since : 0),
      command,
      0,
      since,
      hi,
      lo,
      key,
      start,
      end,
      value,
      valueStart,
      valueEnd,
      room,
    )
  }

  /** A key that has an object with this id. Returns its offset. @param since as of a {@link value} */
  object(
    hi: number,
    lo: number,
    flags: number,
    kind: number,
    command: number,
    id: number,
    since: number,
    key: Buffer,
    start: number,
    end: number,
  ): number {
    const all = flags | RECORD_FLAG.datum | (since >= 0 ? RECORD_FLAG.since : 0)
    const { appender } = this.#log
    return appender.append(kind, all, command, id, since, hi, lo, key, start, end, NOTHING, 0, 0)
  }

  /** When the value with the offset `boundTo` expires, in ms since 1970. */
  expiry(
    hi: number,
    lo: number,
    flags: number,
    command: number,
    expireAt: number,
    boundTo: number,
    key: Buffer,
    start: number,
    end: number,
  ): void {
    const all = flags | RECORD_FLAG.datum | RECORD_FLAG.since
    const { appender } = this.#log
    appender.append(KIND.expiry, all, command, expireAt, boundTo, hi, lo, key, start, end, NOTHING, 0, 0)
  }

  /** The end of a value or of an expiry; `first` is the first offset that it buries. */
  tombstone(
    hi: number,
    lo: number,
    flags: number,
    kind: number,
    cause: number,
    first: number,
    key: Buffer,
    start: number,
    end: number,
  ): void {
    const all = flags | RECORD_FLAG.tombstone | RECORD_FLAG.datum
    this.#log.appender.append(kind, all, cause, first, 0, hi, lo, key, start, end, NOTHING, 0, 0)
  }

  /** The end of everything that is older. */
  floor(command: number): void {
    const { hasher } = this.#log
    // Side files hold the hash of every record's key, also of the one that has none: a check makes them anew and compares.
    hasher.hash(NOTHING, 0, 0)
    this.tombstone(hasher.hi, hasher.lo, 0, KIND.floor, command, 0, NOTHING, 0, 0)
  }
}
