import type { Argument } from '../helpers/resp-client.js'
import type { Random } from '../helpers/random.js'

/**
 * How replies to a request are compared:
 * - `exact`: byte for byte; the others leave out what cannot be the same on two servers.
 * - `seconds`, `ms`: numbers of that unit may be a second apart; `shape`: any text for a text, any number for a number.
 * - `stream`: without what says how it is kept, and times; `pending`: without idle times.
 * - `unordered`: lists in any order; `dbsize`: what has expired may be counted for a while; `client`: lines of the same fields.
 */
export type Mode =
  'exact' | 'seconds' | 'ms' | 'dbsize' | 'hello' | 'scan' | 'shape' | 'unordered' | 'client' | 'stream' | 'pending'

export type Request = [Mode, ...Argument[]]

/** Keys that commands over lists mostly have; the first two also all others. */
const LIST_KEYS = ['list:0', 'list:1', 'list:2', 'list:3']
export const KEYS = [
  ...Array.from({ length: 14 }, (_, i) => `key:${i}`),
  ...['', 'k\r\n\x01', 'long'.repeat(60)],
  ...LIST_KEYS.slice(0, 2),
  ...['stream:0', 'stream:1'],
]
/** Few, so that they are found again in lists. */
const ITEMS = ['a', 'b', 'c', 'd', '', '1', 'item '.repeat(20)]
/** Keys whose values no RENAME or COPY touches: what these do to OBJECT ENCODING is Flin's own. */
export const ENCODED_KEYS = ['enc:1', 'enc:2', 'enc:3']
const INTEGERS = ['0', '1', '-1', '41', '999999999', '1000000000', '-1000000000', '999999999999999', '9007199254740991']
export const BIG_INTEGERS = [
  '9223372036854775806',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
]
export const NO_INTEGERS = ['', ' 1', '1 ', '+1', '-0', '007', '1.0', '1e3', 'abc', '--1', '-', '99999999999999999999']
const FLOATS = [
  '0.1',
  '-0.1',
  '3.0e3',
  '5.0e-5',
  '1e17',
  '123456789.123456789',
  '.5',
  '5.',
  '-1e-10',
  '1e4000',
  '2.5',
  '+3',
]
export const PATTERNS = [
  '*',
  'key:*',
  'key:?',
  'key:1[0-2]',
  'key:[^1]',
  'nothing*',
  'k*[',
  '*\\**',
  '',
  '[a-z]*',
  'K*',
]

/** Chooses arguments at random. */
export class Vocabulary {
  readonly random: Random
  /** Counted up by whoever needs something that rises. */
  serial = 0

  constructor(random: Random) {
    this.random = random
  }

  key(): string {
    return this.random.pick(KEYS)
  }

  listKey(): string {
    return this.random.chance(0.85) ? this.random.pick(LIST_KEYS) : this.key()
  }

  item(): string {
    return this.random.chance(0.8) ? this.random.pick(ITEMS) : this.value()
  }

  keys(max = 4): Argument[] {
    return this.some(1, max, () => this.key())
  }

  value(): string {
    const { random } = this
    const roll = random.below(11)
    if (roll < 3) return random.pick(INTEGERS)
    if (roll < 4) return random.pick(random.chance(0.5) ? BIG_INTEGERS : NO_INTEGERS)
    if (roll < 6) return String.fromCharCode(...this.some(0, 50, () => random.below(256)))
    if (roll < 7) return `${'x'.repeat(random.below(3000))}y`
    if (roll < 8) return random.pick(FLOATS)
    return `value ${random.below(1000)}`
  }

  /** A number that INCRBY and its kin may be given. */
  integer(): string {
    const { random } = this
    const roll = random.below(10)
    if (roll < 5) return random.pick(INTEGERS)
    if (roll < 7) return String(random.below(2000) - 1000)
    return random.pick(roll < 9 ? BIG_INTEGERS : NO_INTEGERS)
  }

  float(): string {
    const { random } = this
    if (random.chance(0.6)) return random.pick(FLOATS)
    if (random.chance(0.5)) return String((random.next() - 0.5) * 10 ** (random.below(20) - 5))
    return this.integer()
  }

  /** A place in a value, from its beginning or its end; sometimes none. */
  index(): string {
    const { random } = this
    if (random.chance(0.06)) return random.pick([...NO_INTEGERS, ...BIG_INTEGERS])
    return String(random.below(random.pick([4, 60, 3000])) * random.pick([1, 1, -1]))
  }

  pairs(): Argument[] {
    const pairs = this.some(1, 4, () => [this.key(), this.value()]).flat()
    return this.random.chance(0.05) ? pairs.slice(1) : pairs
  }

  /** EX, PX, EXAT or PXAT and a time: far away, long past, or none. */
  time(): Argument[] {
    const { random } = this
    const unit = random.pick(['EX', 'PX', 'EXAT', 'PXAT'])
    if (random.chance(0.15)) {
      const odd = ['0', '-1', '-100000', ...NO_INTEGERS, '-9223372036854775808', '9223372036854775808']
      return [unit, unit === 'PXAT' ? random.pick(odd) : random.pick([...odd, '9223372036854775807'])]
    }
    if (unit === 'EX') return [this.case(unit), this.seconds()]
    if (unit === 'PX') return [this.case(unit), this.seconds() * 1000 + random.below(1000)]
    if (random.chance(0.1)) return [unit, 1 + random.below(1000)] // long past
    return [this.case(unit), this.moment(unit === 'EXAT' ? 1 : 1000)]
  }

  /** Far enough away that nothing expires meanwhile, and of so many values that two are hardly ever equal. */
  seconds(): number {
    return 1000 + this.random.below(1_000_000)
  }

  /** A time to come, since 1970, in 1 / `scale` s. */
  moment(scale: number): number {
    return (Math.floor(Date.now() / 1000) + this.seconds()) * scale
  }

  case(word: string): string {
    return this.random.pick([word, word, word.toLowerCase(), word[0]! + word.slice(1).toLowerCase()])
  }

  some<T>(min: number, max: number, make: () => T): T[] {
    return Array.from({ length: min + this.random.below(max - min + 1) }, make)
  }
}
