import { FlinError } from './errors.js'
import {
  KEY_SIZE_MAX,
  MEMBER_KEY_SIZE,
  RECORD_FLAG,
  RECORD_HEADER_SIZE,
  aligned,
  firstBuried,
  readU64,
} from './format.js'
import type { KeyHasher } from './key-hash.js'

/**
 * A record where it lies, read without copying: `at()` moves the view. Positions are in `bytes`, which may be a whole
 * segment or a stretch of one.
 */
export class RecordView {
  bytes: Buffer = EMPTY
  /** Where the record's header starts in {@link bytes}. */
  start = 0
  keyStart = 0
  keyEnd = 0
  valueEnd = 0

  /** Moves the view to a record that is known to be whole (its batch has been verified). */
  at(bytes: Buffer, start: number): this {
    this.bytes = bytes
    this.start = start
    this.keyStart = start + RECORD_HEADER_SIZE + (bytes[start + 14]! | (bytes[start + 15]! << 8))
    this.keyEnd = this.keyStart + (bytes[start + 12]! | (bytes[start + 13]! << 8))
    this.valueEnd = start + readU32(bytes, start)
    return this
  }

  get size(): number {
    return this.valueEnd - this.start
  }

  get offsetDelta(): number {
    return readU32(this.bytes, this.start + 4)
  }

  get kind(): number {
    return this.bytes[this.start + 8]!
  }

  get flags(): number {
    return this.bytes[this.start + 9]!
  }

  get command(): number {
    return this.bytes[this.start + 10]! | (this.bytes[this.start + 11]! << 8)
  }

  get valueStart(): number {
    return this.keyEnd
  }

  get next(): number {
    return this.start + aligned(this.size)
  }

  get isTombstone(): boolean {
    return (this.flags & RECORD_FLAG.tombstone) !== 0
  }

  /** The number that a restart needs, 0 if the record has none. */
  get datum(): number {
    const { flags } = this
    if ((flags & RECORD_FLAG.datum) === 0) return 0
    const at = this.start + RECORD_HEADER_SIZE
    return (flags & RECORD_FLAG.member) === 0 ? readU64(this.bytes, at) : this.bytes.readDoubleLE(at)
  }

  /** Of a tombstone: the first offset that it may bury. */
  get buriesFrom(): number {
    return firstBuried(this.flags, this.datum)
  }

  /** The object of which this is a member; of other records it means nothing. */
  get objectId(): number {
    return readU64(this.bytes, this.keyStart)
  }

  /** Puts into the hasher what stands for the record's key in columns and indexes: its hash, or a member's object. */
  identify(hasher: KeyHasher): void {
    if ((this.flags & RECORD_FLAG.member) === 0) {
      hasher.hash(this.bytes, this.keyStart, this.keyEnd)
      return
    }
    hasher.lo = this.bytes.readInt32LE(this.keyStart)
    hasher.hi = this.bytes.readInt32LE(this.keyStart + 4)
  }

  /** No version of the key is older than this offset; -1 when the record does not say: then it is its segment's base. */
  get since(): number {
    if ((this.flags & RECORD_FLAG.since) === 0) return -1
    const skip = (this.flags & RECORD_FLAG.datum) === 0 ? 0 : 8
    return readU64(this.bytes, this.start + RECORD_HEADER_SIZE + skip)
  }

  key(): Buffer {
    return this.bytes.subarray(this.keyStart, this.keyEnd)
  }

  value(): Buffer {
    return this.bytes.subarray(this.valueStart, this.valueEnd)
  }
}

const EMPTY = Buffer.alloc(0)

/** @throws FlinError KEY_TOO_LARGE when no record can hold a key of so many bytes */
export function checkKeySize(size: number): void {
  if (size > KEY_SIZE_MAX) throw new FlinError('KEY_TOO_LARGE', `a key has at most ${KEY_SIZE_MAX} bytes, not ${size}`)
}

/** Whether the record at `start` lies wholly and consistently before `end`. For bytes that a checksum has vouched for this is a test of the writer. */
export function recordFits(bytes: Buffer, start: number, end: number): boolean {
  if (start + RECORD_HEADER_SIZE > end) return false
  const size = readU32(bytes, start)
  const keySize = bytes[start + 12]! | (bytes[start + 13]! << 8)
  const fieldsSize = bytes[start + 14]! | (bytes[start + 15]! << 8)
  const flags = bytes[start + 9]!
  const wanted = ((flags & RECORD_FLAG.datum) === 0 ? 0 : 8) + ((flags & RECORD_FLAG.since) === 0 ? 0 : 8)
  return (
    size >= RECORD_HEADER_SIZE + keySize + fieldsSize &&
    fieldsSize % 8 === 0 &&
    fieldsSize >= wanted &&
    ((flags & RECORD_FLAG.member) === 0 || keySize === MEMBER_KEY_SIZE) &&
    start + aligned(size) <= end
  )
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

export function writeU32(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
