import type { Pending } from './group.js'
import type { StreamId } from './stream-id.js'

const CHUNK_MAX = 256

/** Pending entries in the order of their ids, in small arrays, so that one taken from the middle moves few. */
export class PendingList {
  readonly #chunks: Pending[][] = []
  count = 0
  /** Where {@link #seek} has ended. */
  #chunk = 0
  #slot = 0

  /** Points at the first one whose id is not lower. */
  #seek(id: StreamId): void {
    const chunks = this.#chunks
    let low = 0
    let high = chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (chunks[middle]!.at(-1)!.id.compare(id) < 0) low = middle + 1
      else high = middle
    }
    this.#chunk = low
    this.#slot = 0
    if (low === chunks.length) return
    const chunk = chunks[low]!
    let from = 0
    let to = chunk.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if (chunk[middle]!.id.compare(id) < 0) from = middle + 1
      else to = middle
    }
    this.#slot = from
  }

  find(id: StreamId): Pending | null {
    const { last } = this
    // What is delivered is mostly behind all that was.
    if (last === null || last.id.compare(id) < 0) return null
    this.#seek(id)
    const found = this.#chunks[this.#chunk]?.[this.#slot]
    return found !== undefined && found.id.compare(id) === 0 ? found : null
  }

  /** Adds one whose id is not there. */
  add(pending: Pending): void {
    this.count++
    const chunks = this.#chunks
    const last = chunks.at(-1)
    if (last === undefined || last.at(-1)!.id.compare(pending.id) < 0) {
      // Most are added behind all others: full arrays stay full.
      if (last !== undefined && last.length < CHUNK_MAX) last.push(pending)
      else chunks.push([pending])
      return
    }
    this.#seek(pending.id)
    const chunk = chunks[this.#chunk]!
    chunk.splice(this.#slot, 0, pending)
    if (chunk.length > CHUNK_MAX) chunks.splice(this.#chunk + 1, 0, chunk.splice(CHUNK_MAX / 2))
  }

  /** Removes one that is there. */
  remove({ id }: Pending): void {
    this.#seek(id)
    const chunk = this.#chunks[this.#chunk]!
    // Most are acknowledged in order, and splice makes an array of what it takes out.
    if (this.#slot === 0) chunk.shift()
    else chunk.splice(this.#slot, 1)
    if (chunk.length === 0) this.#chunks.splice(this.#chunk, 1)
    this.count--
  }

  /** Those with this id and above, in order. The list must not change meanwhile. */
  *from(id: StreamId): Generator<Pending, void, undefined> {
    this.#seek(id)
    let slot = this.#slot
    for (let i = this.#chunk; i < this.#chunks.length; i++, slot = 0) {
      const chunk = this.#chunks[i]!
      while (slot < chunk.length) yield chunk[slot++]!
    }
  }

  *[Symbol.iterator](): Generator<Pending, void, undefined> {
    for (const chunk of this.#chunks) yield* chunk
  }

  get first(): Pending | null {
    return this.#chunks[0]?.[0] ?? null
  }

  get last(): Pending | null {
    return this.#chunks.at(-1)?.at(-1) ?? null
  }
}
