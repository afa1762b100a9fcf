import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { frame, RespClient, type Argument, type Reply } from '../helpers/resp-client.js'

/** An argument that each server has its own of: the id of a client's connection. */
export interface IdOf {
  readonly idOf: number
}

/** What clients do, one after the other: each step ends when nothing more happens by it. */
export type CrowdStep =
  /** Sends requests in one write. `timed`: none waits for ever, and the step ends when all are replied to. */
  | { readonly on: number; readonly requests: readonly (readonly (Argument | IdOf)[])[]; readonly timed?: true }
  /** A client's connection ends, and a new one takes its place. */
  | { readonly leaves: number }

/** What came of one step: the replies that each client got, by its number, and who waits then. */
export interface Outcome {
  readonly replies: Readonly<Record<number, readonly Reply[]>>
  readonly waiting: readonly number[]
}

interface Member {
  client: RespClient
  id: number
  sent: number
  got: Reply[]
}

const SETTLE_MS_MAX = 20_000

/** Several clients of one server, of whose requests some wait. */
export class Crowd {
  readonly #port: number
  readonly #protocol: 2 | 3
  readonly #members: Member[] = []
  readonly #observer: RespClient

  private constructor(port: number, protocol: 2 | 3, observer: RespClient) {
    this.#port = port
    this.#protocol = protocol
    this.#observer = observer
  }

  static async connect(port: number, protocol: 2 | 3, count: number): Promise<Crowd> {
    const crowd = new Crowd(port, protocol, await RespClient.connect(port))
    await crowd.#observer.call('FLUSHALL')
    for (let i = 0; i < count; i++) crowd.#members.push(await crowd.#join())
    return crowd
  }

  async #join(): Promise<Member> {
    const client = await RespClient.connect(this.#port, this.#protocol)
    return { client, id: (await client.call('CLIENT', 'ID')) as number, sent: 0, got: [] }
  }

  close(): void {
    this.#observer.close()
    for (const { client } of this.#members) client.close()
  }

  /** Asks outside of all steps. */
  ask(...request: Argument[]): Promise<Reply> {
    return this.#observer.call(...request)
  }

  async run(steps: readonly CrowdStep[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (const step of steps) {
      if ('leaves' in step) await this.#replace(step.leaves)
      else this.#send(this.#members[step.on]!, step.requests)
      outcomes.push(await this.#settle('timed' in step ? this.#members[step.on]! : null))
    }
    return outcomes
  }

  #send(member: Member, requests: readonly (readonly (Argument | IdOf)[])[]): void {
    const told = requests.map((request) =>
      frame(request.map((it) => (typeof it === 'object' && 'idOf' in it ? this.#members[it.idOf]!.id : it))),
    )
    member.client.send(Buffer.concat(told))
    member.sent += requests.length
    const { got } = member
    for (let i = 0; i < requests.length; i++) {
      // One that ends with the connection is never told.
      member.client.read().then(
        (reply) => got.push(reply),
        () => undefined,
      )
    }
  }

  async #replace(i: number): Promise<void> {
    const { client, id } = this.#members[i]!
    client.close()
    const end = Date.now() + SETTLE_MS_MAX
    while ((await this.#list()).some((it) => it.id === id)) assert.ok(Date.now() < end, 'it does not leave')
    this.#members[i] = await this.#join()
  }

  async #list(): Promise<{ id: number; isBlocked: boolean }[]> {
    // Its reply comes when that of the write before has: by then all that others are told of before it is on its way.
    const [, text] = (await this.#observer.pipeline([
      ['SET', 'observed', '1'],
      ['CLIENT', 'LIST'],
    ])) as [Reply, string]
    return [...text.matchAll(/^id=(\d+) .* flags=(\w+) /gm)].map(([, id, flags]) => ({
      id: Number(id),
      isBlocked: flags!.includes('b'),
    }))
  }

  /** Waits until every client has its replies or waits; seen twice, as what is seen first may be older than the last reply. */
  async #settle(timed: Member | null): Promise<Outcome> {
    const end = Date.now() + SETTLE_MS_MAX
    for (let quiet = 0; quiet < 2;) {
      assert.ok(Date.now() < end, 'it does not come to rest')
      const blocked = new Set((await this.#list()).filter((it) => it.isBlocked).map(({ id }) => id))
      await turn()
      const isQuiet = this.#members.every(({ id, sent, got }) => got.length === sent || blocked.has(id))
      const isOver = timed === null || timed.got.length === timed.sent
      quiet = isQuiet && isOver ? quiet + 1 : 0
    }
    const replies: Record<number, readonly Reply[]> = {}
    const waiting: number[] = []
    this.#members.forEach((member, i) => {
      const { got } = member
      if (got.length > 0) replies[i] = got.splice(0)
      member.sent -= replies[i]?.length ?? 0
      if (member.sent > 0) waiting.push(i)
    })
    return { replies, waiting }
  }
}

/** Both servers, each with a crowd of its own that does the same: what comes of it, step by step. */
export async function runBoth(
  ports: { readonly reference: number; readonly actual: number },
  protocol: 2 | 3,
  count: number,
  steps: readonly CrowdStep[],
  atEnd: readonly (readonly Argument[])[] = [],
): Promise<{ reference: Outcome[]; actual: Outcome[]; referenceEnd: Reply[]; actualEnd: Reply[] }> {
  const tell = async (port: number): Promise<[Outcome[], Reply[]]> => {
    const crowd = await Crowd.connect(port, protocol, count)
    try {
      const outcomes = await crowd.run(steps)
      const end: Reply[] = []
      for (const request of atEnd) end.push(await crowd.ask(...request))
      return [outcomes, end]
    } finally {
      crowd.close()
    }
  }
  const [[reference, referenceEnd], [actual, actualEnd]] = await Promise.all([
    tell(ports.reference),
    tell(ports.actual),
  ])
  return { reference, actual, referenceEnd, actualEnd }
}
