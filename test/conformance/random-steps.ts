import { frame, type Argument } from '../helpers/resp-client.js'
import type { Random } from '../helpers/random.js'

/** How replies to a request are compared: byte for byte, or with what cannot be the same on two servers left out. */
export type Mode = 'exact' | 'ttl' | 'dbsize' | 'hello' | 'scan'

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

const KEYS = [...Array.from({ length: 14 }, (_, i) => `key:${i}`), '', 'k\r\n\x01', 'long'.repeat(60)]
const INTEGERS = ['0', '1', '-1', '41', '999999999', '1000000000', '-1000000000', '999999999999999', '9007199254740991']
const BIG_INTEGERS = ['9223372036854775806', '9223372036854775807', '-9223372036854775808', '9223372036854775808']
const NO_INTEGERS = ['', ' 1', '1 ', '+1', '-0', '007', '1.0', '1e3', '0x10', 'abc', '--1', '-', '99999999999999999999']
const UNKNOWN = ['FOO', 'gett', 'SETX', '', 'a\r\nb', 'GET GET', 'LONG'.repeat(50), 'Get.']
const HELLO_OPTIONS = [
  ['AUTH', 'default', 'any'],
  ['auth', 'nobody', 'x'],
  ['AUTH', 'default'],
  ['SETNAME', 'first', 'NONSENSE'],
  ['SETNAME', 'both', 'AUTH', 'nobody', 'x'],
]
const CURSORS = [
  '',
  '-1',
  '+0',
  ' 0',
  '0 ',
  'x',
  '1.5',
  '18446744073709551616',
  '18446744073709551615',
  '0x10',
  '-',
  '+',
]
const PATTERNS = ['*', 'key:*', 'key:?', 'key:1[0-2]', 'key:[^1]', 'nothing*', 'k*[', '*\\**', '']

/**
 * A sequence of requests over all of Redis's commands that Flin has, valid and invalid ones. The times in them are far
 * away or long past, so that nothing depends on how fast the servers are; short-lived keys are followed by a wait.
 */
export class RandomSteps {
  readonly #random: Random
  readonly #inMulti: boolean[] = new Array<boolean>(CONNECTIONS).fill(false)
  #on = 0

  constructor(random: Random) {
    this.#random = random
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
    const [mode, ...args] = this.#request()
    const name = String(args[0]).toUpperCase()
    if (name === 'MULTI' && args.length === 1) this.#inMulti[on] = true
    if ((name === 'EXEC' || name === 'DISCARD') && args.length === 1) this.#inMulti[on] = false
    return [{ type: 'request', on, bytes: this.#encode(args), mode, text: show(on, args) }]
  }

  #scan(on: number): Step {
    const random = this.#random
    const options: Argument[] = []
    if (random.chance(0.7)) options.push('COUNT', random.pick([1, 2, 10, 1000]))
    if (random.chance(0.5)) options.push('match', random.pick(PATTERNS))
    if (random.chance(0.2)) options.push('TYPE', random.pick(['string', 'STRING', 'list', 'nonsense']))
    return { type: 'scan', on, options, text: show(on, ['SCAN', '(to its end)', ...options]) }
  }

  #shortLived(on: number): Step[] {
    const args = ['SET', this.#key(), this.#value(), 'PX', 1 + this.#random.below(2)]
    const set: Step = { type: 'request', on, bytes: frame(args), mode: 'exact', text: show(on, args) }
    return [set, { type: 'wait', text: '(a moment)' }]
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

  #request(): [Mode, ...Argument[]] {
    const random = this.#random
    const roll = random.below(100)
    if (roll < 22) return ['exact', this.#case('SET'), this.#key(), this.#value(), ...this.#setOptions()]
    if (roll < 34) return ['exact', this.#case('GET'), this.#key()]
    if (roll < 38) return ['exact', this.#case('DEL'), ...this.#keys()]
    if (roll < 42) return ['exact', 'EXISTS', ...this.#keys()]
    if (roll < 46) return ['exact', 'MSET', ...this.#pairs()]
    if (roll < 50) return ['exact', 'MGET', ...this.#keys()]
    if (roll < 57) return ['exact', 'INCR', this.#key()]
    if (roll < 65) return ['exact', this.#case('EXPIRE'), this.#key(), ...this.#expireArguments()]
    if (roll < 70) return ['ttl', 'TTL', this.#key()]
    if (roll < 73) return ['exact', 'PERSIST', this.#key()]
    if (roll < 75) return ['dbsize', 'DBSIZE']
    if (roll < 76) return random.chance(0.3) ? ['exact', 'FLUSHALL', ...this.#flushArguments()] : ['dbsize', 'DBSIZE']
    if (roll < 80) return ['exact', 'MULTI']
    if (roll < 87) return ['exact', this.#case('EXEC')]
    if (roll < 88) return ['exact', 'DISCARD']
    if (roll < 91) return ['exact', 'WATCH', ...this.#keys()]
    if (roll < 92) return ['exact', 'UNWATCH']
    if (roll < 94) return ['exact', 'PING', ...(random.chance(0.5) ? [this.#value()] : [])]
    if (roll < 95) return ['exact', 'ECHO', this.#value()]
    if (roll < 96) return random.chance(0.5) ? this.#hello() : this.#client()
    if (roll < 97) return random.chance(0.5) ? this.#getKeys() : this.#wrongScan()
    if (roll < 98) return this.#wrongArity()
    return ['exact', random.pick(UNKNOWN), ...this.#some(0, 4, () => this.#key())]
  }

  #hello(): [Mode, ...Argument[]] {
    const random = this.#random
    // Inside a transaction the reply would lie in that of EXEC, half of it in the other protocol.
    if (this.#inMulti[this.#on] === true) return ['exact', 'ECHO', 'no HELLO']
    const version = random.pick(['2', '3', '3', '4', '1', 'x', '-3'])
    const options = random.pick([
      [],
      [],
      [],
      ['SETNAME', 'me'],
      ['SETNAME', 'a b'],
      ['SETNAME'],
      ['NONSENSE'],
      ...HELLO_OPTIONS,
    ])
    return ['hello', 'HELLO', version, ...options]
  }

  #client(): [Mode, ...Argument[]] {
    const random = this.#random
    const name = random.pick(['me', '', 'a b', 'a\nb', '\xe9', '~!', 'long'.repeat(30)])
    const wrong = [['SETNAME'], ['SETNAME', 'a', 'b'], ['GETNAME', 'x'], ['ID', 'x'], ['NONSENSE'], [''], ['getname ']]
    const asked = random.pick([['GETNAME'], ['GETNAME'], ['SETNAME', name], ['setname', name], random.pick(wrong), []])
    return ['exact', this.#case('CLIENT'), ...asked]
  }

  #getKeys(): [Mode, ...Argument[]] {
    const random = this.#random
    const names = [
      'GET',
      'set',
      'MSET',
      'DEL',
      'EXISTS',
      'INCR',
      'EXPIRE',
      'PING',
      'DBSIZE',
      'WATCH',
      'NONSENSE',
      'SCAN',
    ]
    return ['exact', 'COMMAND', 'GETKEYS', random.pick(names), ...this.#some(0, 4, () => this.#key())]
  }

  /** Whatever these get, there is no key in it. */
  #wrongScan(): [Mode, ...Argument[]] {
    const random = this.#random
    const options = random.pick([[], [], ['COUNT'], ['COUNT', 'x'], ['COUNT', '-5'], ['FOO', 'x'], ['MATCH']])
    return ['scan', 'SCAN', random.pick(CURSORS), 'MATCH', 'no such key', ...options]
  }

  #wrongArity(): [Mode, ...Argument[]] {
    const random = this.#random
    const names = ['SET', 'GET', 'DEL', 'EXISTS', 'MSET', 'MGET', 'INCR', 'EXPIRE', 'TTL', 'PERSIST', 'DBSIZE', 'MULTI']
    const name = random.pick([...names, 'EXEC', 'DISCARD', 'WATCH', 'UNWATCH', 'PING', 'ECHO', 'SCAN', 'mset'])
    if (name === 'SCAN')
      return ['exact', name, ...random.pick([[], ['x'], ['0', 'COUNT'], ['0', 'COUNT', '0'], ['1.5']])]
    // These would be right.
    const right: Readonly<Record<string, number>> = { DBSIZE: 0, MULTI: 0, EXEC: 0, DISCARD: 0, UNWATCH: 0, TTL: 1 }
    const args = this.#some(0, 4, () => this.#key())
    if (args.length === right[name]) args.push('one', 'two')
    return ['exact', name, ...args]
  }

  #setOptions(): Argument[] {
    const random = this.#random
    if (random.chance(0.5)) return []
    const options: Argument[] = []
    for (const option of this.#some(1, 3, () => random.below(8))) {
      if (option === 0) options.push(this.#case('NX'))
      else if (option === 1) options.push(this.#case('XX'))
      else if (option === 2) options.push(this.#case('GET'))
      else if (option === 3) options.push(this.#case('KEEPTTL'))
      else if (option === 4 && random.chance(0.2)) options.push(random.pick(['FOO', '', 'EX', 'PXAT', '10']))
      else options.push(...this.#time())
    }
    return options
  }

  #time(): Argument[] {
    const random = this.#random
    const unit = random.pick(['EX', 'PX', 'EXAT', 'PXAT'])
    if (random.chance(0.15)) {
      const odd = ['0', '-1', '-100000', ...NO_INTEGERS, '-9223372036854775808', '9223372036854775808']
      return [unit, unit === 'PXAT' ? random.pick(odd) : random.pick([...odd, '9223372036854775807'])]
    }
    const nowSeconds = Math.floor(Date.now() / 1000)
    const seconds = 1000 + random.below(100_000)
    if (unit === 'EX') return [this.#case(unit), seconds]
    if (unit === 'PX') return [this.#case(unit), seconds * 1000]
    if (random.chance(0.1)) return [unit, 1 + random.below(1000)] // long past
    return [this.#case(unit), (nowSeconds + seconds) * (unit === 'EXAT' ? 1 : 1000)]
  }

  #expireArguments(): Argument[] {
    const random = this.#random
    const odd = ['0', '-1', '-5000', ...NO_INTEGERS, '9223372036854775807', '-9223372036854775807', '9223372036854775']
    const seconds = random.chance(0.15) ? random.pick(odd) : 1000 * (1 + random.below(100))
    const conditions = ['NX', 'XX', 'GT', 'LT', 'nx', 'gt', 'FOO', '']
    return [seconds, ...this.#some(0, random.pick([0, 1, 1, 2, 3]), () => random.pick(conditions))]
  }

  #flushArguments(): Argument[] {
    return this.#random.pick([[], [], ['ASYNC'], ['sync'], ['FOO'], ['ASYNC', 'SYNC']])
  }

  #pairs(): Argument[] {
    const pairs = this.#some(1, 4, () => [this.#key(), this.#value()]).flat()
    return this.#random.chance(0.05) ? pairs.slice(1) : pairs
  }

  #keys(): Argument[] {
    return this.#some(1, 4, () => this.#key())
  }

  #key(): string {
    return this.#random.pick(KEYS)
  }

  #value(): string {
    const random = this.#random
    const roll = random.below(10)
    if (roll < 3) return random.pick(INTEGERS)
    if (roll < 4) return random.pick(random.chance(0.5) ? BIG_INTEGERS : NO_INTEGERS)
    if (roll < 6) return String.fromCharCode(...this.#some(0, 50, () => random.below(256)))
    if (roll < 7) return `${'x'.repeat(random.below(3000))}y`
    return `value ${random.below(1000)}`
  }

  #case(word: string): string {
    return this.#random.pick([word, word, word.toLowerCase(), word[0]! + word.slice(1).toLowerCase()])
  }

  #some<T>(min: number, max: number, make: () => T): T[] {
    return Array.from({ length: min + this.#random.below(max - min + 1) }, make)
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
