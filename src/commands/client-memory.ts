import type { Session } from './session.js'

/** What a connection holds in memory, in bytes unless it says otherwise. */
export interface BufferSizes {
  /** Bytes that have come and are not used up, those of the running request among them. */
  readonly unread: number
  /** Memory of its own for them, and how much of that is free. Most clients need none: all read into one buffer. */
  readonly query: number
  readonly queryFree: number
  /** Where the arguments of a request that is not yet whole lie in that memory. */
  readonly indexes: number
  /** The buffer that replies are written into, and how many bytes of it wait, for a commit or to be sent. */
  readonly replies: number
  readonly waiting: number
  /** Bytes that were most in such a buffer since the client came. */
  readonly repliesPeak: number
  /** Buffers that the kernel has not taken whole: how many, and their memory. */
  readonly lentCount: number
  readonly lent: number
}

/** Bytes that a client takes beside a connection's fixed cost. */
export function clientMemory({ buffers, queueSize, walk, wait }: Session): number {
  const { query, indexes, replies, lent } = buffers
  return query + indexes + replies + lent + queueSize + (walk?.size ?? 0) + (wait?.args.buf.length ?? 0)
}
