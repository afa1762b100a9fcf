import net from 'node:net'
import { FlinError } from '../../segments/index.js'
import { READ_SIZE, withStaticBuffer } from './accept.js'
import { Connection } from './connection.js'
import type { Host } from './host.js'

/** Accepts clients, up to a limit, and knows those who are there. */
export class Listener {
  readonly #server: net.Server
  readonly #host: Host
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_SIZE)
  readonly connections = new Map<net.Socket, Connection>()
  readonly #clientsMax: number
  #nextId = 1
  acceptedCount = 0
  rejectedCount = 0

  constructor(host: Host, clientsMax: number) {
    this.#host = host
    this.#clientsMax = clientsMax
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (accepted) => {
      this.#accept(accepted)
    })
  }

  /** @throws FlinError PORT_TAKEN, BAD_SETTING for an address that is not this machine's. */
  listen(host: string, port: number): Promise<net.AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') {
          const text = `port ${port} on ${host} is taken. Stop who has it, or choose another with --port`
          reject(new FlinError('PORT_TAKEN', text, { cause: error }))
        } else
          reject(new FlinError('BAD_SETTING', `cannot listen on ${host}:${port}: ${error.message}`, { cause: error }))
      })
      this.#server.listen({ host, port, backlog: 511 }, () => {
        resolve(this.#server.address() as net.AddressInfo)
      })
    })
  }

  #accept(accepted: net.Socket): void {
    this.acceptedCount++
    const address = `${accepted.remoteAddress ?? '?'}:${accepted.remotePort ?? 0}`
    if (this.connections.size >= this.#clientsMax) {
      this.rejectedCount++
      accepted.end('-ERR max number of clients reached\r\n')
      accepted.resume()
      return
    }
    const { connections } = this
    const socket = withStaticBuffer(accepted, this.#server, this.#readBuffer, (from, size, bytes) => {
      const connection = connections.get(from)
      return connection === undefined || connection.read(bytes, size)
    })
    const connection = new Connection(this.#nextId++, socket, address, this.#host)
    connections.set(socket, connection)
    socket.once('close', () => connections.delete(socket))
    socket.resume()
  }

  /** Accepts no more, and lets every connection end when its replies have left. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const [socket, connection] of this.connections) {
      connection.closeAfterReply()
      socket.end()
    }
    const force = setTimeout(() => {
      for (const socket of this.connections.keys()) socket.destroy()
    }, CLOSE_MS_MAX)
    await closed
    clearTimeout(force)
  }
}

const CLOSE_MS_MAX = 1000
