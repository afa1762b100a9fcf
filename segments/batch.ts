import { crc32 } from './crc.js'
import { BATCH_HEADER_SIZE, BATCH_MAGIC, FORMAT_VERSION, HEADER, readU64, writeU64 } from './format.js'
import { readU32, recordFits, writeU32 } from './record.js'

export interface BatchHeader {
  size: number
  baseOffset: number
  /** Offset of the last record; `baseOffset - 1` when the batch has none. */
  lastOffset: number
  count: number
  epoch: number
  timestampMs: number
  durableOffset: number
}

/** Writes header and checksums of a batch whose records already lie behind `start + BATCH_HEADER_SIZE`. */
export function sealBatch(bytes: Buffer, start: number, header: BatchHeader, seed: number): void {
  writeU32(bytes, BATCH_MAGIC, start + HEADER.magic)
  bytes[start + HEADER.version] = FORMAT_VERSION
  bytes[start + HEADER.flags] = 0
  bytes[start + HEADER.headerSize] = BATCH_HEADER_SIZE
  bytes[start + HEADER.headerSize + 1] = 0
  writeU32(bytes, header.size, start + HEADER.size)
  writeU64(bytes, header.baseOffset, start + HEADER.baseOffset)
  writeU32(bytes, header.count === 0 ? 0 : header.lastOffset - header.baseOffset, start + HEADER.lastDelta)
  writeU32(bytes, header.count, start + HEADER.count)
  writeU32(bytes, header.epoch, start + HEADER.epoch)
  writeU64(bytes, header.timestampMs, start + HEADER.timestamp)
  writeU64(bytes, header.durableOffset, start + HEADER.durableOffset)
  writeU64(bytes, 0, start + HEADER.reserved)
  const bodyChecksum = crc32(bytes, start + BATCH_HEADER_SIZE, start + header.size, seed)
  writeU32(bytes, bodyChecksum, start + HEADER.bodyChecksum)
  writeU32(bytes, headerChecksum(bytes, start, seed), start + HEADER.checksum)
}

function headerChecksum(bytes: Buffer, start: number, seed: number): number {
  return crc32(bytes, start + HEADER.version, start + BATCH_HEADER_SIZE, seed)
}

/** Reads a header if its checksum holds; nothing in it, the length least of all, is believed before. */
export function readHeader(bytes: Buffer, start: number, end: number, seed: number): BatchHeader | null {
  if (start + BATCH_HEADER_SIZE > end) return null
  if (readU32(bytes, start) !== BATCH_MAGIC) return null
  if (readU32(bytes, start + HEADER.checksum) !== headerChecksum(bytes, start, seed)) return null
  if (bytes[start + HEADER.version] !== FORMAT_VERSION) return null
  const count = readU32(bytes, start + HEADER.count)
  const baseOffset = readU64(bytes, start + HEADER.baseOffset)
  return {
    size: readU32(bytes, start + HEADER.size),
    baseOffset,
    lastOffset: count === 0 ? baseOffset - 1 : baseOffset + readU32(bytes, start + HEADER.lastDelta),
    count,
    epoch: readU32(bytes, start + HEADER.epoch),
    timestampMs: readU64(bytes, start + HEADER.timestamp),
    durableOffset: readU64(bytes, start + HEADER.durableOffset),
  }
}

/** Whether a batch whose header is good lies wholly before `end` and its body is what was written. */
export function bodyIsIntact(bytes: Buffer, start: number, end: number, header: BatchHeader, seed: number): boolean {
  const stop = start + header.size
  if (header.size < BATCH_HEADER_SIZE || stop > end) return false
  return crc32(bytes, start + BATCH_HEADER_SIZE, stop, seed) === readU32(bytes, start + HEADER.bodyChecksum)
}

/** Whether the records of a batch that its checksum vouches for are well-formed; false means a faulty writer. */
export function recordsFit(bytes: Buffer, start: number, header: BatchHeader): boolean {
  const stop = start + header.size
  let at = start + BATCH_HEADER_SIZE
  for (let i = 0; i < header.count; i++) {
    if (!recordFits(bytes, at, stop)) return false
    at += Math.ceil(readU32(bytes, at) / 8) * 8
  }
  return at === stop
}
