import { isDeepStrictEqual } from 'node:util'
import { OK, RespClient } from './resp-client.js'

const KEYS = 200
const DEPTH = 40

/** What each key held at some moment: version by number of the key. */
export type Versions = readonly number[]

/**
 * Overwrites keys with rising versions until it is told to stop, and knows which of them have been acknowledged, which only
 * sent.
 */
export class VersionedWriter {
  readonly #client: RespClient
  readonly #acknowledged = new Array<number>(KEYS).fill(0)
  readonly #sent = new Array<number>(KEYS).fill(0)
  readonly #valueSize: number
  #isOver = false
  #running: Promise<void> = Promise.resolve()
  writeCount = 0

  private constructor(client: RespClient, valueSize: number) {
    this.#client = client
    this.#valueSize = valueSize
  }

  static async start(port: number, valueSize: number): Promise<VersionedWriter> {
    const writer = new VersionedWriter(await RespClient.connect(port), valueSize)
    writer.#running = writer.#run()
    return writer
  }

  async #run(): Promise<void> {
    for (let next = 0; !this.#isOver; next = (next + DEPTH) % KEYS) {
      const keys = Array.from({ length: DEPTH }, (_, i) => (next + i) % KEYS)
      const requests = keys.map((key) => ['SET', `key:${key}`, this.#value(++this.#sent[key]!)])
      const versions = keys.map((key) => this.#sent[key]!)
      const replies = await this.#client.pipeline(requests)
      replies.forEach((reply, i) => {
        if (!isDeepStrictEqual(reply, OK)) throw new Error(JSON.stringify(reply))
        this.#acknowledged[keys[i]!] = versions[i]!
        this.writeCount++
      })
    }
  }

  #value(version: number): string {
    return `${version}.`.padEnd(this.#valueSize, 'v')
  }

  get acknowledged(): Versions {
    return [...this.#acknowledged]
  }

  get sent(): Versions {
    return [...this.#sent]
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
    this.#client.close()
  }
}

/** What a daemon holds of these keys; 0: nothing. */
export async function versionsIn(port: number): Promise<Versions> {
  const client = await RespClient.connect(port)
  const values = (await client.call('MGET', ...Array.from({ length: KEYS }, (_, i) => `key:${i}`))) as (string | null)[]
  client.close()
  return values.map((value) => (value === null ? 0 : Number.parseInt(value, 10)))
}
