const FLUSH_SIZE = 64 * 1024

/** A stream that is printed to, and the terminal behind it if there is one. */
export interface Stream extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** What a run of `flin` has around it. */
export interface Surroundings {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: NodeJS.ProcessEnv
}

/** Text for standard output, in large pieces; waits while the reader is slow. */
export class Output {
  readonly #around: Surroundings
  #text = ''

  constructor(around: Surroundings) {
    this.#around = around
  }

  async write(text: string): Promise<void> {
    this.#text += text
    if (this.#text.length >= FLUSH_SIZE) await this.flush()
  }

  async flush(): Promise<void> {
    const { stdout } = this.#around
    const text = this.#text
    this.#text = ''
    if (text !== '' && !stdout.write(text)) await new Promise((resolve) => stdout.once('drain', resolve))
  }

  /** Text for standard error, behind all that has been written so far. */
  async complain(text: string): Promise<void> {
    await this.flush()
    this.#around.stderr.write(text)
  }
}

/** Runs a command on a folder, or from one to another; what it returns, or how it fails, is the exit code. */
export type Run = (folders: readonly string[], job: (output: Output) => Promise<number>) => Promise<void>
