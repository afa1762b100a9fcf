import { BATCH_HEADER_SIZE, HEADER, readU64 } from './format.js'
import type { LogState } from './log-state.js'
import type { Reader } from './reader.js'
import { readU32, RecordView } from './record.js'

const NOTHING: Buffer = Buffer.alloc(0)

/**
 * Reads committed records one after the other, from an offset on, while the log is written and compacted. It holds an offset, not a
 * place: what compaction moves it finds again, what is gone it passes by. One turn of the event loop goes
 *
 *   while (cursor.open() === 'here') while (cursor.next()) use(cursor.view)    // 'cold': await cursor.load(), then again
 *   cursor.close()                                                             // before anything else may run
 */
export class LogCursor {
  /** The next record to be read has this offset, or a higher one. May be set while the cursor is closed. */
  offset: number
  /** The record read last, where it lies: until the cursor moves or is closed. */
  readonly view = new RecordView()
  recordOffset = 0
  /** When its batch was begun, in ms since 1970. */
  timestampMs = 0
  readonly #state: LogState
  readonly #reader: Reader
  #bytes: Buffer = NOTHING
  /** Where the next record, or the header of a batch, begins; and where what is open ends. */
  #at = 0
  #end = 0
  /** All that is open lies below this offset. */
  #endOffset = 0
  #batchBase = 0
  #batchCount = 0
  /** A stretch that had to be loaded: the offset where it begins, and the one behind it. */
  #loaded: { readonly bytes: Buffer; readonly from: number; readonly to: number } | null = null

  constructor(state: LogState, reader: Reader, offset: number) {
    this.#state = state
    this.#reader = reader
    this.offset = offset
  }

  /** Goes to {@link offset}: `here`, {@link next} reads on; `end`, all that is committed has been read; `cold`, {@link load} first. */
  open(): 'here' | 'end' | 'cold' {
    const { segments, committedOffset } = this.#state
    this.#batchCount = 0
    const segment = this.offset < committedOffset ? segments.ofOffset(this.offset) : undefined
    if (segment === undefined) return 'end'
    if (this.offset < segment.baseOffset) this.offset = segment.baseOffset
    const { sparse, memory } = segment
    const entry = sparse.entryOfOffset(this.offset)
    if (memory !== null) {
      this.#bytes = memory
      this.#at = sparse.count === 0 ? 0 : sparse.positions[entry]!
      this.#end = segment.committedPosition
      this.#endOffset = Math.min(segment.endOffset, committedOffset)
      return 'here'
    }
    const loaded = this.#loaded
    if (loaded === null || this.offset < loaded.from || this.offset >= loaded.to) return 'cold'
    this.#bytes = loaded.bytes
    this.#at = 0
    this.#end = loaded.bytes.length
    this.#endOffset = loaded.to
    return 'here'
  }

  /**
   * Loads what lies at {@link offset} from disk.
   * @throws FlinError LOG_CORRUPT when it is damaged, DISK_FAILED, LOG_CLOSED
   */
  async load(): Promise<void> {
    const segment = this.#state.segments.ofOffset(this.offset)
    if (segment === undefined || segment.memory !== null) return
    const { sparse } = segment
    const entry = sparse.entryOfOffset(this.offset)
    const from = Math.min(this.offset, sparse.offsets[entry]!)
    const to = entry + 1 < sparse.count ? sparse.offsets[entry + 1]! : segment.endOffset
    const { bytes } = await this.#reader.stretch(segment, entry)
    this.#loaded = { bytes, from, to }
  }

  /** Moves to the next record of what is open; false: there is none, {@link open} goes on. */
  next(): boolean {
    for (;;) {
      if (this.#batchCount === 0 && !this.#openBatch()) {
        if (this.offset < this.#endOffset) this.offset = this.#endOffset
        return false
      }
      const view = this.view.at(this.#bytes, this.#at)
      this.#at = view.next
      this.#batchCount--
      const offset = this.#batchBase + view.offsetDelta
      if (offset < this.offset) continue
      this.recordOffset = offset
      this.offset = offset + 1
      return true
    }
  }

  /** Goes to the records of the next batch that has some from {@link offset} on. */
  #openBatch(): boolean {
    const bytes = this.#bytes
    while (this.#at < this.#end) {
      const at = this.#at
      const count = readU32(bytes, at + HEADER.count)
      const base = readU64(bytes, at + HEADER.baseOffset)
      if (count === 0 || base + readU32(bytes, at + HEADER.lastDelta) < this.offset) {
        this.#at = at + readU32(bytes, at + HEADER.size)
        continue
      }
      this.#batchBase = base
      this.#batchCount = count
      this.timestampMs = readU64(bytes, at + HEADER.timestamp)
      this.#at = at + BATCH_HEADER_SIZE
      return true
    }
    return false
  }

  /** Lets go of what is open: memory of a segment may serve another one later. */
  close(): void {
    this.#bytes = NOTHING
    this.view.bytes = NOTHING
    this.#end = 0
    this.#at = 0
    this.#batchCount = 0
  }
}
