import { frame, type Argument } from '../helpers/resp-client.js'
import type { Random } from '../helpers/random.js'
import { connectionRequest } from './connection-requests.js'
import { keyRequest } from './key-requests.js'
import { listRequest } from './list-requests.js'
import { encodingRequests, stringRequest } from './string-requests.js'
import { streamRequest } from './stream-requests.js'
import { PATTERNS, Vocabulary, type Mode, type Request } from './vocabulary.js'

/** One request on one of two connections; or SCAN until its end; or a wait until short-lived keys have expired. */
export type Step =
  | {
      readonly type: 'request'
      readonly on: number
      readonly bytes: Buffer
      readonly mode: Mode
      readonly text: string
    }
  | { readonly type: 'scan'; readonly on: number; readonly options: readonly Argument[]; readonly text: string }
  | { readonly type: 'wait'; readonly text: string }

const CONNECTIONS = 2
const SWITCH_SHARE = 0.2

/**
 * A sequence of requests over all of Redis's commands that Flin has, valid and invalid ones. The times in them are far
 * away or long past, so that nothing depends on how fast the servers are; short-lived keys are followed by a wait.
 */
export class RandomSteps {
  readonly #random: Random
  readonly #words: Vocabulary
  readonly #protocol: 2 | 3
  readonly #inMulti: boolean[] = new Array<boolean>(CONNECTIONS).fill(false)
  #on = 0

  /** @param protocol the one that the connections have begun with: RESET is followed by its HELLO. */
  constructor(random: Random, protocol: 2 | 3) {
    this.#random = random
    this.#words = new Vocabulary(random)
    this.#protocol = protocol
  }

  make(count: number): Step[] {
    const steps: Step[] = []
    while (steps.length < count) steps.push(...this.#next())
    return steps
  }

  #next(): Step[] {
    const random = this.#random
    if (random.chance(SWITCH_SHARE)) this.#on = random.below(CONNECTIONS)
    const on = this.#on
    if (random.chance(0.01) && this.#inMulti[on] === false) return [this.#scan(on)]
    if (random.chance(0.01) && this.#inMulti[on] === false) return this.#shortLived(on)
    return this.#requests(on).map((request) => this.#step(on, request))
  }

  #step(on: number, [mode, ...args]: Request): Step {
    const name = String(args[0]).toUpperCase()
    if (name === 'MULTI' && args.length === 1) this.#inMulti[on] = true
    if (['EXEC', 'DISCARD', 'RESET'].includes(name) && args.length === 1) this.#inMulti[on] = false
    return { type: 'request', on, bytes: this.#encode(args), mode, text: show(on, args) }
  }

  #requests(on: number): Request[] {
    const random = this.#random
    const words = this.#words
    const roll = random.below(1000)
    if (roll < 250) return [stringRequest(words)]
    if (roll < 375) return [listRequest(words)]
    if (roll < 500) return [streamRequest(words)]
    if (roll < 700) return [keyRequest(words)]
    if (roll < 740) return encodingRequests(words, this.#inMulti[on] === true)
    if (roll < 850) return [connectionRequest(words, this.#inMulti[on] === true)]
    if (roll < 890) return [['exact', words.case('MULTI')]]
    if (roll < 955) return [['exact', words.case('EXEC')]]
    if (roll < 962) return [['exact', words.case('DISCARD')]]
    if (roll < 988) return [['exact', words.case('WATCH'), ...words.keys()]]
    if (roll < 995) return [['exact', 'UNWATCH']]
    return [
      ['exact', 'RESET'],
      ['hello', 'HELLO', this.#protocol],
    ]
  }

  #scan(on: number): Step {
    const random = this.#random
    const options: Argument[] = []
    if (random.chance(0.7)) options.push('COUNT', random.pick([1, 2, 10, 1000]))
    if (random.chance(0.5)) options.push('match', random.pick(PATTERNS))
    if (random.chance(0.2))
      options.push('TYPE', random.pick(['string', 'STRING', 'stream', 'Stream', 'list', 'nonsense']))
    return { type: 'scan', on, options, text: show(on, ['SCAN', '(to its end)', ...options]) }
  }

  #shortLived(on: number): Step[] {
    const words = this.#words
    const ms = 1 + this.#random.below(2)
    const list = words.listKey()
    const requests: Argument[][] = this.#random.chance(0.6)
      ? [['SET', words.key(), words.value(), 'PX', ms]]
      : [
          ['RPUSH', list, words.item(), words.item()],
          ['PEXPIRE', list, ms],
        ]
    const steps = requests.map((args): Step => ({
      type: 'request',
      on,
      bytes: frame(args),
      mode: 'exact',
      text: show(on, args),
    }))
    return [...steps, { type: 'wait', text: '(a moment)' }]
  }

  /** Most requests are arrays; those without unusual bytes may go inline. */
  #encode(args: readonly Argument[]): Buffer {
    const random = this.#random
    const isPlain = args.every((arg) => !/[\0\r\n]/.test(String(arg)))
    if (!isPlain || String(args[0]) === '' || random.chance(0.9)) return frame(args)
    const words = args.map((arg) => inlineWord(String(arg), random))
    const end = random.chance(0.5) ? '\r\n' : '\n'
    return Buffer.from(words.join(random.pick([' ', '  ', '\t'])) + end, 'latin1')
  }
}

/** A word of an inline request, quoted in one of the ways that there are. */
function inlineWord(text: string, random: Random): string {
  const isBare = /^[\w:.*-]+$/.test(text)
  const way = random.below(isBare ? 4 : 3)
  if (way === 0) return `"${text.replace(/[\\"]/g, '\\$&')}"`
  if (way === 1 && !text.includes('\\')) return `'${text.replace(/'/g, "\\'")}'`
  if (way < 3) return `"${Array.from(text, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}"`
  return text
}

function show(on: number, args: readonly Argument[]): string {
  const words = args.map((arg) =>
    JSON.stringify(String(arg).length > 60 ? `${String(arg).slice(0, 57)}...` : String(arg)),
  )
  return `${on === 0 ? 'A' : 'B'}: ${words.join(' ')}`
}
