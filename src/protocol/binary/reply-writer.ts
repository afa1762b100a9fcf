import { ReplyBuffer } from '../reply-buffer.js'
import { STATUS } from './opcodes.js'

/*
 * Replies; all integers big-endian:
 *
 *   reply    = status size payload            in the order of the requests
 *   status   = 00 | 01 | 02 | 03              ok, error, not found, several values
 *   size     = u32                            bytes of the payload
 *   error    = 01 size text                   UTF-8
 *   missing  = 02 00000000
 *   several  = 03 size u16 count, v ...       v = u32 size, so many bytes
 */

const HEADER_SIZE = 5
const U32_MAX = 0xffff_ffff
const TWO_32 = 0x1_0000_0000

/** Encodes replies one behind the other into a buffer that grows. */
export class BinaryReplyWriter extends ReplyBuffer {
  /** Status 00 and nothing more. */
  done(): void {
    this.#header(STATUS.ok, 0)
  }

  notFound(): void {
    this.#header(STATUS.notFound, 0)
  }

  /** Status 00 with the bytes of `buf` from `start` to `end` (exclusive). */
  value(buf: Buffer, start: number, end: number): void {
    const size = end - start
    this.reserve(HEADER_SIZE + size)
    this.#header(STATUS.ok, size)
    this.length = this.copy(this.length, buf, start, end)
  }

  /** Status 00 with one byte, 1 or 0. */
  flag(isSet: boolean): void {
    this.#header(STATUS.ok, 1)
    this.reserve(1)
    this.buffer[this.length++] = isSet ? 1 : 0
  }

  /** Status 00 with an i64: a safe integer, or any int64 as a bigint. */
  i64(n: number | bigint): void {
    this.#header(STATUS.ok, 8)
    this.reserve(8)
    if (typeof n === 'bigint') this.length = this.buffer.writeBigInt64BE(n, this.length)
    else {
      const high = Math.floor(n / TWO_32)
      this.#putU32(this.length, high)
      this.#putU32(this.length + 4, n - high * TWO_32)
      this.length += 8
    }
  }

  /** Status 01. A first word ERR, which RESP's clients look for and which says nothing, is left out. */
  override error(text: string): void {
    const bytes = Buffer.from(text.startsWith('ERR ') ? text.slice(4) : text)
    this.reserve(HEADER_SIZE + bytes.length)
    this.#header(STATUS.error, bytes.length)
    this.length = this.copy(this.length, bytes, 0, bytes.length)
  }

  /** The beginning of a reply whose parts follow; {@link end} takes what it returns. */
  begin(status: number): number {
    const mark = this.length
    this.#header(status, 0)
    return mark
  }

  u16(n: number): void {
    this.reserve(2)
    this.buffer[this.length] = n >>> 8
    this.buffer[this.length + 1] = n
    this.length += 2
  }

  u32(n: number): void {
    this.reserve(4)
    this.#putU32(this.length, n)
    this.length += 4
  }

  /** A `k`: ASCII of 65,535 characters at most. */
  name(ascii: string): void {
    this.u16(ascii.length)
    this.reserve(ascii.length)
    this.length += this.buffer.write(ascii, this.length, 'latin1')
  }

  /** A `v`. */
  part(buf: Buffer, start: number, end: number): void {
    this.reserve(4 + end - start)
    this.#putU32(this.length, end - start)
    this.length = this.copy(this.length + 4, buf, start, end)
  }

  /** Ends the reply that began at `mark`. False when it is longer than its size can tell: then it must be taken back. */
  end(mark: number): boolean {
    // What began before an overflow is gone already.
    if (this.isOverflown) return true
    const size = this.length - mark - HEADER_SIZE
    if (size > U32_MAX) return false
    this.#putU32(mark + 1, size)
    return true
  }

  #header(status: number, size: number): void {
    this.reserve(HEADER_SIZE)
    this.buffer[this.length] = status
    this.#putU32(this.length + 1, size)
    this.length += HEADER_SIZE
  }

  #putU32(at: number, n: number): void {
    const { buffer } = this
    buffer[at] = n >>> 24
    buffer[at + 1] = n >>> 16
    buffer[at + 2] = n >>> 8
    buffer[at + 3] = n
  }
}
