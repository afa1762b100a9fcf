import { type BatchHeader, readHeader } from '../batch.js'
import { crc32 } from '../crc.js'
import { ALIGNMENT, BATCH_HEADER_SIZE, HEADER } from '../format.js'
import { readU32 } from '../record.js'

/**
 * Looks at the checksums of a segment's batches while its bytes pass by in pieces of any size. Of a batch nothing but its
 * header is kept, so the memory that it takes does not depend on how large batches are.
 */
export class BatchStream {
  readonly #seed: number
  readonly #header = Buffer.alloc(BATCH_HEADER_SIZE)
  /** Bytes of the next header that have come. */
  #headerSize = 0
  /** The batch whose body is passing by. */
  #batch: BatchHeader | null = null
  #bodyLeft = 0
  #checksum = 0
  #isOver = false
  /** Bytes from the beginning that are whole intact batches in order. */
  intactSize = 0
  /** Behind the last record of these. */
  endOffset: number
  lastEpoch = 0

  /** @param firstOffset of the segment, or of what is looked at of it */
  constructor(seed: number, firstOffset: number, lastEpoch = 0) {
    this.#seed = seed
    this.endOffset = firstOffset
    this.lastEpoch = lastEpoch
  }

  /** Takes the next bytes; false, for good, when what begins at {@link intactSize} is no intact batch in its turn. */
  push(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length && !this.#isOver;) {
      if (this.#batch === null) {
        const size = Math.min(BATCH_HEADER_SIZE - this.#headerSize, bytes.length - at)
        bytes.copy(this.#header, this.#headerSize, at, at + size)
        this.#headerSize += size
        at += size
        if (this.#headerSize === BATCH_HEADER_SIZE) this.#begin()
      } else {
        const size = Math.min(this.#bodyLeft, bytes.length - at)
        this.#checksum = crc32(bytes, at, at + size, this.#checksum)
        this.#bodyLeft -= size
        at += size
      }
      if (this.#batch !== null && this.#bodyLeft === 0) this.#finish(this.#batch)
    }
    return !this.#isOver
  }

  #begin(): void {
    const header = readHeader(this.#header, 0, BATCH_HEADER_SIZE, this.#seed)
    const isInTurn =
      header !== null &&
      header.size >= BATCH_HEADER_SIZE &&
      header.size % ALIGNMENT === 0 &&
      header.baseOffset >= this.endOffset &&
      header.epoch >= this.lastEpoch
    if (!isInTurn) {
      this.#isOver = true
      return
    }
    this.#batch = header
    this.#bodyLeft = header.size - BATCH_HEADER_SIZE
    this.#checksum = this.#seed
  }

  #finish({ size, lastOffset, epoch }: BatchHeader): void {
    if (this.#checksum !== readU32(this.#header, HEADER.bodyChecksum)) {
      this.#isOver = true
      return
    }
    this.intactSize += size
    this.endOffset = lastOffset + 1
    this.lastEpoch = epoch
    this.#batch = null
    this.#headerSize = 0
  }
}
