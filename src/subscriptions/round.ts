import type { Chunks, Frame } from './frame.js'
import type { SharedChunk } from './shared-chunk.js'
import type { Subscriber } from './subscriber.js'

/** With so many bytes a round takes no more: a slow subscriber is looked at anew with the next one. */
const SIZE_MAX = 32 * 1024

/** The messages of a round in one protocol, and who sends them from there. */
export class RoundPart {
  readonly round: Round
  readonly members: Subscriber[] = []
  readonly #chunk: SharedChunk
  bytes: Buffer
  start: number
  end: number

  constructor(round: Round, chunk: SharedChunk) {
    chunk.beginRun()
    this.round = round
    this.#chunk = chunk
    this.bytes = chunk.bytes
    this.start = chunk.runStart
    this.end = chunk.end
  }

  get size(): number {
    return this.end - this.start
  }

  /** Takes what has been written to the chunk. */
  extend(): void {
    const { bytes, runStart, end } = this.#chunk
    this.bytes = bytes
    this.start = runStart
    this.end = end
  }
}

/**
 * The messages of one topic that wait for the same commit. Of subscribers who all get the same, each does not keep a list of its own:
 * they are members, and send the round as a whole, in one write from the same memory. So a message costs as much with one member as
 * with a thousand. Whoever gets something else meanwhile - a reply, a message of another topic - leaves, with what it has been told.
 */
export class Round {
  /** Subscribers of the topic who are no members: each message is given to them as it comes. */
  readonly others = new Set<Subscriber>()
  readonly #chunks: Chunks
  readonly #parts: Readonly<Record<2 | 3, RoundPart>>
  /** What its first message waits for. */
  readonly firstGate: number
  /** It is sent when the log is committed up to here. */
  gate: number
  /** Of the message that was added last; -1: it is not kept. */
  lastOffset = -1
  isOver = false

  /** @param chunks of the topic: only one of its rounds at a time is added to */
  constructor(subscribers: Iterable<Subscriber>, chunks: Chunks, offset: number, gate: number) {
    this.#chunks = chunks
    this.#parts = { 2: new RoundPart(this, chunks[2]), 3: new RoundPart(this, chunks[3]) }
    this.firstGate = gate
    this.gate = gate
    for (const subscriber of subscribers) {
      const part = this.#parts[subscriber.outlet.protocol]
      if (subscriber.join(part, offset)) part.members.push(subscriber)
      else this.others.add(subscriber)
    }
  }

  /**
   * Whether a message that waits for this offset may be added.
   * @param closedOffset what waits for no more than this is to be sent as soon as it can
   */
  takes(gate: number, closedOffset: number, committedOffset: number): boolean {
    if (this.isOver || Math.max(this.#parts[2].size, this.#parts[3].size) > SIZE_MAX) return false
    if (this.firstGate > closedOffset || gate <= this.gate) return true
    return this.gate <= committedOffset && gate <= committedOffset
  }

  /** Whether all that a later round has is behind all that this one will ever have. */
  precedes(later: Round): boolean {
    return this.isOver || (later.#chunks === this.#chunks && later.gate >= this.gate)
  }

  /** Adds a message, addressed to the topic; the chunks that the round was made with are those of the frame. */
  add(frame: Frame, offset: number, gate: number): void {
    this.lastOffset = offset
    this.gate = Math.max(gate, this.gate)
    for (const protocol of PROTOCOLS) {
      const part = this.#parts[protocol]
      if (part.members.length === 0) continue
      frame.in(protocol)
      part.extend()
    }
    for (const subscriber of this.others) subscriber.give(frame, offset, gate)
  }

  /** Everybody sends it. */
  send(): void {
    this.isOver = true
    for (const protocol of PROTOCOLS) {
      const part = this.#parts[protocol]
      if (part.size === 0) continue
      const bytes = part.bytes.subarray(part.start, part.end)
      for (const subscriber of part.members) subscriber.sendPart(part, bytes)
      part.members.length = 0
    }
  }
}

const PROTOCOLS = [2, 3] as const
