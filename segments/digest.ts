import xxhash from 'xxhash-wasm'

const api = await xxhash()
const SLICE_SIZE = 1 << 20

/** XXH64 of bytes, 16 hex digits; gives way to other work between slices of 1 MiB. */
export function digestInSlices(bytes: Buffer, size: number): Promise<string> {
  return new GrowingDigest().finish(bytes, size)
}

/**
 * XXH64 of bytes to which others are appended. Most of what it costs is to get them into the processor's cache, where they are
 * anyway when they have just been written.
 */
export class GrowingDigest {
  readonly #hash = api.create64()
  #size = 0

  /** The bytes `[from..to)` are what they will be. More than 1 MiB at once, and what follows that, are left to {@link finish}. */
  add(bytes: Buffer, from: number, to: number): void {
    if (from !== this.#size || to - from > SLICE_SIZE) return
    this.#hash.update(bytes.subarray(from, to))
    this.#size = to
  }

  /** That of the first `size` bytes, 16 hex digits; gives way to other work between slices of 1 MiB. */
  async finish(bytes: Buffer, size: number): Promise<string> {
    while (this.#size < size) {
      this.add(bytes, this.#size, Math.min(size, this.#size + SLICE_SIZE))
      await new Promise(setImmediate)
    }
    return hex64(this.#hash.digest())
  }
}

/** XXH64 of bytes that come in pieces. */
export class StreamingDigest {
  readonly #hash = api.create64()

  update(bytes: Buffer): void {
    this.#hash.update(bytes)
  }

  /** 16 hex digits. */
  hex(): string {
    return hex64(this.#hash.digest())
  }
}

/** XXH64 of one piece, as a number of 64 bits. */
export function digest64(bytes: Uint8Array): bigint {
  return api.h64Raw(bytes)
}

export function hex64(value: bigint): string {
  return value.toString(16).padStart(16, '0')
}
