import { giveBuffer, takeBuffer } from './buffer-pool.js'

const EMPTY = Buffer.alloc(0)
/** Own memory larger than this is given back when it is mostly empty. */
const SHRINK_FROM = 4096

/**
 * The bytes of one connection on their way to being requests. They are read where they lie; only what is incomplete when the
 * caller must reuse its buffer ({@link retain}) is copied, behind which the next bytes come. Every byte is copied a bounded
 * number of times, and memory grows with what has arrived, never with what a length claims. Protocols say what a request is.
 */
export abstract class ByteFeed {
  /** What is being parsed: the bytes just fed, or own memory, behind which the fed bytes come. */
  protected buf: Buffer = EMPTY
  protected isOwn = false
  /** Where the request being parsed, or the next one, begins in buf. */
  protected at = 0
  protected end = 0
  /** Fed bytes that come behind own memory. */
  protected fed: Buffer = EMPTY
  protected fedAt = 0
  protected fedEnd = 0
  /** Where the request just returned begins, -1 when there is none to give back. */
  protected returned = -1

  /** Bytes of memory that the stream itself holds. */
  get bufferedSize(): number {
    return this.isOwn ? this.buf.length : 0
  }

  /** Bytes that have come and are not used up, the request just returned among them. */
  get unreadSize(): number {
    return this.#unreadHere + this.fedEnd - this.fedAt
  }

  /** Room in own memory behind what is unread there. */
  get freeSize(): number {
    return this.isOwn ? this.buf.length - this.#unreadHere : 0
  }

  get #unreadHere(): number {
    return this.end - (this.returned < 0 ? this.at : this.returned)
  }

  /** Bytes of memory for where the parts of an incomplete request lie. */
  get indexSize(): number {
    return 0
  }

  /** Takes bytes that follow those before. They are read where they lie, until retain(). */
  feed(buf: Buffer, start: number, end: number): void {
    this.returned = -1
    if (this.isOwn) {
      if (this.fedAt < this.fedEnd) throw new Error('feed() without retain() before it')
      this.fed = buf
      this.fedAt = start
      this.fedEnd = end
    } else {
      if (this.at < this.end) throw new Error('feed() without retain() before it')
      this.buf = buf
      this.at = start
      this.end = end
    }
  }

  /**
   * Goes to the next request: false when its bytes are not all there. What it is, the protocol tells; it holds until next(),
   * retain() or feed().
   * @throws FlinError PROTOCOL when the bytes are no request or exceed a limit; nothing can be read from then on.
   */
  abstract next(): boolean

  /** Gives back the request that next() has just returned: the following next() returns it again. */
  unnext(): void {
    if (this.returned < 0) throw new Error('unnext() without a request')
    this.at = this.returned
    this.returned = -1
  }

  /** Copies what is unread into own memory: the buffer that was fed may be reused after it. */
  retain(): void {
    this.returned = -1
    if (this.isOwn) this.#retainOwn()
    else if (this.at < this.end) {
      this.keepParsed()
      this.move(takeBuffer(this.capacity(this.end - this.at)))
      this.isOwn = true
    } else this.forget()
  }

  #retainOwn(): void {
    const rest = this.fedEnd - this.fedAt
    if (this.at === this.end && rest === 0) {
      this.forget()
      return
    }
    this.keepParsed()
    if (rest > 0) this.#take(rest)
    this.fed = EMPTY
    const size = this.end - this.at
    if (this.buf.length > SHRINK_FROM && size < this.buf.length / 4) {
      this.move(takeBuffer(this.capacity(size)))
    }
  }

  /** Holds nothing any more. */
  protected forget(): void {
    if (this.isOwn) giveBuffer(this.buf)
    this.isOwn = false
    this.buf = EMPTY
    this.at = 0
    this.end = 0
  }

  /** Own memory is used up: goes over to what was fed behind it. False when there is nothing. */
  protected leaveOwn(): boolean {
    if (!this.isOwn) return false
    this.forget()
    this.buf = this.fed
    this.at = this.fedAt
    this.end = this.fedEnd
    this.fed = EMPTY
    this.fedAt = 0
    this.fedEnd = 0
    return this.at < this.end
  }

  /**
   * Moves fed bytes into own memory for the request that is incomplete there: some of its own, none behind it. False when
   * there are none.
   */
  protected pull(): boolean {
    const available = this.fedEnd - this.fedAt
    if (!this.isOwn || available === 0) return false
    this.#take(Math.min(available, this.missing()))
    return true
  }

  /** Appends `size` of the fed bytes to own memory. */
  #take(size: number): void {
    const total = this.end - this.at + size
    if (this.end + size > this.buf.length) {
      if (total <= this.buf.length / 2) this.move(this.buf)
      else this.move(takeBuffer(this.roomFor(total)))
    }
    this.fed.copy(this.buf, this.end, this.fedAt, this.fedAt + size)
    this.end += size
    this.fedAt += size
  }

  /** Moves what is unread to the beginning of `to`. */
  protected move(to: Buffer): void {
    this.buf.copy(to, 0, this.at, this.end)
    if (this.isOwn && this.buf !== to) giveBuffer(this.buf)
    this.buf = to
    this.end -= this.at
    this.at = 0
  }

  /** Called before parsed parts of a request must outlive the call that parsed them. */
  protected abstract keepParsed(): void

  /** A number of bytes that the incomplete request in own memory lacks at least, 1 or more. */
  protected abstract missing(): number

  /** The memory to get for `size` unread bytes: just that, or more where a request has begun that will need it. */
  protected abstract capacity(size: number): number

  /** The memory to get for `size` bytes of a request that is known to go on. */
  protected abstract roomFor(size: number): number
}
