import xxhash from 'xxhash-wasm'

const api = await xxhash()
const SLICE_SIZE = 1 << 20

/** XXH64 of bytes, 16 hex digits; gives way to other work between slices of 1 MiB. */
export async function digestInSlices(bytes: Buffer, size: number): Promise<string> {
  const hash = api.create64()
  for (let at = 0; at < size; at += SLICE_SIZE) {
    hash.update(bytes.subarray(at, Math.min(size, at + SLICE_SIZE)))
    await new Promise(setImmediate)
  }
  return hex64(hash.digest())
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
