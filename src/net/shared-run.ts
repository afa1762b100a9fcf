import type { ReplyBuffer } from '../protocol/reply-buffer.js'

/** Pieces of memory that a run may consist of: they grow, so that few are many messages. */
const PIECES_MAX = 32

/** Holds bytes back until the log is committed up to an offset: see Output.gate. */
type Gate = (start: number, offset: number) => void

/**
 * Messages that lie in memory that others send from as well, and that a connection has not sent yet: pieces, each with the offset up to
 * which the log must be committed, which rises.
 */
export class SharedRun {
  readonly #bytes: Buffer[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #gates: number[] = []
  /** Bytes of all pieces. */
  size = 0

  /** Adds `bytes[start..end)` to be sent when the log is committed up to `gate`. False: there are too many pieces. */
  add(bytes: Buffer, start: number, end: number, gate: number, flushingOffset: number): boolean {
    const last = this.#bytes.length - 1
    const held = last < 0 ? 0 : this.#gates[last]!
    // What lies behind the commit under way commits together.
    const isTogether = last >= 0 && (held >= gate || held > flushingOffset)
    if (isTogether && this.#bytes[last] === bytes && this.#ends[last] === start) {
      this.#ends[last] = end
      if (gate > held) this.#gates[last] = gate
    } else if (last + 1 === PIECES_MAX) return false
    else {
      this.#bytes.push(bytes)
      this.#starts.push(start)
      this.#ends.push(end)
      this.#gates.push(gate > held ? gate : held)
    }
    this.size += end - start
    return true
  }

  /** Hands over what may be sent, in order. */
  send(committedOffset: number, write: (bytes: Buffer) => void): void {
    let count = 0
    while (count < this.#bytes.length && this.#gates[count]! <= committedOffset) {
      const start = this.#starts[count]!
      const end = this.#ends[count]!
      this.size -= end - start
      write(this.#bytes[count]!.subarray(start, end))
      count++
    }
    this.#forget(count)
  }

  /** Copies what is there to a writer, behind which something else is to be written. */
  moveTo(writer: ReplyBuffer, gate: Gate): void {
    for (let i = 0; i < this.#bytes.length; i++) {
      gate(writer.length, this.#gates[i]!)
      writer.raw(this.#bytes[i]!, this.#starts[i]!, this.#ends[i]!)
    }
    this.size = 0
    this.#forget(this.#bytes.length)
  }

  #forget(count: number): void {
    for (const column of [this.#bytes, this.#starts, this.#ends, this.#gates]) {
      if (count === column.length) column.length = 0
      else column.splice(0, count)
    }
  }
}
