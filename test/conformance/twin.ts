import assert from 'node:assert/strict'
import { RespClient, type Reply } from '../helpers/resp-client.js'

/** The same client of two servers. */
export class Twin {
  readonly #redis: RespClient
  readonly #flin: RespClient
  #marks = 0
  readonly #protocol: 2 | 3

  private constructor(redisClient: RespClient, flinClient: RespClient, protocol: 2 | 3) {
    this.#redis = redisClient
    this.#flin = flinClient
    this.#protocol = protocol
  }

  static async connect(redisPort: number, flinPort: number, protocol: 2 | 3): Promise<Twin> {
    return new Twin(
      await RespClient.connect(redisPort, protocol),
      await RespClient.connect(flinPort, protocol),
      protocol,
    )
  }

  call(...args: string[]): Promise<void> {
    return this.callAll(args.length === 0 ? [] : [args])
  }

  /** Sends requests to both and waits for all that they say up to them: a ping behind them tells where that ends. */
  async callAll(requests: readonly (readonly string[])[]): Promise<void> {
    const mark = `mark${this.#marks++}`
    const [expected, actual] = await Promise.all(
      [this.#redis, this.#flin].map(async (client) => {
        client.send([...requests, ['PING', mark]].map(frameOf).join(''))
        const replies: Reply[] = []
        for (;;) {
          const reply = await client.read()
          if (JSON.stringify(reply).includes(mark)) return replies
          replies.push(reply)
        }
      }),
    )
    assert.deepEqual(actual, expected, `after ${JSON.stringify(requests)}, in RESP${this.#protocol}`)
  }

  close(): void {
    this.#redis.close()
    this.#flin.close()
  }
}

function frameOf(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`
}
