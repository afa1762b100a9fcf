import { copyBytes } from '../../../segments/index.js'
import { putLong, putWord, STREAM_ID_SIZE, word, longAt, type StreamId } from './stream-id.js'

/*
 * The value of an entry's record; all numbers low byte first:
 *
 *   entry = ms:u64 seq:u64 added:u64 count:u32 text*count
 *   text  = size:u32 bytes
 *
 * `added` is how many entries the stream has ever had, this one among them; `count` is even: names and values in turn.
 */

const ADDED_AT = STREAM_ID_SIZE
const COUNT_AT = ADDED_AT + 8
const TEXTS_AT = COUNT_AT + 4

/** Bytes of an entry beside its texts, and of a text beside its own. */
export const ENTRY_HEADER_SIZE = TEXTS_AT
export const TEXT_HEADER_SIZE = 4

/** Beyond this the buffer that entries are built in is given up after use. */
const SCRATCH_KEPT_MAX = 256 * 1024

/** Builds the values of entries, one at a time: in a buffer that it keeps, or where they are to lie. */
export class EntryEncoder {
  #own: Buffer = Buffer.allocUnsafeSlow(4096)
  /** Where it writes. Of an entry in its own buffer the value is `bytes[0..size)` until the next {@link begin}. */
  bytes: Buffer = this.#own
  size = 0

  /** Begins an entry of `count` texts that have `textSize` bytes together. */
  begin(id: StreamId, added: number, count: number, textSize: number): void {
    const size = entrySize(count, textSize)
    if (size > this.#own.length || (this.#own.length > SCRATCH_KEPT_MAX && size <= SCRATCH_KEPT_MAX)) {
      this.#own = Buffer.allocUnsafeSlow(Math.max(4096, size))
    }
    this.beginAt(this.#own, 0, id, added, count)
  }

  /** Begins an entry of `count` texts at a place that has room for all of it, see {@link entrySize}. */
  beginAt(bytes: Buffer, at: number, id: StreamId, added: number, count: number): void {
    this.bytes = bytes
    id.write(bytes, at)
    putLong(bytes, at + ADDED_AT, added)
    putWord(bytes, at + COUNT_AT, count)
    this.size = at + TEXTS_AT
  }

  text(from: Buffer, start: number, end: number): void {
    const size = end - start
    putWord(this.bytes, this.size, size)
    const at = this.size + TEXT_HEADER_SIZE
    copyBytes(from, start, end, this.bytes, at)
    this.size = at + size
  }
}

/** Bytes that the value of an entry takes: `count` texts that have `textSize` bytes together. */
export function entrySize(count: number, textSize: number): number {
  return TEXTS_AT + count * TEXT_HEADER_SIZE + textSize
}

/** How many entries the stream had ever had with this one, whose value begins at `at`. */
export function addedAt(bytes: Uint8Array, at: number): number {
  return longAt(bytes, at + ADDED_AT)
}

/** Names and values of an entry whose value begins at `at`. */
export function textCountAt(bytes: Uint8Array, at: number): number {
  return word(bytes, at + COUNT_AT)
}

/** Calls `visit` with where each text of an entry begins and ends. */
export function forEachText(bytes: Buffer, at: number, visit: (start: number, end: number) => void): void {
  const count = textCountAt(bytes, at)
  let position = at + TEXTS_AT
  for (let i = 0; i < count; i++) {
    const start = position + TEXT_HEADER_SIZE
    position = start + word(bytes, position)
    visit(start, position)
  }
}

/** Where the first text of an entry is whose value begins at `at`; each is its size, u32, and its bytes. */
export function textsAt(at: number): number {
  return at + TEXTS_AT
}
