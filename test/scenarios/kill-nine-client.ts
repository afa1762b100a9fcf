import { isDeepStrictEqual } from 'node:util'
import type { Random } from '../helpers/random.js'
import { frame, OK, QUEUED, RespClient, type Reply } from '../helpers/resp-client.js'

const KEYS = 60
const COUNTERS = 5
const VALUE_SIZE_MAX = 4000
const LIFE_SECONDS = 100_000
/** Operations that may be under way on one connection. */
const DEPTH_MAX = 64

/** What a key holds, and whether it expires some day. */
interface Entry {
  readonly value: string
  readonly expires: boolean
}

type State = ReadonlyMap<string, Entry>

/** Requests that take effect together, the replies they get, and what they change (null: the key goes). */
interface Operation {
  readonly bytes: Buffer
  readonly replies: readonly Reply[]
  readonly changes: ReadonlyMap<string, Entry | null>
}

/**
 * Writes known values to keys of its own, many at a time, until the connection breaks. Since the log keeps the order of a
 * connection's writes, a restarted daemon must hold the outcome of all that were answered, and of none, some or all of
 * those that were under way, in order.
 */
export class KillNineClient {
  readonly #name: string
  readonly #random: Random
  /** After all operations that were answered. */
  #acknowledged: State = new Map()
  /** After all that were sent. */
  #sent = new Map<string, Entry>()
  #underWay: Operation[] = []
  #written = 0
  acknowledgedCount = 0

  constructor(name: string, random: Random) {
    this.#name = name
    this.#random = random
  }

  /** Writes until the daemon is gone. Throws Error at a reply that is wrong. */
  async run(port: number): Promise<void> {
    const client = await RespClient.connect(port)
    const depth = 1 + this.#random.below(DEPTH_MAX)
    for (;;) {
      const parts: Buffer[] = []
      while (this.#underWay.length < depth) parts.push(this.#begin())
      client.send(Buffer.concat(parts))
      if (!(await this.#finishOne(client))) return
    }
  }

  #begin(): Buffer {
    const operation = this.#operation()
    for (const [key, entry] of operation.changes) {
      if (entry === null) this.#sent.delete(key)
      else this.#sent.set(key, entry)
    }
    this.#underWay.push(operation)
    return operation.bytes
  }

  /** Takes the replies of the oldest operation; false when the connection has ended before. Throws Error when they are wrong. */
  async #finishOne(client: RespClient): Promise<boolean> {
    const operation = this.#underWay[0]!
    const replies = await client.readMany(operation.replies.length).catch(() => null)
    if (replies === null) return false
    if (!isDeepStrictEqual(replies, operation.replies)) {
      client.close()
      throw new Error(`${JSON.stringify(replies)} instead of ${JSON.stringify(operation.replies)}`)
    }
    this.#acknowledged = after(this.#acknowledged, operation)
    this.#underWay.shift()
    this.acknowledgedCount++
    return true
  }

  /** Compares with what a restarted daemon holds; that is what counts from here on. Throws Error when it cannot be. */
  async check(port: number): Promise<void> {
    const client = await RespClient.connect(port)
    const keys = this.#allKeys()
    const values = (await client.call('MGET', ...keys)) as (string | null)[]
    const lives = await client.pipeline(keys.map((key) => ['TTL', key]))
    client.close()
    const found = new Map<string, Entry>()
    keys.forEach((key, i) => {
      const value = values[i] ?? null
      if (value !== null) found.set(key, { value, expires: (lives[i] as number) > 0 })
    })
    let state = this.#acknowledged
    for (let applied = 0; !isSame(state, found); applied++) {
      const next = this.#underWay[applied]
      if (next === undefined) throw new Error(this.#explain(found))
      state = after(state, next)
    }
    this.#acknowledged = found
    this.#sent = new Map(found)
    this.#underWay = []
  }

  #explain(found: State): string {
    const lost = this.#allKeys().filter((key) => !isDeepStrictEqual(found.get(key), this.#acknowledged.get(key)))
    return `${this.#name}: what was found is no state after what was acknowledged; ${this.#underWay.length} operations were under way, these keys differ: ${lost.join(' ')}`
  }

  #allKeys(): string[] {
    const keys = Array.from({ length: KEYS }, (_, i) => `${this.#name}:${i}`)
    return [...keys, ...Array.from({ length: COUNTERS }, (_, i) => `${this.#name}:counter:${i}`)]
  }

  #operation(): Operation {
    const roll = this.#random.below(100)
    if (roll < 40) return this.#set()
    if (roll < 60) return this.#increment()
    if (roll < 70) return this.#delete()
    if (roll < 80) return this.#setMany()
    if (roll < 88) return this.#expire()
    if (roll < 92) return this.#persist()
    return this.#transaction()
  }

  #set(): Operation {
    const [key, value, expires] = [this.#key(), this.#value(), this.#random.chance(0.3)]
    const bytes = frame(['SET', key, value, ...(expires ? ['EX', LIFE_SECONDS] : [])])
    return { bytes, replies: [OK], changes: new Map([[key, { value, expires }]]) }
  }

  #increment(): Operation {
    const key = this.#counter()
    const value = Number(this.#sent.get(key)?.value ?? 0) + 1
    const expires = this.#sent.get(key)?.expires ?? false
    return {
      bytes: frame(['INCR', key]),
      replies: [value],
      changes: new Map([[key, { value: String(value), expires }]]),
    }
  }

  #delete(): Operation {
    const keys = [...new Set([this.#key(), this.#key(), this.#counter()])]
    const count = keys.filter((key) => this.#sent.has(key)).length
    return { bytes: frame(['DEL', ...keys]), replies: [count], changes: new Map(keys.map((key) => [key, null])) }
  }

  #setMany(): Operation {
    const changes = new Map<string, Entry>()
    for (let i = 0; i < 4; i++) changes.set(this.#key(), { value: this.#value(), expires: false })
    const bytes = frame(['MSET', ...[...changes].flatMap(([key, { value }]) => [key, value])])
    return { bytes, replies: [OK], changes }
  }

  #expire(): Operation {
    const key = this.#random.chance(0.2) ? this.#counter() : this.#key()
    const entry = this.#sent.get(key)
    const bytes = frame(['EXPIRE', key, LIFE_SECONDS])
    if (entry === undefined) return { bytes, replies: [0], changes: new Map() }
    return { bytes, replies: [1], changes: new Map([[key, { ...entry, expires: true }]]) }
  }

  #persist(): Operation {
    const key = this.#key()
    const entry = this.#sent.get(key)
    const bytes = frame(['PERSIST', key])
    if (entry?.expires !== true) return { bytes, replies: [0], changes: new Map() }
    return { bytes, replies: [1], changes: new Map([[key, { ...entry, expires: false }]]) }
  }

  #transaction(): Operation {
    const parts = [this.#increment(), this.#set(), this.#delete()]
    // They are planned against the same state, so only one of them may touch a key.
    const kept = parts.filter(
      (part, i) => !parts.slice(0, i).some((other) => [...part.changes.keys()].some((key) => other.changes.has(key))),
    )
    const bytes = Buffer.concat([frame(['MULTI']), ...kept.map((part) => part.bytes), frame(['EXEC'])])
    const replies = [OK, ...kept.map(() => QUEUED), kept.flatMap((part) => part.replies)]
    return { bytes, replies, changes: new Map(kept.flatMap((part) => [...part.changes])) }
  }

  #key(): string {
    return `${this.#name}:${this.#random.below(KEYS)}`
  }

  #counter(): string {
    return `${this.#name}:counter:${this.#random.below(COUNTERS)}`
  }

  #value(): string {
    return `${this.#name} ${this.#written++} ${'v'.repeat(this.#random.below(VALUE_SIZE_MAX))}`
  }
}

function after(state: State, { changes }: Operation): State {
  const next = new Map(state)
  for (const [key, entry] of changes) {
    if (entry === null) next.delete(key)
    else next.set(key, entry)
  }
  return next
}

function isSame(a: State, b: State): boolean {
  if (a.size !== b.size) return false
  for (const [key, entry] of a) {
    const other = b.get(key)
    if (other?.value !== entry.value || other.expires !== entry.expires) return false
  }
  return true
}
