import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Context } from '../command.js'

/** Revisions start at 1, so that 0 can mean that a key must not exist. */
export function revisionOf(offset: number): number {
  return offset + 1
}

/**
 * Reads `IFREV n` at argument `i`, looks key 1 up and compares its revision with that.
 * @throws ReplyError REVMISMATCH when they differ.
 */
export function checkRevision({ keyspace }: Context, args: Args, i: number): void {
  if (!args.equalsIgnoreCase(i, 'IFREV')) throw new ReplyError(ERR.syntax)
  const expected = args.integer(i + 1)
  if (Number.isNaN(expected) || expected < 0) throw new ReplyError(ERR.notInteger)
  const found = keyspace.find(args.buf, args.starts[1]!, args.ends[1]!)
  const revision = found ? revisionOf(keyspace.locate().offset) : 0
  if (revision !== expected) {
    throw new ReplyError(`REVMISMATCH expected revision ${expected}, the key is at ${revision}`)
  }
}
