import { NaiveStream } from './naive-stream.js'

type NaiveValue = string | string[] | NaiveStream

interface NaiveKey {
  value: NaiveValue
  /** Seconds that EXPIRE was given, by a clock that stands still; 0: none. */
  ttl: number
}

/** A request: its words. A transaction is one request of several. */
export type Request = readonly string[]
export type Transaction = readonly Request[]

/** What keys and channels hold, in maps and arrays: what all of Flin must come to, after whatever. */
export class NaiveState {
  readonly #keys = new Map<string, NaiveKey>()
  readonly messages: (readonly [channel: string, payload: string])[] = []

  /** The state that some transactions lead to. */
  static after(transactions: readonly Transaction[]): NaiveState {
    const state = new NaiveState()
    for (const it of transactions) state.run(it)
    return state
  }

  run(transaction: Transaction): void {
    for (const request of transaction) this.#run(request)
  }

  get keys(): string[] {
    return [...this.#keys.keys()].sort()
  }

  /** What is told of a key, in a form that can be compared. */
  facts(key: string): unknown {
    const found = this.#keys.get(key)
    if (found === undefined) return null
    const { value, ttl } = found
    if (typeof value === 'string') return { type: 'string', ttl, value }
    return value instanceof NaiveStream
      ? { type: 'stream', ttl, value: value.facts() }
      : { type: 'list', ttl, value: [...value] }
  }

  #run([name, key, ...rest]: Request): void {
    if (key === undefined)
      this.#keys.clear() // FLUSHALL is the only one without
    else if (name === 'PUBLISH') this.messages.push([key, rest[0]!])
    else if (name!.startsWith('X')) this.#stream(name!, key, rest)
    else if (/^(.PUSH|.POP|L.*)$/.test(name!)) this.#list(name!, key, rest)
    else this.#key(name!, key, rest)
  }

  #key(name: string, key: string, [other]: readonly string[]): void {
    const found = this.#keys.get(key)
    if (name === 'SET') this.#keys.set(key, { value: other!, ttl: 0 })
    else if (name === 'DEL') this.#keys.delete(key)
    else if (found === undefined) {
      if (name === 'INCR') this.#keys.set(key, { value: '1', ttl: 0 })
    } else if (name === 'INCR') {
      if (typeof found.value === 'string' && /^\d{1,9}$/.test(found.value))
        found.value = String(Number(found.value) + 1)
    } else if (name === 'EXPIRE') found.ttl = Number(other)
    else if (name === 'PERSIST') found.ttl = 0
    else if (name === 'RENAME') {
      this.#keys.delete(key)
      this.#keys.set(other!, found)
    } else if (name === 'COPY' && other !== key) this.#keys.set(other!, copyOf(found))
  }

  /** The list of a key, which has to be one; null: it holds something else. */
  #items(key: string): string[] | null {
    const value = this.#keys.get(key)?.value ?? []
    return Array.isArray(value) ? value : null
  }

  #store(key: string, items: readonly string[]): void {
    const found = this.#keys.get(key)
    if (items.length === 0) this.#keys.delete(key)
    else if (found === undefined) this.#keys.set(key, { value: [...items], ttl: 0 })
    else found.value = [...items]
  }

  #list(name: string, key: string, args: readonly string[]): void {
    const items = this.#items(key)
    if (items === null) return
    const changed = [...items]
    const [first = '', second = '', third = ''] = args
    if (name === 'RPUSH') changed.push(...args)
    else if (name === 'LPUSH') changed.unshift(...[...args].reverse())
    else if (name === 'LPOP') changed.splice(0, Number(first))
    else if (name === 'RPOP') changed.splice(Math.max(0, changed.length - Number(first)))
    else if (name === 'LSET') {
      if (Number(first) < changed.length) changed[Number(first)] = second
    } else if (name === 'LTRIM') this.#store(key, changed.slice(Number(first), changed.length + 1 + Number(second)))
    else if (name === 'LREM') this.#store(key, removed(changed, Number(first), second))
    else if (name === 'LINSERT') {
      const at = changed.indexOf(second)
      if (at >= 0) changed.splice(first === 'BEFORE' ? at : at + 1, 0, third)
    } else if (name === 'LMOVE') this.#move(key, first, second, third)
    if (name !== 'LTRIM' && name !== 'LREM' && name !== 'LMOVE') this.#store(key, changed)
  }

  #move(key: string, to: string, from: string, side: string): void {
    const items = this.#items(key)!
    if (items.length === 0 || this.#items(to) === null) return
    const item = from === 'LEFT' ? items[0]! : items.at(-1)!
    const left = from === 'LEFT' ? items.slice(1) : items.slice(0, -1)
    const target = key === to ? left : this.#items(to)!
    const moved = side === 'LEFT' ? [item, ...target] : [...target, item]
    if (key !== to) this.#store(key, left)
    this.#store(to, moved)
  }

  #stream(name: string, key: string, args: readonly string[]): void {
    if (name === 'XREADGROUP') {
      // XREADGROUP GROUP group consumer COUNT n STREAMS key >
      const [group, consumer, , count, , streamKey] = args
      this.#streamOf(streamKey!)?.read(group!, consumer!, Number(count))
    } else if (name === 'XGROUP') this.#group(key, args)
    else {
      const isNew = name === 'XADD' && !this.#keys.has(key)
      if (isNew) this.#keys.set(key, { value: new NaiveStream(), ttl: 0 })
      const stream = this.#streamOf(key)
      if (stream === null) return
      if (name === 'XADD') {
        stream.add(msOf(args.at(-3)!), args.at(-1)!)
        if (args[0] === 'MAXLEN') stream.trim(Number(args[1]))
      } else if (name === 'XTRIM') stream.trim(Number(args[1]))
      else if (name === 'XDEL') stream.remove(args.map(msOf))
      else if (name === 'XACK') stream.acknowledge(args[0]!, args.slice(1).map(msOf))
      else if (name === 'XCLAIM') stream.claim(args[0]!, args[1]!, args.slice(3).map(msOf))
    }
  }

  #group(what: string, [key = '', group = '', more = '']: readonly string[]): void {
    if (what === 'CREATE' && !this.#keys.has(key)) this.#keys.set(key, { value: new NaiveStream(), ttl: 0 })
    const stream = this.#streamOf(key)
    if (what === 'CREATE') stream?.createGroup(group, more)
    else if (what === 'DESTROY') stream?.groups.delete(group)
    else if (what === 'CREATECONSUMER') stream?.groups.get(group)?.consumers.add(more)
    else stream?.removeConsumer(group, more)
  }

  #streamOf(key: string): NaiveStream | null {
    const value = this.#keys.get(key)?.value
    return value instanceof NaiveStream ? value : null
  }
}

function copyOf({ value, ttl }: NaiveKey): NaiveKey {
  if (typeof value === 'string') return { value, ttl }
  return { value: value instanceof NaiveStream ? value.copy() : [...value], ttl }
}

/** Without the first `count` that are equal; from the end where it is negative; 0: without all. */
function removed(items: readonly string[], count: number, item: string): string[] {
  const from = count < 0 ? [...items].reverse() : items
  let left = count === 0 ? Infinity : Math.abs(count)
  const kept = from.filter((it) => it !== item || left-- <= 0)
  return count < 0 ? kept.reverse() : kept
}

function msOf(id: string): number {
  return Number(id.split('-')[0])
}
