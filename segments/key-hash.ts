const EMPTY = new Uint8Array(0)

/**
 * HalfSipHash-1-3 with 64 bits of output: the member of the SipHash family (Aumasson, Bernstein) that needs 32-bit
 * arithmetic only. Keyed, so that nobody who does not know the seeds can choose keys that collide. The halves are signed,
 * which V8 keeps without boxing.
 */
export class KeyHasher {
  readonly #key0: number
  readonly #key1: number
  hi = 0
  lo = 0
  /** A view of the bytes hashed last, which mostly are the next ones, too: it reads a word at once. */
  #bytes: Uint8Array = EMPTY
  #view: DataView = new DataView(EMPTY.buffer)

  constructor(seed0: number, seed1: number) {
    this.#key0 = seed0 | 0
    this.#key1 = seed1 | 0
  }

  /** Hashes `bytes[start..end)` into {@link hi} and {@link lo}. */
  hash(bytes: Uint8Array, start: number, end: number): void {
    let v0 = this.#key0
    let v1 = this.#key1 ^ 0xee
    let v2 = this.#key0 ^ 0x6c796765
    let v3 = this.#key1 ^ 0x74656462
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    const view = this.#view
    const size = end - start
    const whole = start + (size & ~3)
    let at = start
    for (;;) {
      let word: number
      if (at < whole) word = view.getInt32(at, true)
      else {
        word = size << 24
        if (end - at > 2) word |= bytes[at + 2]! << 16
        if (end - at > 1) word |= bytes[at + 1]! << 8
        if (end > at) word |= bytes[at]!
      }
      v3 ^= word
      // One round.
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
      if (at >= whole) break
      at += 4
    }
    v2 ^= 0xee
    for (let i = 0; i < 6; i++) {
      if (i === 3) {
        this.lo = v1 ^ v3
        v1 ^= 0xdd
      }
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    this.hi = v1 ^ v3
  }
}
