import { once } from 'node:events'
import net from 'node:net'
import { parseReply, type BinaryReply } from './binary-frames.js'
import { ReplyClient } from './reply-client.js'

const HEADER_SIZE = 5

/** A raw client of the binary protocol. Connects to this machine. */
export class BinaryClient extends ReplyClient<BinaryReply> {
  #chunks: Buffer[] = []
  #size = 0
  /** Bytes that the next reply needs at least. */
  #needed = HEADER_SIZE

  static async connect(port: number): Promise<BinaryClient> {
    const socket = net.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new BinaryClient(socket)
  }

  send(...requests: Buffer[]): void {
    this.socket.write(Buffer.concat(requests))
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

  protected take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // Large replies come in many chunks: they are put together once.
    if (this.#size < this.#needed) return
    const all = Buffer.concat(this.#chunks)
    let at = 0
    for (let found = parseReply(all, at); found !== undefined; found = parseReply(all, at)) {
      at = found.next
      this.deliver(found.reply)
    }
    const rest = all.subarray(at)
    this.#chunks = [rest]
    this.#size = rest.length
    this.#needed = rest.length < HEADER_SIZE ? HEADER_SIZE : HEADER_SIZE + rest.readUInt32BE(1)
  }
}
