import { FlinError } from '../../../segments/index.js'
import { ByteFeed } from '../byte-feed.js'
import { Args, parseInt64 } from './args.js'
import { splitInline } from './inline.js'

/*
 * What a client sends, in Redis 7.0's reading:
 *
 *   stream    = *( multibulk | inline )          a request whose first byte is "*" is a multibulk
 *   multibulk = "*" number CR octet [ argument ... ]    so many arguments as the number says; none where it is <= 0
 *   argument  = "$" size CR octet bytes octet octet     so many bytes as the size says
 *   number    = "0" | [ "-" ] digit1-9 *digit
 *   size      = "0" | digit1-9 *digit
 *   inline    = *octet [ CR ] LF                 cut into words by inline.ts
 *
 * As in Redis, only the CR of a CRLF is looked at, and the bytes behind an argument are not. Requests without arguments
 * are skipped. A line (inline, number or size) may have 64 KiB; Redis refuses longer ones only where they come in pieces,
 * here how bytes are cut never matters.
 */

const CR = 13
const LF = 10
const STAR = 42
const DOLLAR = 36
/** "$0\r\n\r\n": no argument takes less. */
const ARGUMENT_SIZE_MIN = 6
const UNAUTHENTICATED_COUNT_MAX = 10
const UNAUTHENTICATED_SIZE_MAX = 16384
/** Positions are int32 ... */
const MEMORY_MAX = 0x7fff_ffff
/** ... also those of what is read together with the end of a request. */
const FRAME_MAX = MEMORY_MAX - (1 << 20)
const CAPACITY_MIN = 256
/** More indexes than a read of 64 KiB can fill are not kept. */
const SHARED_INDEXES_MAX = 16384

/** Serves all streams: only an incomplete request that is kept for later needs indexes of its own. */
let shared = new Args(64)

/** Limits of requests; changes take effect with the next request. */
export interface RequestLimits {
  /** Bytes of one argument (proto-max-bulk-len). */
  bulkSizeMax: number
  /** Bytes of a line: an inline request, a count or a size with its sign byte. */
  inlineSizeMax: number
  /** Arguments of a request; Redis has 2^31 - 1. */
  argCountMax: number
  /** Bytes of a whole multibulk request (client-query-buffer-limit), a little under 2 GiB at most. */
  querySizeMax: number
}

/** Redis's defaults. */
export const DEFAULT_REQUEST_LIMITS: Readonly<RequestLimits> = {
  bulkSizeMax: 512 * 1024 * 1024,
  inlineSizeMax: 64 * 1024,
  argCountMax: 0x7fff_ffff,
  querySizeMax: 1024 * 1024 * 1024,
}

/** Cuts the bytes of one connection into requests, in order; of an incomplete one parsing goes on where it stopped. */
export class RequestStream extends ByteFeed {
  /** Whether the client may send large requests. */
  authenticated = true

  readonly #limits: RequestLimits
  #args = shared
  /** The multibulk being parsed: arguments still missing (0: its count is not known yet), ... */
  #left = 0
  /** ... bytes of it that are parsed, ... */
  #parsed = 0
  /** ... and the size of the argument that begins there, -1 when not known yet. */
  #size = -1
  /** From `at` on: bytes known not to end the line being parsed. May lie before that line, not behind. */
  #seen = 0
  /** Behind the line that #line() has read. */
  #lineEnd = 0

  /** The limits may change later. */
  constructor(limits: RequestLimits) {
    super()
    this.#limits = limits
  }

  /** The request that next() has just returned: valid until next(), retain() or feed() of any stream. */
  get args(): Args {
    return this.#args
  }

  /** The bytes of `args.buf` from here to {@link frameEnd} hold all arguments of the request that next() has returned. */
  get frameStart(): number {
    return this.#args.buf === this.buf ? this.returned : 0
  }

  get frameEnd(): number {
    const { buf, ends, count } = this.#args
    return buf === this.buf ? this.at : ends[count - 1]!
  }

  override get bufferedSize(): number {
    return super.bufferedSize + this.indexSize
  }

  override get indexSize(): number {
    return this.#args === shared ? 0 : this.#args.starts.length * 8
  }

  /**
   * Goes to the next request that has arguments: true when `args` holds it, false when its bytes are not all there.
   * Throws FlinError PROTOCOL with Redis's text when the bytes are no request or exceed a limit; nothing can be read from
   * then on.
   */
  override next(): boolean {
    this.returned = -1
    for (;;) {
      if (this.at === this.end && !this.leaveOwn()) return false
      const begin = this.at
      const isMultibulk = this.#left > 0 || this.buf[begin] === STAR
      if (isMultibulk ? this.#multibulk() : this.#inline()) {
        if (this.#args.count > 0) {
          this.returned = begin
          return true
        }
      } else if (!this.pull()) return false
    }
  }

  protected override forget(): void {
    super.forget()
    this.#args = shared
  }

  protected override keepParsed(): void {
    if (this.#left > 0 && this.#args === shared) this.#args = shared.clone()
  }

  protected override missing(): number {
    const from = this.at + this.#parsed
    const left = this.#left
    if (this.#size >= 0) return from + this.#size + 2 + (left - 1) * ARGUMENT_SIZE_MIN - this.end
    if (left === 0 && this.buf[this.at] !== STAR) return this.#throughFed(LF, 1)
    const line = this.buf[this.end - 1] === CR ? 1 : this.#throughFed(CR, 2)
    return Math.max(line, from + left * ARGUMENT_SIZE_MIN - this.end)
  }

  /** Fed bytes up to the first that equals `byte`, and `size` from there on; all of them where there is none. */
  #throughFed(byte: number, size: number): number {
    const fed = this.fed
    const end = this.fedEnd
    let at = this.fedAt
    while (at < end && fed[at] !== byte) at++
    return at - this.fedAt + size
  }

  protected override capacity(size: number): number {
    return this.#left > 0 ? this.roomFor(size) : size
  }

  /** Twice as much, or less where the request is known to end earlier. */
  protected override roomFor(size: number): number {
    const whole = this.#left === 1 && this.#size >= 0 ? this.#parsed + this.#size + 2 : MEMORY_MAX
    const twice = Math.max(size * 2, CAPACITY_MIN)
    return Math.max(size, Math.min(twice, whole, this.#limits.querySizeMax))
  }

  protected override move(to: Buffer): void {
    const distance = this.at
    super.move(to)
    if (this.#left > 0 && distance > 0) this.#args.shift(distance)
  }

  /** Parses the multibulk at `at`, or goes on with it. True when it is whole and `at` behind it. */
  #multibulk(): boolean {
    const buf = this.buf
    const end = this.end
    const begin = this.at
    let left = this.#left
    let at = begin + this.#parsed
    if (left === 0) {
      left = shortLength(buf, begin + 1, end)
      if (left >= 0) at = begin + shortLineSize(left)
      else {
        left = this.#line(begin, true)
        if (left < 0) return false
        at = this.#lineEnd
      }
      this.#beginMultibulk(left)
    }
    const args = this.#args
    const limits = this.#limits
    const { bulkSizeMax } = limits
    const frameEndMax = begin + Math.min(limits.querySizeMax, FRAME_MAX)
    let { starts, ends, count } = args
    let size = this.#size
    for (; left > 0; left--) {
      if (size < 0) {
        size = at < end && buf[at] === DOLLAR ? shortLength(buf, at + 1, end) : -1
        if (size >= 0) at += shortLineSize(size)
        else {
          size = this.#line(at, false)
          if (size < 0) break
          at = this.#lineEnd
        }
        if (size > bulkSizeMax) throw protocolError('invalid bulk length')
        if (size > UNAUTHENTICATED_SIZE_MAX && !this.authenticated) throw protocolError('unauthenticated bulk length')
        if (at + size + 2 > frameEndMax) throw protocolError('too big request')
      }
      if (size + 2 > end - at) break
      if (count === starts.length) {
        args.count = count
        args.grow()
        starts = args.starts
        ends = args.ends
      }
      starts[count] = at
      ends[count] = at + size
      count++
      at += size + 2
      size = -1
    }
    args.count = count
    if (left > 0) {
      this.#left = left
      this.#parsed = at - begin
      this.#size = size
      return false
    }
    if (this.#left > 0) {
      this.#left = 0
      this.#parsed = 0
      this.#size = -1
    }
    this.#seen = 0
    args.buf = buf
    this.at = at
    return true
  }

  #beginMultibulk(count: number): void {
    if (count > this.#limits.argCountMax) throw protocolError('invalid multibulk length')
    if (count > UNAUTHENTICATED_COUNT_MAX && !this.authenticated)
      throw protocolError('unauthenticated multibulk length')
    if (shared.starts.length > SHARED_INDEXES_MAX) shared = new Args(64)
    this.#args = shared
    shared.count = 0
  }

  /**
   * Reads the line of a count or size at `at`, of any form. Returns its number, 0 for a negative count, -1 while the line
   * is incomplete; #lineEnd is behind it.
   */
  #line(at: number, isCount: boolean): number {
    const buf = this.buf
    const end = this.end
    let stop = Math.max(at, this.at + this.#seen)
    while (stop < end && buf[stop] !== CR) stop++
    if (stop - at > this.#limits.inlineSizeMax) {
      throw protocolError(isCount ? 'too big mbulk count string' : 'too big bulk count string')
    }
    if (stop + 1 >= end) {
      this.#seen = stop - this.at
      return -1
    }
    this.#lineEnd = stop + 2
    if (!isCount && buf[at] !== DOLLAR) throw protocolError(`expected '$', got '${String.fromCharCode(buf[at]!)}'`)
    const number = parseInt64(buf, at + 1, stop)
    if (number === null || number > MEMORY_MAX || (number < 0 && !isCount)) {
      throw protocolError(isCount ? 'invalid multibulk length' : 'invalid bulk length')
    }
    return number < 0 ? 0 : Number(number)
  }

  /** Parses the inline request at `at`. True when it is whole and `at` behind it. */
  #inline(): boolean {
    const buf = this.buf
    const end = this.end
    const begin = this.at
    let stop = begin + this.#seen
    while (stop < end && buf[stop] !== LF) stop++
    if (stop - begin > this.#limits.inlineSizeMax) throw protocolError('too big inline request')
    if (stop === end) {
      this.#seen = stop - begin
      return false
    }
    this.#seen = 0
    const isCrLf = stop > begin && buf[stop - 1] === CR
    this.#args = shared
    if (!splitInline(shared, buf, begin, isCrLf ? stop - 1 : stop)) {
      throw protocolError('unbalanced quotes in request')
    }
    this.at = stop + 1
    return true
  }
}

/** Reads the number of a count or size line of up to 7 digits; -1 when it is anything else, or incomplete. */
function shortLength(buf: Buffer, at: number, end: number): number {
  // The CR may lie here at most: one more byte must follow it.
  const last = Math.min(at + 7, end - 2)
  if (last <= at) return -1
  let value = buf[at]! - 48
  if (value < 0 || value > 9) return -1
  for (let i = at + 1; i <= last; i++) {
    const byte = buf[i]!
    if (byte === CR) return value
    const digit = byte - 48
    if (digit < 0 || digit > 9 || value === 0) return -1
    value = value * 10 + digit
  }
  return -1
}

/** The size of the whole line whose number {@link shortLength} has read: sign byte, digits, CRLF. */
function shortLineSize(value: number): number {
  if (value < 10) return 4
  if (value < 100) return 5
  if (value < 1000) return 6
  if (value < 10_000) return 7
  if (value < 100_000) return 8
  return value < 1_000_000 ? 9 : 10
}

function protocolError(text: string): FlinError {
  return new FlinError('PROTOCOL', `Protocol error: ${text}`)
}
