import { copyBytes, type RecordView } from '../../../segments/index.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Foresight } from '../command.js'

const KEPT_SIZE_MAX = 64 * 1024

const kept = Buffer.allocUnsafeSlow(KEPT_SIZE_MAX)

/**
 * A copy of a record's value in its first `oldSize` bytes, to be changed and put: zero bytes up to `written`, from where the caller
 * writes what is new, if that is behind. The memory may be larger than `size`, and holds until the next call.
 */
export function grownValue(record: RecordView, oldSize: number, size: number, written: number): Buffer {
  const value = size <= KEPT_SIZE_MAX ? kept : Buffer.allocUnsafeSlow(size)
  if (oldSize > 0) copyBytes(record.bytes, record.valueStart, record.valueStart + oldSize, value, 0)
  if (written > oldSize) value.fill(0, oldSize, written)
  return value
}

/**
 * For {@link Command.valuesSize}: what a command may write that makes key 1 `needed` bytes long, NaN where it will be refused.
 * It writes the whole value, also where that is longer already.
 */
export function grownSize(foresight: Foresight, args: Args, needed: number): number {
  if (!(needed <= foresight.valueSizeMax)) return 0
  foresight.mayGet(args, 1, needed)
  return foresight.sizeOf(args, 1)
}
