import { once } from 'node:events'
import net from 'node:net'
import { parseReply, type BinaryReply } from './binary-frames.js'

/** A raw client of the binary protocol: any bytes out, replies in, in order. Connects to this machine. */
export class BinaryClient {
  readonly socket: net.Socket
  #chunks: Buffer[] = []
  #size = 0
  /** Bytes that the next reply needs at least. */
  #needed = 5
  readonly #replies: BinaryReply[] = []
  readonly #waiting: { resolve: (reply: BinaryReply) => void; reject: (error: Error) => void }[] = []
  isClosed = false
  /** Settles when the connection is over. */
  readonly closed: Promise<void>

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk)
    })
    socket.on('error', () => undefined) // 'close' follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection is closed'))
        resolve()
      })
    })
  }

  static async connect(port: number): Promise<BinaryClient> {
    const socket = net.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new BinaryClient(socket)
  }

  send(...requests: Buffer[]): void {
    this.socket.write(Buffer.concat(requests))
  }

  /** The next reply. Rejects when the connection ends first. */
  read(): Promise<BinaryReply> {
    const reply = this.#replies.shift()
    if (reply !== undefined) return Promise.resolve(reply)
    if (this.isClosed) return Promise.reject(new Error('the connection is closed'))
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async readMany(count: number): Promise<BinaryReply[]> {
    const replies: BinaryReply[] = []
    while (replies.length < count) replies.push(await this.read())
    return replies
  }

  call(request: Buffer): Promise<BinaryReply> {
    this.send(request)
    return this.read()
  }

  /** Sends all requests in one write and waits for all replies. */
  pipeline(requests: Buffer[]): Promise<BinaryReply[]> {
    this.send(...requests)
    return this.readMany(requests.length)
  }

  /** Replies that came until the server ended the connection. */
  async readUntilClosed(): Promise<BinaryReply[]> {
    await this.closed
    return this.#replies.splice(0)
  }

  close(): void {
    this.socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // Large replies come in many chunks: they are put together once.
    if (this.#size < this.#needed) return
    const all = Buffer.concat(this.#chunks)
    let at = 0
    for (let found = parseReply(all, at); found !== undefined; found = parseReply(all, at)) {
      at = found.next
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#replies.push(found.reply)
      else waiting.resolve(found.reply)
    }
    const rest = all.subarray(at)
    this.#chunks = [rest]
    this.#size = rest.length
    this.#needed = rest.length < 5 ? 5 : 5 + rest.readUInt32BE(1)
  }
}
