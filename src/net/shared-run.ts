import type { ReplyBuffer } from '../protocol/reply-buffer.js'

/** Holds bytes back until the log is committed up to an offset: see Output.gate. */
type Gate = (start: number, offset: number) => void

/**
 * Messages that lie one behind the other in memory that others send from as well, and that a connection has not sent yet. Of what
 * waits for the commit under way and of what waits for the next one it knows the ends: where more is to be told apart, the messages
 * are copied.
 */
export class SharedRun {
  #bytes: Buffer | null = null
  #start = 0
  /** Up to here it waits for the first gate, which may be nothing, and from here on for the other. */
  #middle = 0
  #firstGate = 0
  #end = 0
  #gate = 0

  get size(): number {
    return this.#end - this.#start
  }

  /** Adds `bytes[start..end)` to be sent when the log is committed up to `gate`. False: they do not lie where the run ends. */
  add(bytes: Buffer, start: number, end: number, gate: number, flushingOffset: number): boolean {
    if (this.#bytes === null) {
      this.#bytes = bytes
      this.#start = start
      this.#middle = start
      this.#gate = gate
    } else if (bytes !== this.#bytes || start !== this.#end) return false
    else if (gate > this.#gate) {
      // What lies behind the commit under way commits together.
      if (this.#gate <= flushingOffset) {
        if (this.#middle > this.#start) return false
        this.#middle = this.#end
        this.#firstGate = this.#gate
      }
      this.#gate = gate
    }
    this.#end = end
    return true
  }

  /** Takes what may be sent; null: nothing. */
  take(committedOffset: number): Buffer | null {
    const bytes = this.#bytes
    if (bytes === null) return null
    const start = this.#start
    if (this.#gate <= committedOffset) {
      const end = this.#end
      this.#clear()
      return bytes.subarray(start, end)
    }
    const middle = this.#middle
    if (middle === start || this.#firstGate > committedOffset) return null
    this.#start = middle
    return bytes.subarray(start, middle)
  }

  /** Copies what is there to a writer, behind which something else is to be written. */
  moveTo(writer: ReplyBuffer, gate: Gate): void {
    const bytes = this.#bytes
    if (bytes === null) return
    const parts = [
      [this.#start, this.#middle, this.#firstGate],
      [this.#middle, this.#end, this.#gate],
    ] as const
    this.#clear()
    for (const [start, end, offset] of parts) {
      if (start === end) continue
      gate(writer.length, offset)
      writer.raw(bytes, start, end)
    }
  }

  #clear(): void {
    this.#bytes = null
    this.#start = 0
    this.#middle = 0
    this.#end = 0
  }
}
