import type { Outlet, Tail } from '../../src/subscriptions/outlet.js'
import { parseReplies, type Reply } from './resp-client.js'

/** A connection whose client reads when, and as much as, the test says. */
export class SlowOutlet implements Outlet {
  readonly protocol: 2 | 3
  isMidReply = false
  isSteady = true
  tail: Tail | null = null
  /** Everything up to here is committed. */
  committedOffset = 0
  /** Why it was ended. */
  ended: string | null = null
  /** Most bytes that ever waited. */
  peakSize = 0
  readonly #waiting: { readonly bytes: Buffer; readonly gate: number }[] = []
  #sent: Buffer[] = []

  constructor(protocol: 2 | 3 = 3) {
    this.protocol = protocol
  }

  get pendingSize(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, this.tail?.size ?? 0)
  }

  #settle(): void {
    const { tail } = this
    this.tail = null
    tail?.settle()
  }

  push(bytes: Buffer, start: number, end: number, _isShared: boolean, gate: number): boolean {
    this.#settle()
    this.#waiting.push({ bytes: Buffer.from(bytes.subarray(start, end)), gate })
    this.peakSize = Math.max(this.peakSize, this.pendingSize)
    return true
  }

  pushShared(bytes: Buffer): boolean {
    this.#settle()
    if (this.#waiting.length > 0) return false
    if (bytes.length > 0) this.#waiting.push({ bytes, gate: 0 })
    return true
  }

  /** The client is replied to: what is to come before that is settled. */
  reply(): void {
    this.#settle()
  }

  sendTail(bytes: Buffer): void {
    this.#waiting.push({ bytes, gate: 0 })
    this.peakSize = Math.max(this.peakSize, this.pendingSize)
  }

  flush(): void {
    // It is read by `read` alone.
  }

  cutOff(text: string): void {
    this.ended = text
  }

  drop(reason: string): void {
    this.ended = reason
  }

  /** The client takes what is committed, up to so many messages. */
  read(count: number): void {
    for (let i = 0; i < count; i++) {
      const next = this.#waiting[0]
      if (next === undefined || next.gate > this.committedOffset) return
      this.#sent.push(next.bytes)
      this.#waiting.shift()
    }
  }

  /** What the client has been told. */
  get told(): Reply[] {
    return parseReplies(Buffer.concat(this.#sent))
  }
}
