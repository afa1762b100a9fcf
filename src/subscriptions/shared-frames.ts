import type { Frame } from './frame.js'

/** Messages with more bytes than this are not copied for each who gets them: all sockets write from the same memory. */
export const LARGE_SIZE = 64 * 1024

/** The large frame that was wanted last, which most often is wanted next: by all subscribers of its channel. */
export class SharedFrames {
  #bytes: Buffer = Buffer.alloc(0)
  #offset = -1
  #protocol = 2
  /** What it begins with tells for whom it is. */
  #head = ''

  isLarge(frame: Frame): boolean {
    return frame.payloadSize > LARGE_SIZE
  }

  /** The frame of the message with this offset, in memory that nobody changes any more. */
  of(frame: Frame, protocol: 2 | 3, offset: number): Buffer {
    const head = frame.head
    if (offset !== this.#offset || protocol !== this.#protocol || head !== this.#head) {
      const { bytes, start, end } = frame.in(protocol)
      this.#bytes = Buffer.from(bytes.subarray(start, end))
      this.#offset = offset
      this.#protocol = protocol
      this.#head = head
    }
    return this.#bytes
  }

  /** Lets go of it: nobody may want it for long. */
  forget(): void {
    this.#bytes = Buffer.alloc(0)
    this.#offset = -1
  }
}
