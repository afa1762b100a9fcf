import { sealBatch, type BatchHeader } from '../../segments/batch.js'
import { aligned, BATCH_HEADER_SIZE, RECORD_HEADER_SIZE } from '../../segments/format.js'
import { writeU32 } from '../../segments/record.js'

/** A batch of records that have values only, laid out as the appender does it. */
export function batchOf(
  values: readonly Uint8Array[],
  baseOffset: number,
  durableOffset: number,
  seed: number,
  changes: Partial<BatchHeader> = {},
): Buffer {
  let size = BATCH_HEADER_SIZE
  for (const value of values) size += aligned(RECORD_HEADER_SIZE + value.length)
  const bytes = Buffer.alloc(size)
  let at = BATCH_HEADER_SIZE
  values.forEach((value, i) => {
    writeU32(bytes, RECORD_HEADER_SIZE + value.length, at)
    writeU32(bytes, i, at + 4)
    bytes.set(value, at + RECORD_HEADER_SIZE)
    at += aligned(RECORD_HEADER_SIZE + value.length)
  })
  const count = values.length
  const lastOffset = baseOffset + count - 1
  const header = { size, baseOffset, lastOffset, count, epoch: 1, timestampMs: 5, durableOffset, ...changes }
  sealBatch(bytes, 0, header, seed)
  return bytes
}
