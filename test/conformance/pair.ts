import { isDeepStrictEqual } from 'node:util'
import { frame, RespClient, type Reply } from '../helpers/resp-client.js'
import type { Step } from './random-steps.js'
import type { Mode } from './vocabulary.js'

/** Longer than any time that a short-lived key has. */
const SHORT_LIVED_MS = 6
/** So long may the servers take to remove keys that have expired, which DBSIZE counts until then. */
const EXPIRY_MS_MAX = 5000
/** Requests that go out in one write. */
const GROUP_MAX = 10
const SECONDS_APART_MAX = 1

/** Where the servers differed. */
export interface Difference {
  readonly index: number
  readonly step: Step
  readonly reference: Reply
  readonly actual: Reply
}

interface Side {
  readonly reference: RespClient
  readonly actual: RespClient
  /** How the replies that EXEC will bring are to be compared; null outside MULTI. */
  queued: Mode[] | null
}

/** Two servers that get the same requests, in the same order, from the same two connections each. */
export class Pair {
  readonly #sides: Side[]

  private constructor(sides: Side[]) {
    this.#sides = sides
  }

  /** Connects to both and empties both. */
  static async connect(referencePort: number, actualPort: number, protocol: 2 | 3): Promise<Pair> {
    const sides: Side[] = []
    for (let i = 0; i < 2; i++) {
      const reference = await RespClient.connect(referencePort, protocol)
      const actual = await RespClient.connect(actualPort, protocol)
      // Flin tells the protocol by a connection's first byte: an inline request in quotes must not be the first.
      await actual.call('PING')
      sides.push({ reference, actual, queued: null })
    }
    await sides[0]!.reference.call('FLUSHALL')
    await sides[0]!.actual.call('FLUSHALL')
    return new Pair(sides)
  }

  close(): void {
    for (const { reference, actual } of this.#sides) {
      reference.close()
      actual.close()
    }
  }

  /** Runs steps until the servers differ; null when they never do. */
  async run(steps: readonly Step[]): Promise<Difference | null> {
    for (let from = 0; from < steps.length;) {
      const to = endOfGroup(steps, from)
      const difference = await this.#runGroup(steps, from, to)
      if (difference !== null) return difference
      from = to
    }
    return null
  }

  async #runGroup(steps: readonly Step[], from: number, to: number): Promise<Difference | null> {
    const step = steps[from]!
    if (step.type === 'wait') {
      await new Promise((resolve) => setTimeout(resolve, SHORT_LIVED_MS))
      return null
    }
    const side = this.#sides[step.on]!
    if (step.type === 'scan') {
      if (side.queued !== null) return null
      const reference = await scan(side.reference, step)
      const actual = await scan(side.actual, step)
      return isDeepStrictEqual(reference, actual) ? null : { index: from, step, reference, actual }
    }
    const group = steps.slice(from, to) as (Step & { type: 'request' })[]
    const bytes = Buffer.concat(group.map((one) => one.bytes))
    side.reference.send(bytes)
    side.actual.send(bytes)
    const replies = await Promise.all([side.reference.readMany(group.length), side.actual.readMany(group.length)])
    for (let i = 0; i < group.length; i++) {
      const difference = await this.#compare(side, group[i]!, replies[0][i]!, replies[1][i]!)
      if (difference) return { index: from + i, step: group[i]!, reference: replies[0][i]!, actual: replies[1][i]! }
    }
    return null
  }

  /** Whether the replies differ; follows the connection in and out of transactions. */
  async #compare(side: Side, step: Step & { type: 'request' }, reference: Reply, actual: Reply): Promise<boolean> {
    const { queued } = side
    if (isSimple(reference, 'QUEUED')) queued?.push(step.mode)
    else if (/: "multi"$/i.test(step.text) && isSimple(reference, 'OK')) side.queued = []
    // Also an EXEC with arguments, which is refused, ends the transaction.
    else if (/: "(?:exec"|(?:discard|reset)"$)/i.test(step.text)) side.queued = null
    if (queued !== null && Array.isArray(reference) && Array.isArray(actual) && side.queued === null) {
      return !(
        reference.length === actual.length &&
        reference.every((one, i) => agree(queued[i] ?? 'exact', one, actual[i]!, true))
      )
    }
    if (agree(step.mode, reference, actual, false)) return false
    return step.mode !== 'dbsize' || queued !== null || !(await this.#dbsizesMeet())
  }

  async #dbsizesMeet(): Promise<boolean> {
    // The connection that asked may have more requests under way: others ask.
    const side = this.#sides[0]!
    const until = Date.now() + EXPIRY_MS_MAX
    while (Date.now() < until) {
      if (side.queued !== null) return true
      const reference = await side.reference.call('DBSIZE')
      const actual = await side.actual.call('DBSIZE')
      if (reference === actual) return true
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return false
  }
}

function endOfGroup(steps: readonly Step[], from: number): number {
  const first = steps[from]!
  if (first.type !== 'request') return from + 1
  let to = from + 1
  while (to < steps.length && to - from < GROUP_MAX) {
    const step = steps[to]!
    if (step.type !== 'request' || step.on !== first.on) break
    // What DBSIZE counts may have to be asked again.
    if (step.mode === 'dbsize' || steps[to - 1]!.text.includes('DBSIZE')) break
    to++
  }
  return to
}

function agree(mode: Mode, reference: Reply, actual: Reply, inExec: boolean): boolean {
  if (mode === 'seconds' || mode === 'ms') {
    const apartMax = mode === 'seconds' ? SECONDS_APART_MAX : SECONDS_APART_MAX * 1000
    if (isPositive(reference) && isPositive(actual)) return Math.abs(reference - actual) <= apartMax
  }
  // Inside EXEC nobody can ask again until the servers have removed what has expired.
  if (mode === 'dbsize' && inExec) return typeof reference === typeof actual
  // How far one call walks is the server's own affair, and so is its cursor.
  if (mode === 'scan' && Array.isArray(reference) && Array.isArray(actual)) {
    return isDeepStrictEqual(reference[1], actual[1])
  }
  if (mode === 'hello') return isDeepStrictEqual(withoutId(reference), withoutId(actual))
  if (mode === 'shape') return isDeepStrictEqual(shapeOf(reference), shapeOf(actual))
  if (mode === 'stream') return isDeepStrictEqual(streamFacts(reference), streamFacts(actual))
  if (mode === 'pending') return isDeepStrictEqual(withoutIdle(reference), withoutIdle(actual))
  if (mode === 'unordered' && Array.isArray(reference) && Array.isArray(actual)) {
    return isDeepStrictEqual([...reference].sort(), [...actual].sort())
  }
  if (mode === 'client') return isDeepStrictEqual(fieldsOf(reference), fieldsOf(actual))
  return isDeepStrictEqual(reference, actual)
}

/** What a reply is, whatever it says; errors say the same. */
function shapeOf(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(shapeOf)
  if (typeof reply !== 'object' || reply === null) return reply === null ? null : typeof reply
  return 'verbatim' in reply ? 'verbatim' : reply
}

/** Names of the fields in the lines of CLIENT LIST, without those of later Redis versions. */
function fieldsOf(reply: Reply): unknown {
  const isVerbatim = typeof reply === 'object' && reply !== null && 'verbatim' in reply
  const text = isVerbatim ? reply.verbatim : reply
  if (typeof text !== 'string') return reply
  const names = text.split('\n').map((line) => [...line.matchAll(/([\w-]+)=/g)].map(([, name]) => name!))
  return { isVerbatim, names: names.map((all) => all.filter((name) => !name.startsWith('lib-'))) }
}

/** Fields that say how a server keeps a stream, and times that are counted. */
const OWN_FIELDS = new Set(['radix-tree-keys', 'radix-tree-nodes', 'idle', 'seen-time'])
/** Numbers from here on are times in ms since 1970. */
const TIME_MIN = 1_500_000_000_000

function isOwnField(name: Reply | undefined): boolean {
  return typeof name === 'string' && OWN_FIELDS.has(name)
}

/** What a reply tells of a stream, without times and what is the server's own affair. */
export function streamFacts(reply: Reply): unknown {
  if (Array.isArray(reply)) {
    return reply.map((one, i) => (isOwnField(reply[i - 1]) ? 'own' : streamFacts(one)))
  }
  if (typeof reply === 'number' && reply > TIME_MIN) return 'time'
  if (typeof reply !== 'object' || reply === null || !('map' in reply)) return reply
  return reply.map.map(([name, value]) => [name, isOwnField(name) ? 'own' : streamFacts(value)])
}

/** What XPENDING tells, in either of its forms. */
function withoutIdle(reply: Reply): Reply {
  if (!Array.isArray(reply)) return reply
  return reply.map((one) => (Array.isArray(one) && one.length === 4 ? one.filter((_, i) => i !== 2) : one))
}

function isPositive(reply: Reply): reply is number {
  return typeof reply === 'number' && reply > 0
}

/** Each server numbers its connections as it likes. */
function withoutId(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.filter((_, i) => reply[i - 1] !== 'id')
  if (typeof reply === 'object' && reply !== null && 'map' in reply) {
    return { map: reply.map.filter(([name]) => name !== 'id') }
  }
  return reply
}

function isSimple(reply: Reply, text: string): boolean {
  return isDeepStrictEqual(reply, { simple: text })
}

/** Walks to the end; the keys as a sorted list, since the order is the server's own and a key may come twice. */
async function scan(client: RespClient, step: Step & { type: 'scan' }): Promise<Reply> {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    client.send(frame(['SCAN', cursor, ...step.options]))
    const reply = await client.read()
    if (!Array.isArray(reply)) return reply
    cursor = reply[0] as string
    for (const key of reply[1] as string[]) keys.add(key)
  } while (cursor !== '0')
  return [...keys].sort()
}
