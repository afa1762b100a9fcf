import type { RecordView } from '../../../segments/index.js'

const KEPT_SIZE_MAX = 64 * 1024

const kept = Buffer.allocUnsafeSlow(KEPT_SIZE_MAX)

/**
 * A copy of a record's value in its first `oldSize` bytes, made longer with zero bytes, to be changed and put. The memory may
 * be larger than `size`, and holds until the next call.
 */
export function grownValue(record: RecordView, oldSize: number, size: number): Buffer {
  const value = size <= KEPT_SIZE_MAX ? kept : Buffer.allocUnsafeSlow(size)
  if (oldSize > 0) record.bytes.copy(value, 0, record.valueStart, record.valueStart + oldSize)
  if (size > oldSize) value.fill(0, oldSize, size)
  return value
}
