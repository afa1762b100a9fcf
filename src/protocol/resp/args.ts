const INT64_MAX = 0x7fff_ffff_ffff_ffffn
const INT64_MIN = -0x8000_0000_0000_0000n

/** A request's arguments, as ranges of the bytes in which they arrived. Valid only until the next request is read. */
export class Args {
  buf: Buffer = Buffer.alloc(0)
  starts: Int32Array
  ends: Int32Array
  count = 0

  constructor(capacity = 16) {
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
  }

  push(start: number, end: number): void {
    if (this.count === this.starts.length) this.#grow()
    this.starts[this.count] = start
    this.ends[this.count++] = end
  }

  #grow(): void {
    const { starts, ends } = this
    this.starts = new Int32Array(starts.length * 2)
    this.ends = new Int32Array(starts.length * 2)
    this.starts.set(starts)
    this.ends.set(ends)
  }

  size(i: number): number {
    return this.ends[i]! - this.starts[i]!
  }

  text(i: number): string {
    return this.buf.toString('utf8', this.starts[i], this.ends[i])
  }

  /** Whether an argument is a word in any case; `upper` is that word in upper-case ASCII. */
  equalsIgnoreCase(i: number, upper: string): boolean {
    const start = this.starts[i]!
    if (this.ends[i]! - start !== upper.length) return false
    for (let j = 0; j < upper.length; j++) {
      let byte = this.buf[start + j]!
      if (byte >= 97 && byte <= 122) byte -= 32
      if (byte !== upper.charCodeAt(j)) return false
    }
    return true
  }

  /** A decimal integer as Redis reads them, NaN when it is none or not a safe one. */
  integer(i: number): number {
    const value = this.bigint(i)
    if (value === null) return NaN
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : NaN
  }

  /** A decimal integer of 64 bits, null when it is none. */
  bigint(i: number): bigint | null {
    return parseInt64(this.buf, this.starts[i]!, this.ends[i]!)
  }

  /** The arguments with bytes of their own. */
  copy(): Args {
    const copy = new Args(this.count)
    let size = 0
    for (let i = 0; i < this.count; i++) size += this.size(i)
    copy.buf = Buffer.allocUnsafeSlow(size)
    let at = 0
    for (let i = 0; i < this.count; i++) {
      this.buf.copy(copy.buf, at, this.starts[i], this.ends[i])
      copy.push(at, at + this.size(i))
      at += this.size(i)
    }
    return copy
  }

  /** The arguments from `first` on, over the same bytes. */
  tail(first: number): Args {
    const tail = new Args(Math.max(1, this.count - first))
    tail.buf = this.buf
    for (let i = first; i < this.count; i++) tail.push(this.starts[i]!, this.ends[i]!)
    return tail
  }
}

/** Reads a strict decimal of 64 bits: no space, no plus, no leading zero, as Redis's string2ll. Null when it is none. */
export function parseInt64(bytes: Buffer, start: number, end: number): bigint | null {
  const size = end - start
  if (size < 1 || size > 20) return null
  const text = bytes.toString('latin1', start, end)
  if (!/^(?:0|-?[1-9]\d*)$/.test(text)) return null
  const value = BigInt(text)
  return value > INT64_MAX || value < INT64_MIN ? null : value
}
