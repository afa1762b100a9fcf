import { longAt, putLong, STREAM_ID_SIZE, type StreamId } from './stream-id.js'

/*
 * The value of the record of what a stream knows beside its entries; all numbers low byte first:
 *
 *   state = last:id deleted:id added:u64 floor:u64 own:u64
 *   id    = ms:u64 seq:u64
 *
 * `last` is the highest id that the stream has given, `deleted` the highest that XDEL has removed, `added` how many entries there have
 * ever been. Entries with an offset below `floor` are gone: trimming names where the rest begins instead of what goes. `own` is the
 * record's own offset: an entry with a higher one tells `last` and `added` anew.
 */

const DELETED_AT = STREAM_ID_SIZE
const ADDED_AT = DELETED_AT + STREAM_ID_SIZE
const FLOOR_AT = ADDED_AT + 8
const OWN_AT = FLOOR_AT + 8

export const STATE_SIZE = OWN_AT + 8

/** What a stream knows beside its entries. */
export interface StreamFacts {
  readonly lastId: StreamId
  readonly maxDeletedId: StreamId
  added: number
  floor: number
}

const scratch = Buffer.alloc(STATE_SIZE)

/** Returns the value, which is valid until the next call. */
export function encodeState({ lastId, maxDeletedId, added, floor }: StreamFacts, own: number): Buffer {
  lastId.write(scratch, 0)
  maxDeletedId.write(scratch, DELETED_AT)
  putLong(scratch, ADDED_AT, added)
  putLong(scratch, FLOOR_AT, floor)
  putLong(scratch, OWN_AT, own)
  return scratch
}

/** Reads the value that begins at `at` into `facts`. Returns the record's own offset. */
export function decodeState(bytes: Uint8Array, at: number, facts: StreamFacts): number {
  facts.lastId.read(bytes, at)
  facts.maxDeletedId.read(bytes, at + DELETED_AT)
  facts.added = longAt(bytes, at + ADDED_AT)
  facts.floor = longAt(bytes, at + FLOOR_AT)
  return longAt(bytes, at + OWN_AT)
}
