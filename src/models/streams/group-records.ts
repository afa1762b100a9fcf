import type { Consumer, Group } from './group.js'
import { longAt, putLong, STREAM_ID_SIZE, type StreamId } from './stream-id.js'

/*
 * The values of the records of groups, consumers and pending entries; all numbers low byte first:
 *
 *   group    = last:id read:u64 name
 *   consumer = group:u64 seen:u64 name
 *   pending  = group:u64 consumer:u64 entry:u64 id time:u64 count:u64
 *   id       = ms:u64 seq:u64
 *
 * `read` is one more than the entries read, 0 when that is not known. `group` and `consumer` are orders, `entry` an offset; `seen` and
 * `time` are ms since 1970. A name reaches to the end of the value.
 */

const READ_AT = STREAM_ID_SIZE
const GROUP_NAME_AT = READ_AT + 8
const CONSUMER_NAME_AT = 16
const PENDING_ID_AT = 24
const TIME_AT = PENDING_ID_AT + STREAM_ID_SIZE
const COUNT_AT = TIME_AT + 8

/** Bytes of the values, of the first two without the name. */
export const GROUP_SIZE = GROUP_NAME_AT
export const CONSUMER_SIZE = CONSUMER_NAME_AT
export const PENDING_SIZE = COUNT_AT + 8

/** What was encoded last, and its size. */
export const encoded = { bytes: Buffer.alloc(256), size: 0 }

function begin(size: number): Buffer {
  if (size > encoded.bytes.length) encoded.bytes = Buffer.alloc(size)
  encoded.size = size
  return encoded.bytes
}

export function encodeGroup(lastId: StreamId, read: number, name: string): void {
  const bytes = begin(GROUP_NAME_AT + name.length)
  lastId.write(bytes, 0)
  putLong(bytes, READ_AT, read + 1)
  bytes.write(name, GROUP_NAME_AT, 'latin1')
}

export function encodeConsumer(group: Group, seenMs: number, name: string): void {
  const bytes = begin(CONSUMER_NAME_AT + name.length)
  putLong(bytes, 0, group.order)
  putLong(bytes, 8, seenMs)
  bytes.write(name, CONSUMER_NAME_AT, 'latin1')
}

export function encodePending(consumer: Consumer, id: StreamId, entry: number, timeMs: number, count: number): void {
  writePending(begin(PENDING_SIZE), 0, consumer, id, entry, timeMs, count)
}

/** Writes a pending entry's value at `at`, {@link PENDING_SIZE} bytes. */
export function writePending(
  bytes: Buffer,
  at: number,
  consumer: Consumer,
  id: StreamId,
  entry: number,
  timeMs: number,
  count: number,
): void {
  putLong(bytes, at, consumer.group.order)
  putLong(bytes, at + 8, consumer.order)
  putLong(bytes, at + 16, entry)
  id.write(bytes, at + PENDING_ID_AT)
  putLong(bytes, at + TIME_AT, timeMs)
  putLong(bytes, at + COUNT_AT, count)
}

/** Reads a group's value into `lastId`. */
export function decodeGroup(value: Buffer, lastId: StreamId): { readonly read: number; readonly name: string } {
  lastId.read(value, 0)
  return { read: longAt(value, READ_AT) - 1, name: value.toString('latin1', GROUP_NAME_AT) }
}

export function decodeConsumer(value: Buffer): {
  readonly group: number
  readonly seenMs: number
  readonly name: string
} {
  return { group: longAt(value, 0), seenMs: longAt(value, 8), name: value.toString('latin1', CONSUMER_NAME_AT) }
}

/** Reads a pending entry's value, its id into `id`. */
export function decodePending(
  value: Buffer,
  id: StreamId,
): { readonly consumer: number; readonly entry: number; readonly timeMs: number; readonly count: number } {
  id.read(value, PENDING_ID_AT)
  return {
    consumer: longAt(value, 8),
    entry: longAt(value, 16),
    timeMs: longAt(value, TIME_AT),
    count: longAt(value, COUNT_AT),
  }
}
