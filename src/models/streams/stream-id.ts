const TWO_32 = 0x1_0000_0000
const U32_MAX = 0xffff_ffff
const U32_BITS = 32n
const U32_MASK = 0xffff_ffffn

/** Bytes of an id where it is written: ms and seq, u64 each, low word first. */
export const STREAM_ID_SIZE = 16

/**
 * Id of a stream's entry: ms since 1970 and a number within the millisecond, 64 bits each. Four words of 32 bits, since numbers hold
 * 53 and bigints cost an allocation each; it changes in place, so that the hot commands make none.
 */
export class StreamId {
  msHigh = 0
  msLow = 0
  seqHigh = 0
  seqLow = 0

  get isZero(): boolean {
    return this.msHigh === 0 && this.msLow === 0 && this.seqHigh === 0 && this.seqLow === 0
  }

  get isMax(): boolean {
    return this.msHigh === U32_MAX && this.msLow === U32_MAX && this.seqHigh === U32_MAX && this.seqLow === U32_MAX
  }

  set(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh
    this.msLow = msLow
    this.seqHigh = seqHigh
    this.seqLow = seqLow
    return this
  }

  setZero(): this {
    return this.set(0, 0, 0, 0)
  }

  setMax(): this {
    return this.set(U32_MAX, U32_MAX, U32_MAX, U32_MAX)
  }

  /** @param ms a safe integer >= 0 */
  setMs(ms: number): this {
    this.msHigh = Math.floor(ms / TWO_32)
    this.msLow = ms >>> 0
    return this
  }

  /** @param seq a safe integer >= 0 */
  setSeq(seq: number): this {
    this.seqHigh = Math.floor(seq / TWO_32)
    this.seqLow = seq >>> 0
    return this
  }

  /** @param ms 0 to 2^64 - 1 */
  setBigMs(ms: bigint): this {
    this.msHigh = Number(ms >> U32_BITS)
    this.msLow = Number(ms & U32_MASK)
    return this
  }

  /** @param seq 0 to 2^64 - 1 */
  setBigSeq(seq: bigint): this {
    this.seqHigh = Number(seq >> U32_BITS)
    this.seqLow = Number(seq & U32_MASK)
    return this
  }

  copy({ msHigh, msLow, seqHigh, seqLow }: StreamId): this {
    return this.set(msHigh, msLow, seqHigh, seqLow)
  }

  clone(): StreamId {
    return new StreamId().copy(this)
  }

  /** Below 0: this one comes first; 0: they are the same; above 0: it comes later. */
  compare(other: StreamId): number {
    return (
      this.msHigh - other.msHigh ||
      this.msLow - other.msLow ||
      this.seqHigh - other.seqHigh ||
      this.seqLow - other.seqLow
    )
  }

  hasSameMs({ msHigh, msLow }: StreamId): boolean {
    return this.msHigh === msHigh && this.msLow === msLow
  }

  /** The id behind this one; false when this is the last that there is. */
  increment(): boolean {
    if (this.isMax) return false
    if (this.seqLow !== U32_MAX) this.seqLow++
    else {
      this.seqLow = 0
      if (this.seqHigh !== U32_MAX) this.seqHigh++
      else {
        this.seqHigh = 0
        if (this.msLow !== U32_MAX) this.msLow++
        else {
          this.msLow = 0
          this.msHigh++
        }
      }
    }
    return true
  }

  /** The id before this one; false when this is 0-0. */
  decrement(): boolean {
    if (this.isZero) return false
    if (this.seqLow !== 0) this.seqLow--
    else {
      this.seqLow = U32_MAX
      if (this.seqHigh !== 0) this.seqHigh--
      else {
        this.seqHigh = U32_MAX
        if (this.msLow !== 0) this.msLow--
        else {
          this.msLow = U32_MAX
          this.msHigh--
        }
      }
    }
    return true
  }

  read(bytes: Uint8Array, at: number): this {
    this.msLow = word(bytes, at)
    this.msHigh = word(bytes, at + 4)
    this.seqLow = word(bytes, at + 8)
    this.seqHigh = word(bytes, at + 12)
    return this
  }

  write(bytes: Uint8Array, at: number): void {
    putWord(bytes, at, this.msLow)
    putWord(bytes, at + 4, this.msHigh)
    putWord(bytes, at + 8, this.seqLow)
    putWord(bytes, at + 12, this.seqHigh)
  }

  /** As Redis writes it: `ms-seq`. */
  toString(): string {
    return `${decimal(this.msHigh, this.msLow)}-${decimal(this.seqHigh, this.seqLow)}`
  }
}

function decimal(high: number, low: number): string {
  if (high === 0) return String(low)
  return high < 0x20_0000 ? String(high * TWO_32 + low) : ((BigInt(high) << U32_BITS) | BigInt(low)).toString()
}

/** A u32 at a position. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

/** Writes a u32. */
export function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

/** A u64 that is a safe integer. */
export function longAt(bytes: Uint8Array, at: number): number {
  return word(bytes, at + 4) * TWO_32 + word(bytes, at)
}

/** Writes a safe integer >= 0 as a u64. */
export function putLong(bytes: Uint8Array, at: number, value: number): void {
  putWord(bytes, at, value >>> 0)
  putWord(bytes, at + 4, Math.floor(value / TWO_32))
}
