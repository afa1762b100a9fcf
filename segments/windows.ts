import { type DiskFile, readFully } from './disk.js'

/** Bytes that are looked at in one go: few enough that each is read from memory once for all that is done with it. */
const WINDOW_SIZE = 1 << 20

/**
 * Told of `bytes[0..end)`, which lie at `base` in the file: what was left of the last time, and what follows. Returns how many of
 * them are done with; the rest comes again, with more behind it. -1: no more is wanted.
 */
export type Take = (bytes: Buffer, end: number, base: number) => number

/** Reads files from begin to end through a window, which is as large as the largest batch; its memory serves for all of them. */
export class Windows {
  #window = Buffer.alloc(0)

  /** Reads `size` bytes. False when not all of them are there, not all have been taken, or no more was wanted. */
  async read(file: DiskFile, size: number, take: Take): Promise<boolean> {
    this.#grow(Math.min(size, WINDOW_SIZE), 0)
    let position = 0
    let held = 0
    while (position < size) {
      const wanted = Math.min(this.#window.length, size - position) - held
      if ((await readFully(file, this.#window, held, wanted, position + held)) < wanted) return false
      held += wanted
      const done = take(this.#window, held, position)
      if (done === -1) return false
      if (done === 0) {
        // One batch is larger than the window; or so its header says, and then it reaches beyond the segment.
        if (position + held === size) return false
        this.#grow(Math.min(size - position, this.#window.length * 2), held)
        continue
      }
      this.#window.copyWithin(0, done, held)
      position += done
      held -= done
    }
    return true
  }

  #grow(size: number, held: number): void {
    if (this.#window.length >= size) return
    const larger = Buffer.allocUnsafeSlow(size)
    this.#window.copy(larger, 0, 0, held)
    this.#window = larger
  }
}
