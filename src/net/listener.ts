import net from 'node:net'
import { FlinError } from '../../segments/index.js'
import { READ_SIZE, withStaticBuffer } from './accept.js'
import { Connection } from './connection.js'
import type { Host } from './host.js'

/** Silent connections are probed from this time on, so that those whose far end has vanished do not stay for ever. */
const KEEP_ALIVE_MS = 300_000
/** How often idle clients are looked for. */
const SWEEP_MS = 500
/** So long may a client that was refused, or one that is there when the daemon ends, take to close its side. */
const CLOSE_MS_MAX = 1000

/** Accepts clients, up to a limit, and knows those who are there. */
export class Listener {
  readonly #server: net.Server
  readonly #host: Host
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_SIZE)
  readonly connections = new Map<net.Socket, Connection>()
  /** How many may be there at a time; may change. */
  clientsMax: number
  #sweep: NodeJS.Timeout | null = null
  /** Bytes that came from, and went to, connections that are over. */
  #closedInputSize = 0
  #closedOutputSize = 0
  #closed: Promise<void> | null = null
  #nextId = 1
  acceptedCount = 0
  rejectedCount = 0
  /** Where it listens; 0 before. */
  port = 0

  constructor(host: Host, clientsMax: number) {
    this.#host = host
    this.clientsMax = clientsMax
    const options = { pauseOnConnect: true, noDelay: true, allowHalfOpen: true, keepAlive: true }
    this.#server = net.createServer({ ...options, keepAliveInitialDelay: KEEP_ALIVE_MS }, (accepted) => {
      this.#accept(accepted)
    })
  }

  /** @throws FlinError PORT_TAKEN, BAD_SETTING for an address that is not this machine's. */
  listen(host: string, port: number): Promise<net.AddressInfo> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        if (error.code === 'EADDRINUSE') {
          const text = `port ${port} on ${host} is taken. Stop who has it, or choose another with --port`
          reject(new FlinError('PORT_TAKEN', text, { cause: error }))
        } else
          reject(
            new FlinError('BAD_SETTING', `cannot listen on --host ${host}, --port ${port}: ${error.message}`, {
              cause: error,
            }),
          )
      }
      this.#server.once('error', failed)
      this.#server.listen({ host, port, backlog: 511 }, () => {
        this.#server.off('error', failed)
        this.#server.on('error', (error) => {
          this.#host.onAcceptFailed(error)
        })
        const address = this.#server.address() as net.AddressInfo
        this.port = address.port
        this.#sweep = setInterval(() => {
          this.#closeIdle()
        }, SWEEP_MS).unref()
        resolve(address)
      })
    })
  }

  #accept(accepted: net.Socket): void {
    this.acceptedCount++
    const address = `${accepted.remoteAddress ?? '?'}:${accepted.remotePort ?? 0}`
    if (this.connections.size >= this.clientsMax) {
      this.rejectedCount++
      reject(accepted)
      return
    }
    const { connections } = this
    const socket = withStaticBuffer(accepted, this.#server, this.#readBuffer, (from, size, bytes) => {
      const connection = connections.get(from)
      return connection === undefined || connection.read(bytes, size)
    })
    const connection = new Connection(this.#nextId++, socket, address, this.#host)
    connections.set(socket, connection)
    socket.once('close', () => {
      connections.delete(socket)
      this.#closedInputSize += connection.inputSize
      this.#closedOutputSize += connection.outputTotalSize
    })
    socket.resume()
  }

  /** Bytes that have come from clients. */
  get inputSize(): number {
    let size = this.#closedInputSize
    for (const { inputSize } of this.connections.values()) size += inputSize
    return size
  }

  /** Bytes of replies that have gone to clients. */
  get outputSize(): number {
    let size = this.#closedOutputSize
    for (const { outputTotalSize } of this.connections.values()) size += outputTotalSize
    return size
  }

  #closeIdle(): void {
    const { clientLimits, log } = this.#host
    if (clientLimits.idleMsMax === 0) return
    const before = log.now() - clientLimits.idleMsMax
    for (const connection of this.connections.values()) {
      if (connection.isIdle && connection.lastActiveMs < before) connection.destroy()
    }
  }

  /** Accepts nobody and runs nothing any more; connections end when the replies of what has run are sent. */
  stop(): void {
    if (this.#sweep !== null) clearInterval(this.#sweep)
    this.#closed ??= new Promise((resolve) =>
      this.#server.close(() => {
        resolve()
      }),
    )
    for (const connection of this.connections.values()) connection.finish()
  }

  /** Waits for all connections to end, though not for long. */
  async close(): Promise<void> {
    this.stop()
    const force = setTimeout(() => {
      for (const socket of this.connections.keys()) socket.destroy()
    }, CLOSE_MS_MAX)
    await this.#closed
    clearTimeout(force)
  }
}

/** Tells a client why it is not taken, and lets it go. */
function reject(accepted: net.Socket): void {
  accepted.on('error', () => undefined) // 'close' follows
  accepted.end('-ERR max number of clients reached\r\n')
  accepted.resume()
  const timer = setTimeout(() => accepted.destroy(), CLOSE_MS_MAX).unref()
  accepted.once('close', () => {
    clearTimeout(timer)
  })
}
