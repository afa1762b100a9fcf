import { giveBuffer } from '../protocol/buffer-pool.js'
import { ReplyWriter } from '../protocol/resp/reply-writer.js'

/** A frame that grew beyond this gives its memory back. */
const KEPT_SIZE_MAX = 256 * 1024
const EMPTY: Buffer = Buffer.alloc(0)

export type FrameKind = 'message' | 'pmessage' | 'smessage' | 'fmessage'

/**
 * One message as it goes over the wire, encoded once for all who get it, in each protocol when somebody speaks it:
 *
 *   message channel payload | smessage channel payload | pmessage pattern channel payload
 *   fmessage pattern channel offset payload                                              Flin's own
 *
 * It looks into the bytes that it was given until it is set anew.
 */
export class Frame {
  #kind: FrameKind = 'message'
  #pattern: Buffer = EMPTY
  #channel: Buffer = EMPTY
  #channelStart = 0
  #channelEnd = 0
  #payload: Buffer = EMPTY
  #payloadStart = 0
  #payloadEnd = 0
  #offset = -1
  readonly #resp2 = new ReplyWriter()
  readonly #resp3 = new ReplyWriter()

  constructor() {
    this.#resp3.protocol = 3
  }

  /** What is said of it: the channel `channel[start..end)` and `payload[from..to)`. @param offset in the log; -1: it is not kept */
  set(channel: Buffer, start: number, end: number, payload: Buffer, from: number, to: number, offset: number): void {
    this.#channel = channel
    this.#channelStart = start
    this.#channelEnd = end
    this.#payload = payload
    this.#payloadStart = from
    this.#payloadEnd = to
    this.#offset = offset
    this.#forget()
  }

  /** For whom the message is from now on. */
  address(kind: FrameKind, pattern = EMPTY): void {
    this.#kind = kind
    this.#pattern = pattern
    this.#forget()
  }

  #forget(): void {
    for (const writer of [this.#resp2, this.#resp3]) {
      writer.length = 0
      if (writer.buffer.length <= KEPT_SIZE_MAX) continue
      giveBuffer(writer.buffer)
      writer.reset(EMPTY)
    }
  }

  /** For whom it is, as text. */
  get head(): string {
    return `${this.#kind} ${this.#pattern.toString('latin1')}`
  }

  get payloadSize(): number {
    return this.#payloadEnd - this.#payloadStart
  }

  /** The first `length` bytes of the writer's buffer are the frame. */
  in(protocol: 2 | 3): ReplyWriter {
    const writer = protocol === 3 ? this.#resp3 : this.#resp2
    if (writer.length === 0) this.#write(writer)
    return writer
  }

  #write(writer: ReplyWriter): void {
    const isOfPattern = this.#kind === 'pmessage' || this.#kind === 'fmessage'
    writer.push(3 + (isOfPattern ? 1 : 0) + (this.#kind === 'fmessage' ? 1 : 0))
    writer.bulkText(this.#kind)
    if (isOfPattern) writer.bulk(this.#pattern, 0, this.#pattern.length)
    writer.bulk(this.#channel, this.#channelStart, this.#channelEnd)
    if (this.#kind === 'fmessage') writer.integer(this.#offset)
    writer.bulk(this.#payload, this.#payloadStart, this.#payloadEnd)
  }
}
