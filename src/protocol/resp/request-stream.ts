import { FlinError } from '../../../segments/index.js'
import { Args } from './args.js'
import { splitInline } from './inline.js'

/**
 * Requests as RESP has them, and inline ones:
 *
 *   request = "*" count CRLF *( "$" size CRLF bytes CRLF )  |  line LF
 *   count, size = decimal                                     count <= 0 is skipped
 */
export interface RequestLimits {
  /** Bytes of one argument (`proto-max-bulk-len`). */
  bulkSizeMax: number
  /** Bytes of one line: a count, a size, or an inline request. */
  inlineSizeMax: number
  /** Arguments of one request. */
  argCountMax: number
  /** Bytes of one request. */
  querySizeMax: number
}

export const DEFAULT_REQUEST_LIMITS: RequestLimits = {
  bulkSizeMax: 512 * 1024 * 1024,
  inlineSizeMax: 64 * 1024,
  argCountMax: 0x7fff_ffff,
  querySizeMax: 1024 * 1024 * 1024,
}

const NOTHING = Buffer.alloc(0)
const OWN_SIZE_MIN = 4096
const ARGS_KEPT_MAX = 1024
const STAR = 42
const DOLLAR = 36
const CR = 13
const LF = 10

/** Used by all streams whose requests come whole. */
const shared = new Args(64)

/**
 * Cuts one connection's bytes into requests. What comes whole is parsed where it lies in the shared read buffer; only an
 * incomplete request is copied into memory of the stream's own, and its parsing resumes where it stopped.
 */
export class RequestStream {
  readonly #limits: RequestLimits
  args: Args = shared
  #bytes: Buffer = NOTHING
  #start = 0
  #end = 0
  /** Whether {@link #bytes} is memory of this stream. */
  #isOwn = false
  /** Where parsing goes on. */
  #at = 0
  /** Arguments that the request under way still lacks; -1 when none is under way. */
  #missing = -1
  /** Size of the argument under way, -1 when its header has not been read. */
  #bulkSize = -1
  #requestEnd = 0

  constructor(limits: RequestLimits) {
    this.#limits = limits
  }

  /** Bytes held in own memory. */
  get bufferedSize(): number {
    return this.#isOwn ? this.#end - this.#start : 0
  }

  /** Takes bytes that lie in a shared buffer until {@link retain}. */
  feed(bytes: Buffer, start: number, end: number): void {
    if (!this.#isOwn) {
      this.#bytes = bytes
      this.#start = start
      this.#at = start
      this.#end = end
      return
    }
    this.#makeRoom(end - start)
    bytes.copy(this.#bytes, this.#end, start, end)
    this.#end += end - start
  }

  /**
   * Reads the next whole request into {@link args}; false when more bytes are needed.
   * @throws FlinError PROTOCOL with Redis's text. The stream is of no further use then.
   */
  next(): boolean {
    while (this.#at < this.#end || this.#missing >= 0) {
      if (this.#missing < 0) {
        this.#start = this.#at
        this.#requestEnd = 0
        const isMultibulk = this.#bytes[this.#at] === STAR
        if (!isMultibulk) {
          if (!this.#readInline()) return false
          if (this.args.count > 0) return true
          continue
        }
        if (!this.#readCount()) return false
        if (this.#missing < 0) continue
      }
      if (!this.#readArgs()) return false
      this.#missing = -1
      this.#requestEnd = this.#at
      return true
    }
    return false
  }

  /** Gives the request that {@link next} returned back: the following one returns it again. */
  unnext(): void {
    this.#at = this.#start
    this.#missing = -1
    this.#bulkSize = -1
  }

  /** Copies what is unread, so that the shared buffer may be used again; gives memory up when nothing is. */
  retain(): void {
    const from = this.#missing >= 0 || this.#at === this.#start ? this.#start : this.#at
    const size = this.#end - from
    if (size === 0) {
      this.#bytes = NOTHING
      this.#isOwn = false
      this.#start = this.#at = this.#end = 0
      if (this.args !== shared) this.args = shared
      else if (shared.starts.length > ARGS_KEPT_MAX) this.args = shared
      return
    }
    if (this.#isOwn) {
      // Room at the front is taken back when it is worth the copy.
      if (from > 0 && from >= this.#bytes.length / 2) this.#move(this.#bytes, from, size)
      return
    }
    const own = Buffer.allocUnsafeSlow(Math.max(OWN_SIZE_MIN, size * 2))
    this.#bytes.copy(own, 0, from, this.#end)
    this.#adopt(own, from, size)
  }

  #move(target: Buffer, from: number, size: number): void {
    this.#bytes.copy(target, 0, from, this.#end)
    this.#adopt(target, from, size)
  }

  /** Continues in `own`, into which everything from `from` on has been copied. */
  #adopt(own: Buffer, from: number, size: number): void {
    if (this.#missing >= 0) {
      const args = new Args(Math.max(16, this.args.count))
      for (let i = 0; i < this.args.count; i++) args.push(this.args.starts[i]! - from, this.args.ends[i]! - from)
      this.args = args
    }
    this.#bytes = own
    this.args.buf = own
    this.#isOwn = true
    this.#at -= from
    this.#start = 0
    this.#end = size
  }

  /** Doubles own memory as bytes arrive, never on the word of a header. */
  #makeRoom(size: number): void {
    const from = this.#missing >= 0 || this.#at === this.#start ? this.#start : this.#at
    const held = this.#end - from
    if (held + size > this.#limits.querySizeMax) throw protocolError('Protocol error: too big query')
    if (this.#end + size <= this.#bytes.length) return
    const wanted = Math.max(OWN_SIZE_MIN, (held + size) * 2)
    this.#move(Buffer.allocUnsafeSlow(wanted), from, held)
  }

  #readCount(): boolean {
    const line = this.#findLine(this.#at + 1, 'Protocol error: too big mbulk count string')
    if (line < 0) return false
    const count = parseSize(this.#bytes, this.#at + 1, line)
    if (Number.isNaN(count) || count > this.#limits.argCountMax) {
      throw protocolError('Protocol error: invalid multibulk length')
    }
    this.#at = line + 2
    if (count <= 0) return true
    this.#missing = count
    this.#bulkSize = -1
    this.args = this.#isOwn ? new Args() : shared
    this.args.count = 0
    this.args.buf = this.#bytes
    return true
  }

  #readArgs(): boolean {
    const bytes = this.#bytes
    const { args } = this
    while (this.#missing > 0) {
      if (this.#bulkSize < 0 && !this.#readBulkSize()) return false
      const start = this.#at
      const stop = start + this.#bulkSize
      if (stop + 2 > this.#end) return false
      args.buf = bytes
      args.push(start, stop)
      this.#at = stop + 2
      this.#bulkSize = -1
      this.#missing--
    }
    return true
  }

  #readBulkSize(): boolean {
    const bytes = this.#bytes
    const at = this.#at
    if (at >= this.#end) return false
    if (bytes[at] !== DOLLAR) {
      throw protocolError(`Protocol error: expected '$', got '${String.fromCharCode(bytes[at]!)}'`)
    }
    // Sizes of one and two digits, which nearly all are.
    const d1 = bytes[at + 1]! - 48
    if (at + 5 < this.#end && d1 >= 0 && d1 <= 9) {
      if (bytes[at + 2] === CR) {
        this.#bulkSize = d1
        this.#at = at + 4
        return true
      }
      const d2 = bytes[at + 2]! - 48
      if (d2 >= 0 && d2 <= 9 && bytes[at + 3] === CR) {
        this.#bulkSize = d1 * 10 + d2
        this.#at = at + 5
        return true
      }
    }
    const line = this.#findLine(at + 1, 'Protocol error: too big bulk count string')
    if (line < 0) return false
    const size = parseSize(bytes, at + 1, line)
    if (Number.isNaN(size) || size < 0 || size > this.#limits.bulkSizeMax) {
      throw protocolError('Protocol error: invalid bulk length')
    }
    this.#bulkSize = size
    this.#at = line + 2
    return true
  }

  /** Position of the CR that ends the line, -1 when it has not arrived with what follows it. */
  #findLine(from: number, tooLong: string): number {
    const limit = Math.min(this.#end, from + this.#limits.inlineSizeMax)
    for (let at = from; at < limit; at++) if (this.#bytes[at] === CR) return at + 1 < this.#end ? at : -1
    if (limit < this.#end) throw protocolError(tooLong)
    return -1
  }

  #readInline(): boolean {
    const bytes = this.#bytes
    let line = this.#at
    while (line < this.#end && bytes[line] !== LF) line++
    if (line - this.#at > this.#limits.inlineSizeMax) throw protocolError('Protocol error: too big inline request')
    if (line === this.#end) return false
    const stop = line > this.#at && bytes[line - 1] === CR ? line - 1 : line
    const words = splitInline(bytes.subarray(this.#at, stop))
    if (words === null) throw protocolError('Protocol error: unbalanced quotes in request')
    this.#at = line + 1
    const args = new Args(Math.max(1, words.length))
    args.buf = Buffer.concat(words)
    let at = 0
    for (const word of words) {
      args.push(at, at + word.length)
      at += word.length
    }
    this.args = args
    this.#requestEnd = this.#at
    return true
  }

  /** Bytes of the request that {@link next} returned last, as they arrived. */
  get requestSize(): number {
    return this.#requestEnd - this.#start
  }
}

/** A decimal of a count or a size, as Redis's string2ll; NaN when it is none or beyond what matters here. */
function parseSize(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === 45
  let at = isNegative ? start + 1 : start
  const digits = end - at
  if (digits < 1 || digits > 15) return NaN
  if (bytes[at] === 48) return digits === 1 && !isNegative ? 0 : NaN
  let value = 0
  for (; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}

function protocolError(text: string): FlinError {
  return new FlinError('PROTOCOL', text)
}
