import { KIND } from '../../models/kinds.js'
import type { Keyspace } from '../../models/keyspace.js'
import type { Stream } from '../../models/streams/stream.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Foresight } from '../command.js'

/** The stream of the key in argument `i`, null where there is none. @throws FlinError WRONG_TYPE */
export function findStream(keyspace: Keyspace, { buf, starts, ends }: Args, i: number): Stream | null {
  return keyspace.findObject(KIND.stream, buf, starts[i]!, ends[i]!) as unknown as Stream | null
}

/** Gives the key in argument `i`, which was looked for last and has nothing, an empty stream. */
export function createStream(keyspace: Keyspace, { buf, starts, ends }: Args, i: number): Stream {
  return keyspace.createObject(KIND.stream, buf, starts[i]!, ends[i]!) as unknown as Stream
}

/** Bytes that making a stream may take: a removal of what has expired, and the key's record. */
export function creationSize(args: Args, i: number, recordOverhead: number): number {
  return (args.size(i) + recordOverhead) * 2
}

/** For foresight: a command may add so many bytes to the records of the stream of key `i`. Returns them. */
export function mayAdd(foresight: Foresight, args: Args, i: number, size: number): number {
  foresight.mayGet(args, i, foresight.sizeOf(args, i) + size)
  return size
}
