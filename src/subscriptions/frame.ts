import { giveBuffer } from '../protocol/buffer-pool.js'
import { ReplyWriter } from '../protocol/resp/reply-writer.js'
import type { SharedChunk } from './shared-chunk.js'

/** A frame that grew beyond this gives its memory back. */
const KEPT_SIZE_MAX = 256 * 1024
const EMPTY: Buffer = Buffer.alloc(0)

export type FrameKind = 'message' | 'pmessage' | 'smessage' | 'fmessage'

/** Where a frame lies, as it goes over the wire. */
export interface Encoded {
  bytes: Buffer
  start: number
  end: number
  /** Whether nobody changes these bytes any more. */
  isShared: boolean
}

/** Memory that the frames of a topic are sent from, in each protocol. */
export type Chunks = Readonly<Record<2 | 3, SharedChunk>>

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
  #chunks: Chunks | null = null
  readonly #writers: Readonly<Record<2 | 3, ReplyWriter>> = { 2: new ReplyWriter(), 3: new ReplyWriter() }
  readonly #encoded: Readonly<Record<2 | 3, Encoded>> = { 2: newEncoded(), 3: newEncoded() }

  constructor() {
    this.#writers[3].protocol = 3
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

  /** For whom the message is from now on. @param chunks where it is to lie, if it is for many */
  address(kind: FrameKind, pattern = EMPTY, chunks: Chunks | null = null): void {
    this.#kind = kind
    this.#pattern = pattern
    this.#chunks = chunks
    this.#forget()
  }

  #forget(): void {
    this.#encoded[2].end = 0
    this.#encoded[3].end = 0
    this.#shrink(this.#writers[2])
    this.#shrink(this.#writers[3])
  }

  #shrink(writer: ReplyWriter): void {
    writer.length = 0
    if (writer.buffer.length <= KEPT_SIZE_MAX) return
    giveBuffer(writer.buffer)
    writer.reset(EMPTY)
  }

  /** For whom it is, as text. */
  get head(): string {
    return `${this.#kind} ${this.#pattern.toString('latin1')}`
  }

  /** Whether it is written to memory that many send from. */
  get isForMany(): boolean {
    return this.#chunks !== null
  }

  get payloadSize(): number {
    return this.#payloadEnd - this.#payloadStart
  }

  /** The frame, written when it is first asked for. What it says is right until the next message, or whom it is for, is set. */
  in(protocol: 2 | 3): Encoded {
    const encoded = this.#encoded[protocol]
    if (encoded.end > 0) return encoded
    const writer = this.#writers[protocol]
    this.#write(writer)
    const chunk = this.#chunks?.[protocol]
    encoded.start = chunk === undefined ? 0 : chunk.add(writer.buffer, writer.length)
    encoded.end = encoded.start + writer.length
    encoded.bytes = chunk === undefined ? writer.buffer : chunk.bytes
    encoded.isShared = chunk !== undefined
    return encoded
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

function newEncoded(): Encoded {
  return { bytes: EMPTY, start: 0, end: 0, isShared: false }
}
