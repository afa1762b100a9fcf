import type { Appender } from './appender.js'
import { ALIGNMENT, RECORD_FLAG, RECORD_HEADER_SIZE } from './format.js'
import type { KeyHasher } from './key-hash.js'
import type { Location, Place } from './reader.js'
import { checkKeySize, RecordView } from './record.js'

/** A record that is to be appended. */
export interface NewRecord {
  /** What kind of entity it is about, 0 to 255. The application numbers its kinds; they are on disk, so a number keeps its meaning. */
  readonly kind: number
  /** Which entity: at most 65,535 bytes. */
  readonly key: Uint8Array
  /** Empty if left out. */
  readonly value?: Uint8Array
  /** Says that the entity is deleted. {@link NewRecord.datum} then names the first offset that it may bury; left out: any. */
  readonly isTombstone?: boolean
  /** A number that a replay hands over without reading the record: an expiry time, say. A safe integer, not negative. */
  readonly datum?: number
  /** No version of the entity in the log is older than this offset. */
  readonly since?: number
  /** What caused the record, 0 to 65,535; for those who read the log. */
  readonly command?: number
  /** Another living key has the same hash: a replay that goes by hashes must compare keys. */
  readonly collides?: boolean
}

/** Where an appended record lies. The offset never changes; the place does when compaction moves the record. */
export interface AppendedRecord extends Place {
  readonly offset: number
  /** Bytes that it takes. */
  readonly size: number
}

/** A record as it was read: copies, which stay as they are whatever becomes of the log. */
export interface LogRecord extends Location {
  readonly kind: number
  readonly key: Buffer
  readonly value: Buffer
  readonly isTombstone: boolean
  /** 0 when it has none. */
  readonly datum: number
  readonly command: number
}

/** What a record takes at most beside its key, its value and its fields. */
const OVERHEAD = RECORD_HEADER_SIZE + ALIGNMENT

/**
 * Appends records that stay together: all of them lie in one batch, so a crash leaves all or none.
 * @throws FlinError KEY_TOO_LARGE, and as {@link Appender.begin} does; RangeError for a number that its field cannot hold.
 *   Nothing has been appended then.
 */
export function appendRecords(appender: Appender, hasher: KeyHasher, records: readonly NewRecord[]): AppendedRecord[] {
  let size = 0
  for (const record of records) {
    check(record)
    size += OVERHEAD + 16 + record.key.length + (record.value?.length ?? 0)
  }
  appender.begin(size)
  return records.map((record) => {
    const key = bufferOf(record.key)
    const value = record.value === undefined ? NOTHING : bufferOf(record.value)
    hasher.hash(key, 0, key.length)
    const offset = appender.append(
      record.kind,
      flagsOf(record),
      record.command ?? 0,
      record.datum ?? 0,
      record.since ?? 0,
      hasher.hi,
      hasher.lo,
      key,
      0,
      key.length,
      value,
      0,
      value.length,
    )
    return { offset, segmentNumber: appender.segmentNumber, position: appender.position, size: appender.recordSize }
  })
}

/** The record at `start`, copied. */
export function recordAt(bytes: Buffer, start: number, { offset, timestampMs }: Location): LogRecord {
  const view = new RecordView().at(bytes, start)
  const { kind, isTombstone, datum, command } = view
  return {
    ...{ offset, timestampMs, kind, isTombstone, datum, command },
    key: Buffer.from(view.key()),
    value: Buffer.from(view.value()),
  }
}

const NOTHING = Buffer.alloc(0)

function flagsOf({ isTombstone, collides, datum, since }: NewRecord): number {
  return (
    (isTombstone === true ? RECORD_FLAG.tombstone : 0) |
    (collides === true ? RECORD_FLAG.collides : 0) |
    (datum === undefined ? 0 : RECORD_FLAG.datum) |
    (since === undefined ? 0 : RECORD_FLAG.since)
  )
}

function check({ key, kind, datum = 0, since = 0, command = 0 }: NewRecord): void {
  checkKeySize(key.length)
  checkNumber('kind', kind, 0xff)
  checkNumber('command', command, 0xffff)
  checkNumber('datum', datum, Number.MAX_SAFE_INTEGER)
  checkNumber('since', since, Number.MAX_SAFE_INTEGER)
}

function checkNumber(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return
  throw new RangeError(`the ${name} of a record is a whole number from 0 to ${max}, not ${value}`)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
