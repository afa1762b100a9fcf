/**
 * Replies in RESP2 and RESP3:
 *
 *   "+" text CRLF | "-" text CRLF | ":" integer CRLF | "$" size CRLF bytes CRLF | "*" count CRLF
 *   RESP3 besides: "_" CRLF | "%" pairs CRLF | "~" count CRLF | ">" count CRLF | "," double CRLF | "#t" CRLF |
 *                  "=" size CRLF "txt:" text CRLF
 */
export class ReplyWriter {
  protocol: 2 | 3 = 2
  buffer: Buffer = Buffer.alloc(0)
  length = 0

  /** Goes on in another buffer, from its beginning. */
  reset(buffer: Buffer): void {
    this.buffer = buffer
    this.length = 0
  }

  /** Takes back what was written behind a point. */
  truncate(length: number): void {
    this.length = length
  }

  #ensure(size: number): void {
    if (this.length + size <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(1024, this.buffer.length * 2, this.length + size))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }

  raw(bytes: Buffer): void {
    this.#ensure(bytes.length)
    for (let i = 0; i < bytes.length; i++) this.buffer[this.length + i] = bytes[i]!
    this.length += bytes.length
  }

  ok(): void {
    this.raw(OK)
  }

  pong(): void {
    this.raw(PONG)
  }

  queued(): void {
    this.raw(QUEUED)
  }

  simple(text: string): void {
    this.#line(43, text)
  }

  /** `text` begins with its code word; line breaks in it become spaces. */
  error(text: string): void {
    this.#line(45, text.replace(/[\r\n]/g, ' '))
  }

  integer(value: number): void {
    this.#ensure(24)
    this.buffer[this.length++] = 58
    this.#decimal(value)
    this.#crlf()
  }

  bigint(value: bigint): void {
    this.#line(58, String(value))
  }

  bulk(bytes: Buffer, start: number, end: number): void {
    const size = end - start
    this.#ensure(size + 16)
    const { buffer } = this
    buffer[this.length++] = 36
    this.#decimal(size)
    this.#crlf()
    let at = this.length
    if (size > 48) {
      bytes.copy(buffer, at, start, end)
      at += size
    } else for (let i = start; i < end; i++) buffer[at++] = bytes[i]!
    buffer[at] = 13
    buffer[at + 1] = 10
    this.length = at + 2
  }

  bulkText(text: string): void {
    const bytes = Buffer.from(text)
    this.bulk(bytes, 0, bytes.length)
  }

  nil(): void {
    this.raw(this.protocol === 3 ? NULL : NIL_BULK)
  }

  nilArray(): void {
    this.raw(this.protocol === 3 ? NULL : NIL_ARRAY)
  }

  array(count: number): void {
    this.#header(42, count)
  }

  /** RESP2: an array of twice as many. */
  map(pairs: number): void {
    if (this.protocol === 3) this.#header(37, pairs)
    else this.#header(42, pairs * 2)
  }

  set(count: number): void {
    this.#header(this.protocol === 3 ? 126 : 42, count)
  }

  /** Text that a person reads; `format` has three letters. RESP2: a bulk string. */
  verbatim(format: string, text: string): void {
    if (this.protocol === 2) {
      this.bulkText(text)
      return
    }
    const bytes = Buffer.from(`${format}:${text}`)
    const start = this.length
    this.bulk(bytes, 0, bytes.length)
    this.buffer[start] = 61
  }

  #header(type: number, count: number): void {
    this.#ensure(24)
    this.buffer[this.length++] = type
    this.#decimal(count)
    this.#crlf()
  }

  #line(type: number, text: string): void {
    this.#ensure(text.length * 3 + 3)
    this.buffer[this.length++] = type
    this.length += this.buffer.write(text, this.length)
    this.#crlf()
  }

  #crlf(): void {
    this.buffer[this.length] = 13
    this.buffer[this.length + 1] = 10
    this.length += 2
  }

  /** Digits by arithmetic, up to nine; longer ones are rare. */
  #decimal(value: number): void {
    const { buffer } = this
    if (value < 0 || value > 999_999_999) {
      this.length += buffer.write(String(value), this.length, 'latin1')
      return
    }
    let rest = value | 0
    let size = 1
    for (let limit = 10; limit <= rest; limit *= 10) size++
    let at = this.length + size
    this.length = at
    do {
      buffer[--at] = 48 + (rest % 10)
      rest = (rest / 10) | 0
    } while (rest > 0)
  }
}

const OK = Buffer.from('+OK\r\n')
const PONG = Buffer.from('+PONG\r\n')
const QUEUED = Buffer.from('+QUEUED\r\n')
const NULL = Buffer.from('_\r\n')
const NIL_BULK = Buffer.from('$-1\r\n')
const NIL_ARRAY = Buffer.from('*-1\r\n')
