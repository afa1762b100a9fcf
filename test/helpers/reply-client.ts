import type net from 'node:net'

/** A raw client of some protocol: bytes out, replies in, in order. A subclass cuts what comes into replies. */
export abstract class ReplyClient<Reply> {
  readonly socket: net.Socket
  readonly #replies: Reply[] = []
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = []
  /** Whether the connection is over, whoever ended it. */
  isClosed = false
  /** Settles when the connection is over. */
  readonly closed: Promise<void>

  /** @param socket is connected. */
  protected constructor(socket: net.Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.take(chunk)
    })
    socket.on('error', () => undefined) // 'close' follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true
        for (const { reject } of this.#waiting.splice(0)) reject(closedError())
        resolve()
      })
    })
  }

  /** Hands every reply that is whole to {@link deliver}, and keeps the rest. */
  protected abstract take(chunk: Buffer): void

  protected deliver(reply: Reply): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#replies.push(reply)
    else waiting.resolve(reply)
  }

  /** The next reply. Rejects when the connection ends first. */
  read(): Promise<Reply> {
    const reply = this.#replies.shift()
    if (reply !== undefined) return Promise.resolve(reply)
    if (this.isClosed) return Promise.reject(closedError())
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** The next `count` replies. */
  async readMany(count: number): Promise<Reply[]> {
    const replies: Reply[] = []
    while (replies.length < count) replies.push(await this.read())
    return replies
  }

  /** Replies that came until the server ended the connection. */
  async readUntilClosed(): Promise<Reply[]> {
    await this.closed
    return this.#replies.splice(0)
  }

  close(): void {
    this.socket.destroy()
  }
}

function closedError(): Error {
  return new Error('the connection is closed')
}
