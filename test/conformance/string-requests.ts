import type { Argument } from '../helpers/resp-client.js'
import { ENCODED_KEYS, NO_INTEGERS, type Request, type Vocabulary } from './vocabulary.js'

/** Redis refuses what would be longer than this, in bytes. */
const VALUE_SIZE_MAX = 512 * 1024 * 1024

/** A request of one of the commands over strings. */
export function stringRequest(words: Vocabulary): Request {
  const { random } = words
  const key = words.key()
  const roll = random.below(100)
  if (roll < 22) return ['exact', words.case('SET'), key, words.value(), ...setOptions(words)]
  if (roll < 34) return ['exact', words.case('GET'), key]
  if (roll < 38) return ['exact', 'MSET', ...words.pairs()]
  if (roll < 40) return ['exact', 'MSETNX', ...words.pairs()]
  if (roll < 44) return ['exact', 'MGET', ...words.keys()]
  if (roll < 46) return ['exact', words.case('SETNX'), key, words.value()]
  if (roll < 48) return ['exact', ...timedSet(words, key), words.value()]
  if (roll < 50) return ['exact', 'GETSET', key, words.value()]
  if (roll < 53) return ['exact', 'GETDEL', key]
  if (roll < 57) return ['exact', words.case('GETEX'), key, ...getexOptions(words)]
  if (roll < 62) return ['exact', random.pick(['INCR', 'DECR', 'incr']), key]
  if (roll < 67) return ['exact', random.pick(['INCRBY', 'DECRBY', 'Decrby']), key, words.integer()]
  if (roll < 73) return ['exact', 'INCRBYFLOAT', key, words.float()]
  if (roll < 77) return ['exact', 'APPEND', key, words.value()]
  if (roll < 80) return ['exact', 'STRLEN', key]
  if (roll < 84) return ['exact', random.pick(['GETRANGE', 'SUBSTR']), key, words.index(), words.index()]
  if (roll < 88) return ['exact', 'SETRANGE', key, rangeOffset(words), random.chance(0.2) ? '' : words.value()]
  if (roll < 91) return ['exact', 'SETBIT', key, bitOffset(words), random.pick(['0', '1', '1', '2', '-1', 'x', '01'])]
  if (roll < 94) return ['exact', 'GETBIT', key, bitOffset(words)]
  return ['exact', 'BITCOUNT', key, ...bitRange(words)]
}

function setOptions(words: Vocabulary): Argument[] {
  const { random } = words
  if (random.chance(0.5)) return []
  const options: Argument[] = []
  for (const option of words.some(1, 3, () => random.below(8))) {
    if (option === 0) options.push(words.case('NX'))
    else if (option === 1) options.push(words.case('XX'))
    else if (option === 2) options.push(words.case('GET'))
    else if (option === 3) options.push(words.case('KEEPTTL'))
    else if (option === 4 && random.chance(0.2)) {
      options.push(random.pick(['FOO', '', 'EX', 'PXAT', '10', 'PERSIST']))
    } else options.push(...words.time())
  }
  return options
}

/** SETEX or PSETEX, key and time. */
function timedSet(words: Vocabulary, key: string): Argument[] {
  const { random } = words
  const isMs = random.chance(0.5)
  const odd = ['0', '-1', ...NO_INTEGERS, '9223372036854775807', '-9223372036854775808', '9223372036854775']
  const right = isMs ? words.seconds() * 1000 : words.seconds()
  // So many ms Redis can add to now.
  const time = random.chance(0.15) ? random.pick(isMs ? odd.slice(0, -1) : odd) : right
  return [words.case(isMs ? 'PSETEX' : 'SETEX'), key, time]
}

function getexOptions(words: Vocabulary): Argument[] {
  const { random } = words
  const roll = random.below(10)
  if (roll < 3) return []
  if (roll < 5) return [words.case('PERSIST')]
  if (roll < 9) return words.time()
  return random.pick<Argument[]>([
    ['PERSIST', 'PERSIST'],
    ['EX'],
    ['EX', 100, 'PX', 100],
    ['FOO'],
    [''],
    ['KEEPTTL'],
    ['EX', 100, 'PERSIST'],
    ['PERSIST', 'EX', 100],
    ['NX'],
  ])
}

function rangeOffset(words: Vocabulary): string {
  const { random } = words
  if (random.chance(0.1)) return random.pick([String(VALUE_SIZE_MAX), String(VALUE_SIZE_MAX + 1), '-1'])
  return random.chance(0.3) ? words.index() : String(random.below(random.pick([10, 4000])))
}

function bitOffset(words: Vocabulary): string {
  const { random } = words
  if (random.chance(0.1)) return random.pick([String(VALUE_SIZE_MAX * 8), '-1', ...NO_INTEGERS])
  return String(random.below(random.pick([10, 100, 30_000])))
}

function bitRange(words: Vocabulary): Argument[] {
  const { random } = words
  const roll = random.below(10)
  if (roll < 2) return []
  if (roll < 3) return [words.index()]
  const unit = roll < 6 ? [] : [random.pick(['BIT', 'byte', 'BYTE', 'bit', 'FOO', ''])]
  return [words.index(), words.index(), ...unit, ...(random.chance(0.03) ? ['more'] : [])]
}

/** A change of a value and how Redis keeps it then. What waits for EXEC refers to values, too, and Redis counts that. */
export function encodingRequests(words: Vocabulary, isInMulti: boolean): Request[] {
  const { random } = words
  const key = random.pick(ENCODED_KEYS)
  const value = random.chance(0.4) ? 'x'.repeat(random.pick([0, 43, 44, 45])) : words.value()
  // A value that APPEND itself has made is for Flin one that it has changed.
  const before: Request[] = [['exact', 'SETNX', key, value]]
  const change = random.pick<Argument[]>([
    ['SET', key, value],
    ['SET', key, String(random.below(20_000))],
    ['SET', key, value, 'KEEPTTL'],
    ['MSET', key, value],
    ['GETSET', key, value],
    ['SETEX', key, 1000, value],
    ['APPEND', key, random.pick(['', '1', value])],
    ['SETRANGE', key, random.pick([0, 5]), random.pick(['', '1'])],
    ['SETBIT', key, 7, random.pick([0, 1])],
    ['INCR', key],
    ['INCRBYFLOAT', key, random.pick(['1', '0.5'])],
    ['DEL', key],
    ['EXPIRE', key, words.seconds()],
    ['PERSIST', key],
  ])
  const asked = random.pick(['ENCODING', 'encoding', 'ENCODING', 'REFCOUNT'])
  return [
    ...(change[0] === 'APPEND' ? before : []),
    ['exact', ...change],
    [isInMulti && asked === 'REFCOUNT' ? 'shape' : 'exact', 'OBJECT', asked, key],
  ]
}
