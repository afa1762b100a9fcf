import assert from 'node:assert/strict'
import { RespClient, type Reply } from '../helpers/resp-client.js'

/** Whoever gets items from the list "jobs", until the connection breaks, again and again. */
export interface Consumer {
  /** What it has been told, or has found to be its own, in order. */
  readonly got: string[]
  /** How often it waited for a reply when the connection broke. */
  lostReplies: number
  /** Works until the daemon is gone. Rejects at a reply that is wrong. */
  run: (port: number) => Promise<void>
  /** The daemon is there again. */
  recover: (port: number) => Promise<void>
}

/** Pushes items of its own to the list "jobs", one at a time. */
export class Producer {
  readonly sent: string[] = []
  readonly acknowledged: string[] = []
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  /** Works until the daemon is gone. */
  async run(port: number): Promise<void> {
    const client = await RespClient.connect(port)
    for (;;) {
      const item = `${this.#name} ${this.sent.length}`
      this.sent.push(item)
      const reply = await client.call('RPUSH', 'jobs', item).catch(() => null)
      if (reply === null) return

      assert.ok(Number(reply) >= 1, JSON.stringify(reply))
      this.acknowledged.push(item)
    }
  }
}

/** Takes items; one that was taken while the daemon was killed may be lost with the reply. */
export class Taker implements Consumer {
  readonly got: string[] = []
  lostReplies = 0

  async run(port: number): Promise<void> {
    const client = await RespClient.connect(port)
    for (;;) {
      const reply: Reply = await client.call('BLPOP', 'none', 'jobs', 0).catch(() => false)
      if (reply === false) break
      const [key, item] = reply as [string, string]
      assert.equal(key, 'jobs')
      this.got.push(item)
    }
    this.lostReplies++
  }

  recover(): Promise<void> {
    return Promise.resolve()
  }
}

/** Moves items to a list of its own, where it finds the one whose reply was lost. */
export class Mover implements Consumer {
  readonly got: string[] = []
  lostReplies = 0
  readonly #own: string

  constructor(own: string) {
    this.#own = own
  }

  async run(port: number): Promise<void> {
    const client = await RespClient.connect(port)
    for (;;) {
      const item: Reply = await client.call('BLMOVE', 'jobs', this.#own, 'LEFT', 'RIGHT', 0).catch(() => false)
      if (item === false) break
      this.got.push(item as string)
    }
    this.lostReplies++
  }

  /** @throws AssertionError when its list is not what it was told of, and at most one item more. */
  async recover(port: number): Promise<void> {
    const client = await RespClient.connect(port)
    const items = (await client.call('LRANGE', this.#own, 0, -1)) as string[]
    client.close()
    assert.deepEqual(items.slice(0, this.got.length), this.got)
    assert.ok(items.length <= this.got.length + 1, `${items.length} items, of which ${this.got.length} were told`)
    this.got.push(...items.slice(this.got.length))
  }
}
