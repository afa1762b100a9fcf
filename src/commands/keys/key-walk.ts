import { ReplyWriter } from '../../protocol/resp/reply-writer.js'

const CHUNK_SIZE = 1 << 20
/** Room for the key that fills a chunk up. */
const CHUNK_SLACK = 1 << 17
const NOTHING = Buffer.alloc(0)

/**
 * How far a KEYS has come that lets others have their turn, and what it has found. That may be hundreds of MB: it is kept in
 * chunks, which are put together at the end, so that neither growing nor the reply stops the loop for a copy of all of it.
 */
export class KeyWalk {
  /** Where the walk goes on; only meaningful until {@link isOver}. */
  cursor = 0
  isOver = false
  #count = 0
  readonly #open = new ReplyWriter()
  readonly #full: Buffer[] = []
  #fullSize = 0
  #whole: Buffer | null = null
  #wholeSize = 0
  #joined = 0

  /** Bytes of replies that were found. */
  get size(): number {
    return this.#fullSize + this.#open.length
  }

  add(bytes: Buffer, keyStart: number, keyEnd: number): void {
    const open = this.#open
    open.bulk(bytes, keyStart, keyEnd)
    this.#count++
    if (open.length < CHUNK_SIZE) return
    this.#full.push(open.buffer.subarray(0, open.length))
    this.#fullSize += open.length
    open.reset(Buffer.allocUnsafeSlow(CHUNK_SIZE + CHUNK_SLACK))
  }

  /** Puts the reply together, a chunk at a time, as long as `mayGoOn` says so; null when there is more to do. */
  join(mayGoOn: () => boolean): Buffer | null {
    if (this.#whole === null) {
      const header = `*${this.#count}\r\n`
      this.#whole = Buffer.allocUnsafeSlow(header.length + this.size)
      this.#wholeSize = this.#whole.write(header, 'latin1')
    }
    const full = this.#full
    for (; this.#joined < full.length; this.#joined++) {
      if (!mayGoOn()) return null
      this.#wholeSize += full[this.#joined]!.copy(this.#whole, this.#wholeSize)
      full[this.#joined] = NOTHING
    }
    this.#open.buffer.copy(this.#whole, this.#wholeSize, 0, this.#open.length)
    return this.#whole
  }
}
