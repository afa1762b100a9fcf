import { FlinError } from '../../../segments/index.js'
import { ByteFeed } from '../byte-feed.js'
import { beginsWithKey } from './opcodes.js'

/*
 * What a client sends; all integers big-endian:
 *
 *   stream  = *request
 *   request = opcode size payload
 *   opcode  = u8
 *   size    = u32                bytes of the payload
 *   payload = *octet             what is in it depends on the opcode: payload.ts
 *
 * A payload that is not what its opcode wants is that request's fault alone: the next one begins behind it. A size beyond the
 * limit is not waited for, so that nothing can be read behind it.
 */

/** Opcode and size. */
export const FRAME_HEADER_SIZE = 5
/** Payloads before HELLO has brought a password that is wanted. */
const UNAUTHENTICATED_SIZE_MAX = 16_384
/** Positions are kept within int32, also those of what is read together with the end of a request. */
const PAYLOAD_MAX = 0x7fff_ffff - (1 << 20)
const CAPACITY_MIN = 256

/** Limits of requests; changes take effect with the next request. */
export interface FrameLimits {
  /** Bytes of a payload (client-query-buffer-limit), a little under 2 GiB at most. */
  readonly querySizeMax: number
}

/** Cuts the bytes of one connection into requests, in order. */
export class BinaryRequestStream extends ByteFeed {
  /** Whether the client may send large requests. */
  authenticated = true
  /** The request that next() has returned: its opcode, and where in {@link bytes} its payload lies. */
  opcode = 0
  payloadStart = 0
  payloadEnd = 0
  readonly #limits: FrameLimits

  /** The limits may change later. */
  constructor(limits: FrameLimits) {
    super()
    this.#limits = limits
  }

  /** Where the payload lies. */
  get bytes(): Buffer {
    return this.buf
  }

  /** Bytes that a payload may have now. */
  get payloadSizeMax(): number {
    return this.authenticated ? Math.min(this.#limits.querySizeMax, PAYLOAD_MAX) : UNAUTHENTICATED_SIZE_MAX
  }

  override next(): boolean {
    this.returned = -1
    for (;;) {
      if (this.at === this.end && !this.leaveOwn()) return false
      const start = this.at + FRAME_HEADER_SIZE
      if (start <= this.end) {
        const size = this.#payloadSize()
        if (size > this.payloadSizeMax) this.#refuse(size)
        if (size <= this.end - start) {
          this.opcode = this.buf[this.at]!
          this.payloadStart = start
          this.payloadEnd = start + size
          this.returned = this.at
          this.at = start + size
          return true
        }
      }
      if (!this.pull()) return false
    }
  }

  /**
   * Finds the keys of the request that next() has returned and of those behind it, as far as they have come whole and begin with
   * a key: the nth lies from `starts[n]` to `ends[n]` (exclusive) in {@link bytes}. Returns how many, as many as `starts` holds
   * at most.
   */
  keysAhead(starts: Int32Array, ends: Int32Array): number {
    const { buf, end } = this
    let count = 0
    let at = this.returned
    while (count < starts.length && at + FRAME_HEADER_SIZE + 2 <= end && beginsWithKey(buf[at]!)) {
      const payload = at + FRAME_HEADER_SIZE
      const start = payload + 2
      const stop = start + ((buf[payload]! << 8) | buf[payload + 1]!)
      at = payload + sizeAt(buf, at + 1)
      if (at > end || stop > at) break
      starts[count] = start
      ends[count] = stop
      count++
    }
    return count
  }

  #refuse(size: number): never {
    const before = this.authenticated ? '' : ' before HELLO has brought the password'
    throw new FlinError('PROTOCOL', `a payload has at most ${this.payloadSizeMax} bytes${before}, not ${size}`)
  }

  #payloadSize(): number {
    return sizeAt(this.buf, this.at + 1)
  }

  /** Bytes of the request that begins at `at`, as far as that is known. */
  #knownSize(): number {
    return this.end - this.at < FRAME_HEADER_SIZE ? FRAME_HEADER_SIZE : FRAME_HEADER_SIZE + this.#payloadSize()
  }

  /** Of an incomplete request nothing is kept but its bytes. */
  protected override keepParsed(): void {
    return
  }

  protected override missing(): number {
    return this.#knownSize() - (this.end - this.at)
  }

  protected override capacity(size: number): number {
    return this.#knownSize() > size ? this.roomFor(size) : size
  }

  /** Twice as much, or less where the request is known to end earlier. */
  protected override roomFor(size: number): number {
    const twice = Math.max(size * 2, CAPACITY_MIN)
    const whole = this.end - this.at < FRAME_HEADER_SIZE ? twice : this.#knownSize()
    return Math.max(size, Math.min(twice, whole))
  }
}

function sizeAt(buf: Buffer, at: number): number {
  return ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0
}
