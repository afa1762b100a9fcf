import type { Tail } from '../subscriptions/outlet.js'
import { SharedRun } from './shared-run.js'
import { giveBuffer, takeBuffer } from '../protocol/buffer-pool.js'
import { REPLY_BUFFER_SIZE, type ReplyBuffer } from '../protocol/reply-buffer.js'

const GATES_KEPT_MAX = 1024
const EMPTY = Buffer.alloc(0)

/** Where replies go. */
export interface Sink {
  /** Bytes that were handed over and are not taken yet; while there are any, their memory is the sink's. */
  readonly pendingSize: number
  write: (bytes: Buffer) => void
}

/**
 * The replies of one connection, in order, each held back until what it tells is committed. Holds memory only while there
 * is something to send.
 */
export class Output<Writer extends ReplyBuffer> {
  /** Another one may take its place before the first reply. */
  writer: Writer
  readonly #sink: Sink
  /** Bytes at the front of the writer's buffer that have been handed to the socket. */
  #sent = 0
  /** Position in the stream of all replies where the writer's buffer begins. */
  #base = 0
  /** From this position of the stream on ... */
  readonly #gateStarts: number[] = []
  /** ... replies wait until the log is committed up to this offset. Both rise. */
  readonly #gateOffsets: number[] = []
  #gateHead = 0
  #peak = 0
  /** Messages that go out before anything that is in the writer. */
  readonly #run = new SharedRun()
  /** What goes out behind all that is here, and is sent by others; settled before anything else is written. */
  tail: Tail | null = null
  /** Buffers from which the socket still writes. */
  readonly #lent: Buffer[] = []

  constructor(sink: Sink, writer: Writer) {
    this.#sink = sink
    this.writer = writer
  }

  /** Bytes not yet taken by the kernel, those that wait for a commit among them. */
  get pendingSize(): number {
    const tailSize = this.tail === null ? 0 : this.tail.size
    return this.writer.length - this.#sent + this.#run.size + tailSize + this.#sink.pendingSize
  }

  /** Bytes that wait in the writer's buffer. */
  get waitingSize(): number {
    return this.writer.length - this.#sent
  }

  /** Bytes that were most in one buffer. */
  get peakSize(): number {
    return Math.max(this.#peak, this.writer.length)
  }

  /** Buffers from which the socket still writes. */
  get lentCount(): number {
    return this.#sink.pendingSize === 0 ? 0 : this.#lent.length
  }

  /** Their memory. */
  get lentSize(): number {
    return this.#sink.pendingSize === 0 ? 0 : this.#lent.reduce((sum, { length }) => sum + length, 0)
  }

  /** Bytes that were ever handed to the socket. */
  get totalSize(): number {
    return this.#base + this.#sent
  }

  /** Whether some reply waits for a commit. */
  get isGated(): boolean {
    return this.#gateHead < this.#gateStarts.length || this.#run.size > 0
  }

  /** Gets memory to write replies into. */
  open(): void {
    if (this.tail !== null) this.settle()
    if (this.writer.buffer !== EMPTY) return
    this.writer.reset(takeBuffer(REPLY_BUFFER_SIZE))
    if (this.#run.size > 0) this.#run.moveTo(this.writer, this.#gateAt)
  }

  /** Takes what lies behind over: something comes behind that. */
  settle(): void {
    const { tail } = this
    this.tail = null
    tail?.settle()
  }

  /**
   * The reply that begins at `start` in the writer, and all behind it, wait until the log is committed up to `offset`. What
   * lies behind `flushingOffset` commits together, so that it takes one gate.
   */
  gate(start: number, offset: number, flushingOffset: number): void {
    const last = this.#gateStarts.length - 1
    if (last >= this.#gateHead) {
      const held = this.#gateOffsets[last]!
      if (held >= offset) return
      if (held > flushingOffset) {
        this.#gateOffsets[last] = offset
        return
      }
    }
    this.#gateAt(start, offset)
  }

  readonly #gateAt = (start: number, offset: number): void => {
    this.#gateStarts.push(this.#base + start)
    this.#gateOffsets.push(offset)
  }

  /**
   * Sends `bytes[start..end)`, which nobody changes any more, when the log is committed up to `gate`: from where they lie, if there is
   * nothing in front of them but others of that kind, otherwise from a copy.
   */
  share(bytes: Buffer, start: number, end: number, gate: number, flushingOffset: number): void {
    if (this.tail !== null) this.settle()
    const { writer } = this
    if (writer.buffer === EMPTY && this.#run.add(bytes, start, end, gate, flushingOffset)) return
    this.open()
    const at = writer.length
    writer.raw(bytes, start, end)
    this.gate(at, gate, flushingOffset)
  }

  readonly #sendPiece = (bytes: Buffer): void => {
    this.#sink.write(bytes)
    this.#base += bytes.length
  }

  /** Sends what may be told, in one write. */
  flush(committedOffset: number): void {
    if (this.#run.size > 0) {
      this.#run.send(committedOffset, this.#sendPiece)
      return
    }
    while (this.#gateHead < this.#gateStarts.length && this.#gateOffsets[this.#gateHead]! <= committedOffset)
      this.#gateHead++
    const isGated = this.#gateHead < this.#gateStarts.length
    const end = isGated ? this.#gateStarts[this.#gateHead]! - this.#base : this.writer.length
    if (this.#gateHead > 0) this.#forgetPassedGates()
    if (this.#lent.length > 0 && this.#sink.pendingSize === 0) this.#takeBack()
    if (end > this.#sent) this.#send(end)
    else if (this.writer.length === 0 && this.writer.buffer !== EMPTY) this.#close()
  }

  /** Hands over bytes that are not written here, and that nobody changes any more. False: something waits in front of them. */
  pass(bytes: Buffer): boolean {
    if (this.tail !== null) this.settle()
    return this.#pass(bytes)
  }

  /** Sends the front of the tail, which is committed, behind all that is here. */
  sendTail(bytes: Buffer, committedOffset: number): void {
    if (this.writer.length > 0 || this.#run.size > 0) this.flush(committedOffset)
    if (this.#pass(bytes)) return
    const { tail } = this
    this.tail = null
    this.share(bytes, 0, bytes.length, 0, committedOffset)
    this.tail = tail
  }

  #pass(bytes: Buffer): boolean {
    if (this.writer.length > 0 || this.#run.size > 0) return false
    if (bytes.length > 0) this.#sink.write(bytes)
    this.#base += bytes.length
    return true
  }

  /** What was written has been taken back: its memory may be large. */
  #close(): void {
    giveBuffer(this.writer.buffer)
    this.writer.reset(EMPTY)
  }

  #takeBack(): void {
    for (const buffer of this.#lent) giveBuffer(buffer)
    this.#lent.length = 0
  }

  #forgetPassedGates(): void {
    if (this.#gateHead >= this.#gateStarts.length) {
      this.#gateStarts.length = 0
      this.#gateOffsets.length = 0
    } else if (this.#gateHead > GATES_KEPT_MAX) {
      this.#gateStarts.splice(0, this.#gateHead)
      this.#gateOffsets.splice(0, this.#gateHead)
    } else return
    this.#gateHead = 0
  }

  #send(end: number): void {
    const { writer } = this
    const { buffer, length } = writer
    this.#sink.write(buffer.subarray(this.#sent, end))
    // What the kernel has not taken at once still lies in the buffer, which then is the socket's.
    const isTaken = this.#sink.pendingSize === 0
    if (!isTaken) this.#lent.push(buffer)
    if (end === length) {
      if (isTaken) giveBuffer(buffer)
      this.#restart(EMPTY, length)
    } else if (isTaken) this.#sent = end
    else {
      const rest = takeBuffer(Math.max(REPLY_BUFFER_SIZE, length - end))
      buffer.copy(rest, 0, end, length)
      this.#restart(rest, end)
      writer.length = length - end
    }
  }

  #restart(buffer: Buffer, consumed: number): void {
    this.writer.reset(buffer)
    this.#base += consumed
    if (consumed > this.#peak) this.#peak = consumed
    this.#sent = 0
  }
}
