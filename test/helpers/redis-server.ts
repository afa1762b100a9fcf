import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { RespClient } from './resp-client.js'

const ATTEMPTS = 5
const PING_MS_MAX = 5000

/** A redis-server of its own process, without persistence, on a free port of this machine. */
export class RedisServer {
  readonly process: ChildProcess
  readonly port: number

  private constructor(process: ChildProcess, port: number) {
    this.process = process
    this.port = port
  }

  /** Starts it and waits until it answers PING. Another process may take the port first: then it tries another one. */
  static async start(folder: string): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
      const child = spawn('redis-server', options.map(String), { stdio: 'ignore' })
      const server = new RedisServer(child, port)
      if (await server.#answers()) return server
      await server.stop()
      if (attempt === ATTEMPTS) throw new Error(`redis-server did not start, in ${ATTEMPTS} attempts`)
    }
  }

  async #answers(): Promise<boolean> {
    const until = Date.now() + PING_MS_MAX
    while (!this.#hasExited && Date.now() < until) {
      try {
        const client = await RespClient.connect(this.port)
        const reply = await client.call('PING')
        client.close()
        // Who answers on the port need not be the server that was started.
        return reply !== null && !this.#hasExited
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    return false
  }

  get #hasExited(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  async stop(): Promise<void> {
    if (this.#hasExited) return
    const exited = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await exited
  }
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
