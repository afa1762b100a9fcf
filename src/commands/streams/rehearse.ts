import { FlinError } from '../../../segments/index.js'
import { ColdRead } from '../../models/cold.js'
import { checkLoaded } from '../../models/objects/object-copy.js'
import type { Stream } from '../../models/streams/stream.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Context } from '../command.js'
import { findStream } from './find-stream.js'

/** Streams whose records are not more than so many bytes are loaded whole. */
const LOADED_SIZE_MAX = 1 << 20

/**
 * Sees to it that what a command in a transaction looks at is in memory, as far as that can be known before those in front of it have
 * run: of a small stream all of it, of others what the command would look at now.
 * @param look looks at that, and writes nothing
 * @param lookBeside looks, in any case, at what the command needs beside the streams of its keys
 */
export function rehearsal(
  forEachKey: (args: Args, visit: (i: number) => void) => void,
  look: (context: Context, args: Args) => void,
  lookBeside?: (context: Context, args: Args) => void,
): (context: Context, args: Args) => void {
  return (context, args) => {
    const { keyspace, reply } = context
    const mark = reply.length
    try {
      const large: Stream[] = []
      forEachKey(args, (i) => {
        const stream = findStream(keyspace, args, i)
        if (stream === null) return
        if (stream.recordsSize > LOADED_SIZE_MAX) large.push(stream)
        else checkLoaded(keyspace.log, stream)
      })
      lookBeside?.(context, args)
      if (large.length > 0) look(context, args)
    } catch (error) {
      // What is wrong shows when the command runs.
      if (error instanceof ColdRead || !(error instanceof ReplyError || error instanceof FlinError)) throw error
    } finally {
      reply.truncate(mark)
    }
  }
}

/** For commands whose key is argument 1. */
export function firstArgument(_args: Args, visit: (i: number) => void): void {
  visit(1)
}

/** For subcommands, whose key is argument 2. */
export function secondArgument(args: Args, visit: (i: number) => void): void {
  if (args.count > 2) visit(2)
}
