import type { Random } from '../../../helpers/random.js'
import type { Request, Transaction } from './naive-state.js'

const LISTS = ['list:0', 'list:1', 'list:2']
const STREAMS = ['stream:0', 'stream:1']
export const KEYS = [...LISTS, ...STREAMS, 'key:0', 'key:1']
const CHANNELS = ['news', 'jobs']
const GROUPS = ['g', 'h']
const CONSUMERS = ['alice', 'bob']
const TRANSACTION_SHARE = 0.15
/** Sizes of what is written: small, half a segment, and one that needs a segment of its own. */
const SIZES = [3, 3, 30, 30, 100, 600, 5000]

/** A mixed load over strings, lists, streams with groups and channels, with transactions over all of them. */
export class RandomTransactions {
  readonly #rng: Random
  #serial = 0
  readonly #ids = new Map<string, string[]>()
  /** What comes first: without groups nothing is delivered, and nothing to be acknowledged. */
  readonly #first: Request[] = STREAMS.map((key) => ['XGROUP', 'CREATE', key, GROUPS[0]!, '0', 'MKSTREAM'])

  constructor(rng: Random) {
    this.#rng = rng
  }

  next(): Transaction {
    const rng = this.#rng
    const first = this.#first.shift()
    if (first !== undefined) return [first]
    if (!rng.chance(TRANSACTION_SHARE)) return [this.#request()]
    return Array.from({ length: 2 + rng.below(5) }, () => this.#request())
  }

  #request(): Request {
    const rng = this.#rng
    const roll = rng.below(100)
    if (roll < 45) return this.#list(rng.chance(0.95) ? rng.pick(LISTS) : rng.pick(KEYS))
    if (roll < 82) return this.#stream(rng.chance(0.95) ? rng.pick(STREAMS) : rng.pick(KEYS))
    if (roll < 90) return ['PUBLISH', rng.pick(CHANNELS), this.#text()]
    return this.#key()
  }

  /** Ids that were meant for a stream: what groups have of it is seldom met otherwise. */
  #idsOf(key: string): string[] {
    const ids = this.#ids.get(key) ?? []
    this.#ids.set(key, ids)
    return ids
  }

  /** Told from all others. */
  #text(): string {
    return `${++this.#serial}`.padEnd(this.#rng.pick(SIZES), '.')
  }

  #key(): Request {
    const rng = this.#rng
    const key = rng.pick(KEYS)
    return rng.pick<() => Request>([
      () => ['SET', rng.chance(0.8) ? 'key:0' : key, this.#text()],
      () => ['INCR', 'key:1'],
      () => ['DEL', key],
      () => ['RENAME', key, rng.pick(KEYS)],
      () => ['COPY', key, rng.pick(KEYS), 'REPLACE'],
      () => ['EXPIRE', key, String(1000 + rng.below(1000))],
      () => ['PERSIST', key],
      () => (rng.chance(0.1) ? ['FLUSHALL'] : ['DEL', 'key:0']),
    ])()
  }

  /** A few of the items are equal, so that they are found by what they hold. */
  #item(): string {
    return this.#rng.chance(0.3) ? this.#rng.pick(['x', 'y']) : this.#text()
  }

  #list(key: string): Request {
    const rng = this.#rng
    const side = (): string => rng.pick(['LEFT', 'RIGHT'])
    const some = (): string => String(1 + rng.below(3))
    return rng.pick<() => Request>([
      () => ['RPUSH', key, this.#item(), this.#item(), this.#item()],
      () => ['LPUSH', key, this.#item(), this.#item()],
      () => ['RPUSH', key, this.#item()],
      () => ['LPOP', key, some()],
      () => ['RPOP', key, some()],
      () => ['LSET', key, String(rng.below(6)), this.#item()],
      () => ['LINSERT', key, rng.pick(['BEFORE', 'AFTER']), rng.pick(['x', 'y']), this.#item()],
      () => ['LREM', key, String(rng.below(5) - 2), rng.pick(['x', 'y'])],
      () => ['LMOVE', key, rng.pick(LISTS), side(), side()],
      () => ['LTRIM', key, String(rng.below(3)), rng.pick(['-1', '-1', '-2'])],
    ])()
  }

  #stream(key: string): Request {
    const rng = this.#rng
    const group = rng.pick(GROUPS)
    const consumer = rng.pick(CONSUMERS)
    const id = (): string => `${1 + rng.below(Math.max(1, this.#serial))}-1`
    const ids = this.#idsOf(key)
    const recent = (): string => (ids.length === 0 ? id() : ids[Math.max(0, ids.length - 1 - rng.below(10))]!)
    const entry = (): string[] => {
      const text = this.#text()
      ids.push(`${this.#serial}-1`)
      return [ids.at(-1)!, 'f', text]
    }
    return rng.pick<() => Request>([
      () => ['XADD', key, ...entry()],
      () => ['XADD', key, ...entry()],
      () => ['XADD', key, 'MAXLEN', String(5 + rng.below(10)), ...entry()],
      () => ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', String(1 + rng.below(4)), 'STREAMS', key, '>'],
      () => ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', '2', 'STREAMS', key, '>'],
      () => ['XACK', key, group, recent(), recent(), recent(), recent(), id()],
      () => ['XACK', key, group, recent(), recent(), recent(), recent()],
      () => ['XCLAIM', key, group, consumer, '0', recent(), recent(), recent()],
      () => ['XDEL', key, recent(), id()],
      () => (rng.chance(0.5) ? ['XTRIM', key, 'MAXLEN', String(rng.below(12))] : ['XDEL', key, recent()]),
      () => ['XGROUP', 'CREATE', key, group, rng.pick(['0', '0', '$']), 'MKSTREAM'],
      () =>
        rng.pick([
          ['XGROUP', 'DESTROY', key, group],
          ['XGROUP', 'DELCONSUMER', key, group, consumer],
          ['XGROUP', 'CREATECONSUMER', key, group, consumer],
          ['XGROUP', 'CREATE', key, group, '0', 'MKSTREAM'],
        ]),
    ])()
  }
}
