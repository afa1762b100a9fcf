const FLUSH_SIZE = 64 * 1024

/** Text for standard output, in large pieces; waits while the reader is slow. */
export class Output {
  #text = ''

  async write(text: string): Promise<void> {
    this.#text += text
    if (this.#text.length >= FLUSH_SIZE) await this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#text
    this.#text = ''
    if (text !== '' && !process.stdout.write(text)) {
      await new Promise((resolve) => process.stdout.once('drain', resolve))
    }
  }
}
