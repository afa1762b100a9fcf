import { sealBatch } from './batch.js'
import { FlinError } from './errors.js'
import {
  BATCH_HEADER_SIZE,
  BATCH_SIZE_MAX,
  RECORD_FLAG,
  RECORD_HEADER_SIZE,
  SEGMENT_SIZE_LIMIT,
  firstBuried,
} from './format.js'
import type { LogState } from './log-state.js'
import type { Location } from './reader.js'
import { copyBytes } from './bytes.js'
import { checkKeySize, readU32 } from './record.js'
import { RestartColumns } from './restart-columns.js'
import type { Segment } from './segment.js'
import { allocate } from './segment-memory.js'
import { sizeText } from './size-text.js'

const TWO_32 = 0x1_0000_0000

/** For the orders of members, which are doubles. */
const DOUBLE = new Float64Array(1)
const DOUBLE_WORDS = new Int32Array(DOUBLE.buffer)

/**
 * Builds batches in the memory of the active segment, where their records stay as the cache. Everything here is
 * synchronous; what has been closed is written by the flusher from the same memory.
 */
export class Appender {
  readonly #state: LogState
  active: Segment
  #memory: Buffer
  /** The same memory in words of 32 bits. */
  #words: Int32Array
  #columns: RestartColumns
  /** Where the open batch starts; -1 when none is open. */
  #batchStart = -1
  #batchBase = 0
  #batchTimestampMs = 0
  #count = 0
  #tail: number
  /** Where the segment ends for what gives no space back; 0: it was begun for removals, which must not find it full of something else. */
  #writeEnd: number
  /** While set, all that is appended stays in one batch, however long; {@link begin} foresaw its size. */
  isAtomic = false
  /** Place of the record appended last. */
  segmentNumber: number
  position = 0
  /** Where its value begins. */
  #valueStart = 0

  constructor(state: LogState, active: Segment) {
    this.#state = state
    this.active = active
    this.segmentNumber = active.number
    this.#memory = active.memory!
    this.#words = wordsOf(this.#memory)
    this.#columns = active.columns ?? new RestartColumns()
    this.#tail = active.size
    this.#writeEnd = this.#writeEndOf(this.#memory)
  }

  /** A segment smaller than usual was begun for removals, or is one since a start that found no room for the rest of it. */
  #writeEndOf({ length }: Buffer): number {
    return length < this.#state.options.segmentSize ? 0 : length
  }

  /** Bytes that the record appended last takes. */
  get recordSize(): number {
    return this.#tail - this.position
  }

  /**
   * The memory in which the record appended last lies, and where its value begins there: for who fills the room that it was given,
   * before anything else is appended.
   */
  get memory(): Buffer {
    return this.#memory
  }

  get valueStart(): number {
    return this.#valueStart
  }

  /** Whether an open batch holds records. */
  get hasOpenBatch(): boolean {
    return this.#count > 0
  }

  /**
   * Promises that the records of one command, `size` bytes with their headers, will lie in one batch.
   * @param frees the command gives space back in the end: it may take a segment more than the bound of a log in memory
   * @throws FlinError when the log takes no writes now (LOG_POISONED, LOG_CLOSED, LOG_READ_ONLY, DISK_FULL, MEMORY_FULL)
   *   or never this one (RECORD_TOO_LARGE). Nothing has been appended then.
   */
  begin(size: number, frees = false): void {
    const state = this.#state
    if (state.poison !== null) throw state.poison
    if (state.closed) throw new FlinError('LOG_CLOSED', 'the log is closed')
    if (state.options.readOnly || state.options.serveDamaged) {
      throw new FlinError('LOG_READ_ONLY', 'the log is open for reading only')
    }
    if (state.isStalled) throw diskFull(state)
    if (this.isAtomic) return
    const open = this.#batchStart >= 0 ? this.#tail - this.#batchStart : 0
    if (open > 0 && open + size > BATCH_SIZE_MAX) this.closeBatch()
    if (this.#tail + size + BATCH_HEADER_SIZE > (frees ? this.#memory.length : this.#writeEnd)) {
      if (size > SEGMENT_SIZE_LIMIT / 2) {
        throw new FlinError(
          'RECORD_TOO_LARGE',
          `a command or a transaction may write ${sizeText(SEGMENT_SIZE_LIMIT / 2)}, not ${sizeText(size)}`,
        )
      }
      const room = size + BATCH_HEADER_SIZE
      if (state.endOffset > this.active.baseOffset) {
        if (room > state.options.segmentSize) this.#checkSpace(room, frees)
        this.#roll(room, frees)
      } else {
        // A segment without a record would hand its base offset, and so its name, on to the next: it gets longer instead.
        this.#checkMemory(size, frees)
        const { space } = state
        this.#checkSpace(this.#grownSize(room) - this.#memory.length + space.spareTakenSize, frees)
        if ((state.diskFull && !frees) || !space.hasRoom(frees ? 'remove' : 'write', size)) throw this.#refused()
        this.#grow(room)
      }
    } else if (state.options.memorySizeMax > 0) this.#checkMemory(size, frees)
  }

  /**
   * Appends one record to the open batch and returns its offset. `datum` is written if the flag for it is set, `since`
   * likewise; of a member `hi` and `lo` are the two halves of the object's id. Call {@link begin} first. Its place is in {@link segmentNumber} and {@link position}.
   * @param room so many bytes more has the value, which mean nothing until all of them have been filled: by {@link fillValue}, or in {@link memory}
   * @throws FlinError KEY_TOO_LARGE
   */
  append(
    kind: number,
    flags: number,
    command: number,
    datum: number,
    since: number,
    hi: number,
    lo: number,
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    room = 0,
  ): number {
    const keySize = keyEnd - keyStart
    checkKeySize(keySize)
    const hasDatum = (flags & RECORD_FLAG.datum) !== 0
    const fieldsSize = (hasDatum ? 8 : 0) + ((flags & RECORD_FLAG.since) !== 0 ? 8 : 0)
    const size = RECORD_HEADER_SIZE + fieldsSize + keySize + (valueEnd - valueStart) + room
    const needed = this.#batchStart < 0 ? size + 8 + BATCH_HEADER_SIZE : size + 8
    if (this.#tail + needed > this.#memory.length) this.#grow(needed)
    if (this.#batchStart < 0) this.#openBatch()
    const memory = this.#memory
    const words = this.#words
    const start = this.#tail
    const offset = this.#state.endOffset
    // Everything starts at a multiple of 8, so a header is four words.
    let word = start >>> 2
    words[word++] = size
    words[word++] = offset - this.#batchBase
    words[word++] = kind | (flags << 8) | (command << 16)
    words[word++] = keySize | (fieldsSize << 16)
    if (hasDatum && (flags & RECORD_FLAG.member) !== 0) {
      DOUBLE[0] = datum
      words[word++] = DOUBLE_WORDS[0]!
      words[word++] = DOUBLE_WORDS[1]!
    } else if (hasDatum) {
      // Not by `%`, which is a call for numbers beyond 31 bits.
      const high = Math.floor(datum / TWO_32)
      words[word++] = (datum - high * TWO_32) | 0
      words[word++] = high
    }
    if ((flags & RECORD_FLAG.since) !== 0) {
      const high = Math.floor(since / TWO_32)
      words[word++] = (since - high * TWO_32) | 0
      words[word++] = high
    }
    let at = word * 4
    copyBytes(key, keyStart, keyEnd, memory, at)
    at += keySize
    this.#valueStart = at
    copyBytes(value, valueStart, valueEnd, memory, at)
    at = start + size
    // The memory may have served another segment before: the pad has to be zeroes by being written.
    while ((at & 7) !== 0) memory[at++] = 0
    this.#tail = at
    this.#count++
    this.position = start
    this.#columns.add(hi, lo, start, kind, flags)
    if (hasDatum) this.#columns.addDatum(datum)
    if ((flags & RECORD_FLAG.tombstone) !== 0) this.active.noteTombstone(at - start, firstBuried(flags, datum))
    this.#state.undurableSize += at - start
    this.#state.endOffset = offset + 1
    return offset
  }

  /**
   * Changes the value of the record that was appended last, before anything else is appended: `bytes[from..to)` go to `at` in
   * it, and zero bytes in front of them from `zeroFrom` on.
   */
  fillValue(zeroFrom: number, at: number, bytes: Buffer, from: number, to: number): void {
    const start = this.#valueStart
    if (zeroFrom < at) this.#memory.fill(0, start + zeroFrom, start + at)
    copyBytes(bytes, from, to, this.#memory, start + at)
  }

  #openBatch(): void {
    this.#batchStart = this.#tail
    this.#batchBase = this.#state.endOffset
    this.#batchTimestampMs = this.#state.now()
    this.#count = 0
    this.#tail += BATCH_HEADER_SIZE
    this.#state.undurableSize += BATCH_HEADER_SIZE
  }

  /** Closes the open batch, if there is one, so that it can be written. */
  closeBatch(): void {
    if (this.#batchStart < 0) return
    const state = this.#state
    const active = this.active
    const timestampMs = this.#batchTimestampMs
    sealBatch(
      this.#memory,
      this.#batchStart,
      {
        size: this.#tail - this.#batchStart,
        baseOffset: this.#batchBase,
        lastOffset: state.endOffset - 1,
        count: this.#count,
        epoch: state.epoch,
        timestampMs,
        durableOffset: state.durableOffset,
      },
      state.seed,
    )
    active.sparse.add(this.#batchStart, this.#batchBase)
    active.headerSize += BATCH_HEADER_SIZE
    active.size = this.#tail
    active.endOffset = state.endOffset
    active.lastEpoch = state.epoch
    active.lastTimestampMs = timestampMs
    if (active.firstTimestampMs === 0) active.firstTimestampMs = timestampMs
    this.#batchStart = -1
    this.#count = 0
  }

  /** Offset and commit time of a record in the open batch, whose header has not been written. */
  locateOpen(position: number): Location {
    return { offset: this.#batchBase + readU32(this.#memory, position + 4), timestampMs: this.#batchTimestampMs }
  }

  /** Closes a batch without records: it says how far the log is durable. Only when nothing else is open. */
  appendVouch(): void {
    if (this.#batchStart >= 0 || this.#tail + BATCH_HEADER_SIZE > this.#memory.length) return
    this.#openBatch()
    this.closeBatch()
  }

  #roll(size: number, frees: boolean): void {
    this.closeBatch()
    const state = this.#state
    const { memorySizeMax } = state.options
    const capacity = this.#capacityFor(size, frees)
    this.#checkMemory(capacity, frees)
    const next = state.segments.create(state.endOffset, 0)
    next.memory = state.memory.take(capacity)
    next.columns = memorySizeMax > 0 ? null : (state.spareColumns ?? new RestartColumns(this.#columns.count))
    state.spareColumns = null
    state.residentSize += capacity
    state.segments.inOrder.push(next)
    this.active = next
    this.segmentNumber = next.number
    this.#memory = next.memory
    this.#writeEnd = this.#writeEndOf(next.memory)
    this.#words = wordsOf(next.memory)
    if (next.columns !== null) this.#columns = next.columns
    else this.#columns.clear()
    this.#tail = 0
  }

  /** A segment for what removes may be a small one, where there is no room for more. */
  #capacityFor(size: number, frees: boolean): number {
    const { space, diskFull, options } = this.#state
    const usual = Math.max(size, options.segmentSize)
    if (!diskFull && space.hasRoom('write', usual)) return usual
    const small = space.removalSize(size)
    if (frees && space.hasRoom('remove', small)) return small
    throw this.#refused()
  }

  #refused(): FlinError {
    this.#state.onRefused()
    return diskFull(this.#state)
  }

  #checkMemory(size: number, frees: boolean): void {
    const { memorySizeMax, segmentSize } = this.#state.options
    if (memorySizeMax === 0) return
    const used = this.#state.residentSize - (this.#memory.length - this.#tail)
    if (used + size > Math.max(memorySizeMax, segmentSize) + (frees ? segmentSize : 0)) {
      throw new FlinError('MEMORY_FULL', `the log in memory holds ${sizeText(memorySizeMax)} at most`)
    }
  }

  /**
   * Nothing is made ready ahead for what fits in no usual segment: it must have its space before it is taken, or it would wait
   * for that, and everybody else with it.
   * @throws FlinError DISK_FULL unless so many bytes more leave the reserve alone
   */
  #checkSpace(size: number, frees: boolean): void {
    const { space, options } = this.#state
    if (options.memorySizeMax > 0) return
    try {
      space.measureNow()
    } catch {
      return // A disk that is failing is met by the commit.
    }
    if (!space.hasDisk(frees ? 'remove' : 'write', size)) throw this.#refused()
  }

  #grownSize(room: number): number {
    const capacity = this.#tail + room
    return Math.min(SEGMENT_SIZE_LIMIT, Math.max(capacity, Math.ceil(this.#memory.length * 1.25)))
  }

  /** A transaction that turned out larger than was foreseen must stay in one batch: the segment gets longer. */
  #grow(room: number): void {
    const capacity = this.#tail + room
    if (capacity > SEGMENT_SIZE_LIMIT)
      throw new FlinError('RECORD_TOO_LARGE', `a segment holds ${sizeText(SEGMENT_SIZE_LIMIT)} at most`)
    const larger = allocate(this.#grownSize(room))
    this.#memory.copy(larger, 0, 0, this.#tail)
    this.#state.residentSize += larger.length - this.#memory.length
    this.#memory = larger
    this.#writeEnd = this.#writeEndOf(larger)
    this.#words = wordsOf(larger)
    this.active.memory = larger
  }
}

function diskFull({ space }: LogState): FlinError {
  const what = space.isBoundReached
    ? `the log has all of its ${sizeText(space.sizeMax)} of the disk`
    : 'the disk is full'
  return new FlinError('DISK_FULL', `${what}: writes are refused until there is space again`)
}

function wordsOf(memory: Buffer): Int32Array {
  return new Int32Array(memory.buffer, memory.byteOffset, memory.length >>> 2)
}
