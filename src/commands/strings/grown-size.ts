import type { Args } from '../../protocol/resp/args.js'
import type { Foresight } from '../command.js'

/**
 * For {@link Command.valuesSize}: what a command may write that makes key 1 `needed` bytes long, NaN where it will be refused.
 * It writes the whole value, also where that is longer already.
 */
export function grownSize(foresight: Foresight, args: Args, needed: number): number {
  if (!(needed <= foresight.valueSizeMax)) return 0
  foresight.mayGet(args, 1, needed)
  return foresight.sizeOf(args, 1)
}
