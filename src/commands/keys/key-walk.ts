import { giveBuffer, takeBuffer } from '../../protocol/buffer-pool.js'
import { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { REPLY_GOES_ON } from '../partial-reply.js'
import type { Session } from '../session.js'

const CHUNK_SIZE = 1 << 20
/** Room for the key that fills a chunk up; a chunk with it is of a size that the pool of buffers keeps. */
const CHUNK_SLACK = 1 << 18

/**
 * How far a command over much has come that lets others have their turn, such as KEYS, and what it has found. That may be hundreds of MB: it is kept in
 * chunks, which are replied one after the other as the client takes them, so that nothing is ever held twice.
 */
export class KeyWalk {
  /** Where the walk goes on; only meaningful until {@link isOver}. */
  cursor = 0
  isOver = false
  #count = 0
  #isBegun = false
  readonly #open = new ReplyWriter()
  readonly #full: { readonly buffer: Buffer; readonly size: number }[] = []
  #fullSize = 0

  /** Bytes of replies that were found and are held. */
  get size(): number {
    return this.#fullSize + this.#open.length
  }

  add(bytes: Buffer, keyStart: number, keyEnd: number): void {
    const open = this.#open
    open.bulk(bytes, keyStart, keyEnd)
    this.#count++
    if (open.length < CHUNK_SIZE) return
    this.#full.push({ buffer: open.buffer, size: open.length })
    this.#fullSize += open.length
    open.reset(takeBuffer(CHUNK_SIZE + CHUNK_SLACK))
  }

  /** Hands the next chunk over to the reply; the first one, which says how many keys there are, is the least. True: it was the last. */
  giveTo(reply: ReplyWriter): boolean {
    if (!this.#isBegun) {
      this.#isBegun = true
      const open = this.#open
      reply.array(this.#count)
      reply.raw(open.buffer, 0, open.length)
      giveBuffer(open.buffer)
      open.reset(Buffer.alloc(0))
    } else {
      const { buffer, size } = this.#full.pop()!
      this.#fullSize -= size
      reply.take(buffer, size)
    }
    return this.#full.length === 0
  }

  /** Lets go of what was found. */
  drop(): void {
    for (const { buffer } of this.#full) giveBuffer(buffer)
    this.#full.length = 0
    this.#fullSize = 0
  }
}

/** Replies with the next part of what a walk that is over has found. @throws PartialReply when there is more */
export function giveNext(session: Session, reply: ReplyWriter, walk: KeyWalk): void {
  if (walk.size > reply.sizeMax) {
    walk.drop()
    reply.isOverflown = true
  } else if (!walk.giveTo(reply)) throw REPLY_GOES_ON
  session.walk = null
}
