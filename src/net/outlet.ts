import type { Log } from '../../segments/index.js'
import type { Session } from '../commands/session.js'
import type { ReplyBuffer } from '../protocol/reply-buffer.js'
import type { ReplyWriter } from '../protocol/resp/reply-writer.js'
import type { Outlet, Tail } from '../subscriptions/outlet.js'
import type { Output } from './output.js'

/** What the outlet of a connection is made of. */
export interface OutletParts {
  readonly session: Session
  readonly log: Log
  readonly output: Output<ReplyBuffer>
  readonly writer: ReplyWriter
  readonly isSteady: () => boolean
  readonly waitForCommit: () => void
  readonly flush: () => void
  /** Ends the connection when all that was written has been sent. */
  readonly finish: (reason: string) => void
  readonly drop: (reason: string) => void
}

/** Messages go into the same stream as the replies of a connection, and wait for commits as they do. */
export class ConnectionOutlet implements Outlet {
  readonly #parts: OutletParts
  #isOver = false

  constructor(parts: OutletParts) {
    this.#parts = parts
  }

  get protocol(): 2 | 3 {
    return this.#parts.writer.protocol
  }

  get pendingSize(): number {
    return this.#parts.output.pendingSize
  }

  get isMidReply(): boolean {
    return this.#parts.session.walk !== null
  }

  get isSteady(): boolean {
    return !this.#isOver && this.#parts.isSteady()
  }

  get tail(): Tail | null {
    return this.#parts.output.tail
  }

  set tail(tail: Tail | null) {
    this.#parts.output.tail = tail
  }

  push(bytes: Buffer, start: number, end: number, isShared: boolean, gate: number): boolean {
    const { output, writer, log, waitForCommit } = this.#parts
    if (this.#isOver) return true
    const mustWait = gate > log.committedOffset
    if (isShared) output.share(bytes, start, end, gate, log.flushingOffset)
    else {
      output.open()
      const at = writer.length
      writer.raw(bytes, start, end)
      if (mustWait) output.gate(at, gate, log.flushingOffset)
    }
    if (writer.isOverflown) {
      this.drop('its messages exceed the output limit')
      return true
    }
    if (mustWait) waitForCommit()
    return mustWait
  }

  pushShared(bytes: Buffer): boolean {
    if (this.#isOver) return true
    return this.#parts.output.pass(bytes)
  }

  sendTail(bytes: Buffer): void {
    const { output, log } = this.#parts
    if (!this.#isOver) output.sendTail(bytes, log.committedOffset)
  }

  flush(): void {
    this.#parts.flush()
  }

  cutOff(text: string): void {
    if (this.#isOver) return
    const { output, writer, finish } = this.#parts
    output.open()
    writer.error(text)
    this.#isOver = true
    finish(text)
  }

  drop(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.drop(reason)
  }
}
