import { giveBuffer } from '../buffer-pool.js'
import { ReplyBuffer } from '../reply-buffer.js'
import { digitCount, doubleText, writeDigits } from './digits.js'

/*
 * Replies, RESP3 first and what RESP2 clients get instead (protocol 2 and 3 of HELLO):
 *
 *   simple    "+" text CRLF                 error      "-" text CRLF             integer   ":" number CRLF
 *   bulk      "$" size CRLF bytes CRLF      array      "*" count CRLF ...
 *   nil       "_" CRLF                      RESP2: "$-1" CRLF, where an array was expected "*-1" CRLF
 *   map       "%" pairs CRLF ...            RESP2: an array of twice as many
 *   set, push "~" | ">" count CRLF ...      RESP2: an array
 *   double    "," text CRLF                 RESP2: a bulk
 *   boolean   "#t" | "#f" CRLF              RESP2: ":1" | ":0" CRLF
 *   big       "(" digits CRLF               RESP2: a bulk
 *   verbatim  "=" size CRLF format ":" text CRLF     RESP2: a bulk of the text; the size counts format and colon
 *   attribute "|" pairs CRLF ...            RESP2: has none
 */

const CR = 13
const LF = 10
/** Type byte, sign, 16 digits, CRLF. */
const LINE_SIZE_MAX = 20
/** Text up to this size is written by a loop, which is faster than a call, as long as it is ASCII. */
const LOOP_SIZE_MAX = 48

/** Bytes that a bulk of so many takes. */
export function bulkSize(size: number): number {
  return 1 + digitCount(size) + 2 + size + 2
}

/** Encodes replies one behind the other into a buffer that grows. */
export class ReplyWriter extends ReplyBuffer {
  /** What the client has asked for with HELLO. */
  protocol: 2 | 3 = 2

  /** +OK */
  ok(): void {
    this.reserve(5)
    const { buffer, length: at } = this
    buffer[at] = 43
    buffer[at + 1] = 79
    buffer[at + 2] = 75
    buffer[at + 3] = CR
    buffer[at + 4] = LF
    this.length = at + 5
  }

  pong(): void {
    this.simple('PONG')
  }

  queued(): void {
    this.simple('QUEUED')
  }

  /** A status of ASCII without line ends. */
  simple(text: string): void {
    this.reserve(text.length + 3)
    const { buffer } = this
    let at = this.length
    buffer[at++] = 43
    for (let i = 0; i < text.length; i++) buffer[at++] = text.charCodeAt(i)
    this.#endLine(at)
  }

  /** An error: its code, a space, its message. Line ends within become spaces. */
  override error(text: string): void {
    this.reserve(text.length * 3 + 3)
    const { buffer } = this
    const start = this.length
    buffer[start] = 45
    const end = start + 1 + buffer.write(text, start + 1, 'utf8')
    for (let at = start + 1; at < end; at++) if (buffer[at] === CR || buffer[at] === LF) buffer[at] = 32
    this.#endLine(end)
  }

  /** A safe integer; throws RangeError for other numbers. */
  integer(n: number): void {
    if (n >= 0 && n <= 9 && (n | 0) === n) {
      this.reserve(4)
      const { buffer, length: at } = this
      buffer[at] = 58
      buffer[at + 1] = 48 + n
      buffer[at + 2] = CR
      buffer[at + 3] = LF
      this.length = at + 4
      return
    }
    if (!Number.isSafeInteger(n)) throw new RangeError(`not a safe integer: ${n}`)
    this.#line(58, n)
  }

  bigint(n: bigint): void {
    this.#textLine(58, n.toString())
  }

  /** The bytes of `buf` from `start` to `end` (exclusive). */
  bulk(buf: Buffer, start: number, end: number): void {
    const size = end - start
    this.reserve(size + LINE_SIZE_MAX + 2)
    this.#line(36, size)
    this.#endLine(this.copy(this.length, buf, start, end))
  }

  /** A string as UTF-8. */
  bulkText(text: string): void {
    const size = text.length
    this.reserve(size * 3 + LINE_SIZE_MAX + 2)
    const mark = this.length
    if (size <= LOOP_SIZE_MAX) {
      this.#line(36, size)
      const { buffer } = this
      let at = this.length
      let all = 0
      for (let i = 0; i < size; i++) {
        const unit = text.charCodeAt(i)
        all |= unit
        buffer[at++] = unit
      }
      if (all < 128) {
        this.#endLine(at)
        return
      }
      this.length = mark
    }
    this.#line(36, Buffer.byteLength(text))
    this.#endLine(this.length + this.buffer.write(text, this.length, 'utf8'))
  }

  /** A number as a bulk: an integer in digits, others as {@link double} writes them. */
  bulkNumber(n: number): void {
    if (!Number.isSafeInteger(n)) {
      this.bulkText(doubleText(n))
      return
    }
    const magnitude = n < 0 ? -n : n
    const count = digitCount(magnitude)
    this.reserve(2 * LINE_SIZE_MAX)
    this.#line(36, n < 0 ? count + 1 : count)
    let at = this.length
    if (n < 0) this.buffer[at++] = 45
    this.#endLine(writeDigits(this.buffer, at, magnitude, count))
  }

  /** Two safe integers >= 0 with a dash between them, as a bulk. */
  bulkPair(first: number, second: number): void {
    const firstCount = digitCount(first)
    const secondCount = digitCount(second)
    this.reserve(3 * LINE_SIZE_MAX)
    this.#line(36, firstCount + 1 + secondCount)
    const { buffer } = this
    const dash = writeDigits(buffer, this.length, first, firstCount)
    buffer[dash] = 45
    this.#endLine(writeDigits(buffer, dash + 1, second, secondCount))
  }

  /** No value. */
  nil(): void {
    this.#nil(36)
  }

  /** No value, where an array was expected. */
  nilArray(): void {
    this.#nil(42)
  }

  emptyArray(): void {
    this.array(0)
  }

  /** The beginning of an array: `count` replies follow. */
  array(count: number): void {
    this.#line(42, count)
  }

  /** The beginning of a map: `pairs` keys follow, each with its value. */
  map(pairs: number): void {
    if (this.protocol === 3) this.#line(37, pairs)
    else this.#line(42, pairs * 2)
  }

  /** The beginning of a set of `count` replies. */
  set(count: number): void {
    this.#line(this.protocol === 3 ? 126 : 42, count)
  }

  /** The beginning of a message that no request asked for, of `count` replies. */
  push(count: number): void {
    this.#line(this.protocol === 3 ? 62 : 42, count)
  }

  /** The beginning of `pairs` attributes of the reply behind them. Throws Error in RESP2, which has none. */
  attribute(pairs: number): void {
    if (this.protocol !== 3) throw new Error('RESP2 has no attributes')
    this.#line(124, pairs)
  }

  double(d: number): void {
    if (this.protocol === 3) this.#textLine(44, doubleText(d))
    else this.bulkText(doubleText(d))
  }

  boolean(b: boolean): void {
    if (this.protocol === 3) this.#textLine(35, b ? 't' : 'f')
    else this.integer(b ? 1 : 0)
  }

  /** An integer of any size, as decimal text. */
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.#textLine(40, digits)
    else this.bulkText(digits)
  }

  /** Text for people; `format` is `txt` or `mkd`, always three letters. */
  verbatim(format: string, text: string): void {
    if (this.protocol !== 3) {
      this.bulkText(text)
      return
    }
    this.reserve(text.length * 3 + LINE_SIZE_MAX + 6)
    this.#line(61, Buffer.byteLength(text) + 4)
    const at = this.length + this.buffer.write(`${format}:`, this.length, 'latin1')
    this.#endLine(at + this.buffer.write(text, at, 'utf8'))
  }

  /** As {@link raw} of the first `size` bytes of a buffer, which is the writer's from now on: it becomes its own where that is empty. */
  take(buffer: Buffer, size: number): void {
    if (this.length > 0) {
      this.raw(buffer, 0, size)
      giveBuffer(buffer)
    } else if (size > this.sizeMax) this.isOverflown = true
    else {
      giveBuffer(this.buffer)
      this.buffer = buffer
      this.length = size
    }
  }

  /** Makes room for so many bytes at once. */
  expect(size: number): void {
    this.reserve(size)
  }

  #nil(type: number): void {
    this.reserve(5)
    const { buffer, length: at } = this
    if (this.protocol === 3) {
      buffer[at] = 95
      this.#endLine(at + 1)
      return
    }
    buffer[at] = type
    buffer[at + 1] = 45
    buffer[at + 2] = 49
    this.#endLine(at + 3)
  }

  /** A type byte and a safe integer. */
  #line(type: number, n: number): void {
    this.reserve(LINE_SIZE_MAX)
    const { buffer } = this
    let at = this.length
    buffer[at++] = type
    if (n < 0) buffer[at++] = 45
    const magnitude = n < 0 ? -n : n
    this.#endLine(writeDigits(buffer, at, magnitude, digitCount(magnitude)))
  }

  #textLine(type: number, ascii: string): void {
    this.reserve(ascii.length + 3)
    this.buffer[this.length] = type
    this.#endLine(this.length + 1 + this.buffer.write(ascii, this.length + 1, 'latin1'))
  }

  #endLine(at: number): void {
    this.buffer[at] = CR
    this.buffer[at + 1] = LF
    this.length = at + 2
  }
}
