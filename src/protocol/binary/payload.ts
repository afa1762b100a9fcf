import { FlinError } from '../../../segments/index.js'

/*
 * What payloads are made of; all integers big-endian:
 *
 *   k = u16 size, so many bytes          keys and names
 *   v = u32 size, so many bytes          values
 *   u16, u32                             counts and versions
 */

const EMPTY = Buffer.alloc(0)

/**
 * Reads a payload from its beginning to its end. Bytes are views where they lie: what was read last goes from {@link start}
 * to {@link stop} (exclusive) in {@link bytes}.
 */
export class Payload {
  bytes: Buffer = EMPTY
  start = 0
  stop = 0
  /** Where the next part begins; may be set back to a place where it has been. */
  at = 0
  #end = 0

  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.at === this.#end
  }

  /**
   * Reads a `k`.
   * @throws FlinError PROTOCOL when it does not lie within the payload; so do all others.
   */
  key(): void {
    const at = this.#skip(2)
    const { bytes } = this
    this.#view((bytes[at]! << 8) | bytes[at + 1]!)
  }

  /** Reads a `v`. */
  value(): void {
    this.#view(this.u32())
  }

  u16(): number {
    const at = this.#skip(2)
    const { bytes } = this
    return (bytes[at]! << 8) | bytes[at + 1]!
  }

  u32(): number {
    const at = this.#skip(4)
    const { bytes } = this
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  }

  /** @throws FlinError PROTOCOL when bytes are left: then nothing may be done. */
  finish(): void {
    if (this.at !== this.#end) throw malformed(`${this.#end - this.at} bytes too many`)
  }

  #view(size: number): void {
    this.start = this.#skip(size)
    this.stop = this.at
  }

  /** Goes on by `size` bytes; returns where they begin. */
  #skip(size: number): number {
    const { at } = this
    if (size > this.#end - at) throw malformed(`${size} bytes are announced where ${this.#end - at} are left`)
    this.at = at + size
    return at
  }
}

function malformed(text: string): FlinError {
  return new FlinError('PROTOCOL', `malformed payload: ${text}`)
}
