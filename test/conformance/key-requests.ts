import type { Argument } from '../helpers/resp-client.js'
import { ENCODED_KEYS, NO_INTEGERS, PATTERNS, type Mode, type Request, type Vocabulary } from './vocabulary.js'

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

/** A request of one of the commands over keys, whatever their values are. */
export function keyRequest(words: Vocabulary): Request {
  const { random } = words
  const key = words.key()
  const roll = random.below(100)
  if (roll < 10) return ['exact', random.pick(['DEL', 'UNLINK', 'del']), ...words.keys()]
  if (roll < 17) return ['exact', random.pick(['EXISTS', 'TOUCH', 'Exists']), ...words.keys()]
  if (roll < 21) return ['exact', words.case('TYPE'), key]
  if (roll < 27) return ['exact', words.case('RENAME'), key, words.key()]
  if (roll < 31) return ['exact', 'RENAMENX', key, words.key()]
  if (roll < 37) return ['exact', words.case('COPY'), key, words.key(), ...copyOptions(words)]
  if (roll < 55) return ['exact', ...expire(words, key)]
  if (roll < 69) return lifetime(words, key)
  if (roll < 75) return ['exact', words.case('PERSIST'), key]
  if (roll < 79) return ['dbsize', 'DBSIZE']
  if (roll < 83) return ['unordered', words.case('KEYS'), random.pick(PATTERNS)]
  if (roll < 86) return ['shape', 'RANDOMKEY']
  if (roll < 89) return wrongScan(words)
  if (roll < 90) return ['exact', random.pick(['FLUSHALL', 'FLUSHDB']), ...flushArguments(words)]
  if (roll < 95) return object(words, key)
  return ['exact', 'WAIT', random.pick(['0', '-1', 'x', '']), random.pick(['0', '1', '-1', 'x', '1.5', ...NO_INTEGERS])]
}

function copyOptions(words: Vocabulary): Argument[] {
  return words.random.pick<Argument[]>([
    ...[[], [], ['REPLACE'], ['replace'], ['DB', '0'], ['DB', '0', 'REPLACE'], ['REPLACE', 'db', '0']],
    ...[['DB', 'x'], ['DB', '99'], ['DB', '-1'], ['DB'], ['FOO'], ['REPLACE', 'REPLACE'], ['']],
  ])
}

function expire(words: Vocabulary, key: string): Argument[] {
  const { random } = words
  const [name, right, odd] = random.pick<[string, () => number, string[]]>([
    ['EXPIRE', () => words.seconds(), ['9223372036854775807', '-9223372036854775807', '9223372036854775']],
    ['PEXPIRE', () => words.seconds() * 1000, ['9223372036854775807', '-9223372036854775808']],
    ['EXPIREAT', () => words.moment(1), ['9223372036854775807', '-9223372036854775808', '-9223372036854775']],
    ['PEXPIREAT', () => words.moment(1000), ['-9223372036854775808', '1']],
  ])
  const past = ['0', '-1', '-5000', ...NO_INTEGERS, ...odd]
  const time = random.chance(0.15) ? random.pick(past) : right()
  const conditions = ['NX', 'XX', 'GT', 'LT', 'nx', 'gt', 'FOO', '']
  const count = random.pick([0, 0, 1, 1, 2, 3])
  return [words.case(name), key, time, ...words.some(count, count, () => random.pick(conditions))]
}

function lifetime(words: Vocabulary, key: string): Request {
  const [name, mode] = words.random.pick<[string, Mode]>([
    ['TTL', 'seconds'],
    ['PTTL', 'ms'],
    ['EXPIRETIME', 'seconds'],
    ['PEXPIRETIME', 'ms'],
  ])
  return [mode, words.case(name), key]
}

/** Whatever these get, there is no key in it. */
function wrongScan(words: Vocabulary): Request {
  const options = words.random.pick([
    ...[[], [], ['COUNT'], ['COUNT', 'x'], ['COUNT', '-5'], ['COUNT', '0'], ['FOO', 'x'], ['MATCH']],
    ...[['TYPE'], ['TYPE', 'nothing', 'COUNT', '3'], ['COUNT', '9223372036854775808']],
  ])
  return ['scan', 'SCAN', words.random.pick(CURSORS), 'MATCH', 'no such key', ...options]
}

function flushArguments(words: Vocabulary): Argument[] {
  return words.random.pick([[], [], ['ASYNC'], ['sync'], ['FOO'], ['ASYNC', 'SYNC']])
}

/** MEMORY USAGE of Redis also sees what has expired and is not yet removed: it is asked about keys that do not expire. */
function object(words: Vocabulary, key: string): Request {
  const lasting = words.random.pick(ENCODED_KEYS)
  return words.random.pick<Request>([
    ['shape', 'OBJECT', 'IDLETIME', key],
    ['exact', 'object', 'freq', key],
    ['shape', 'MEMORY', 'USAGE', lasting],
    ['shape', 'memory', 'usage', lasting, 'SAMPLES', words.random.pick(['0', '5', '-1', 'x', ''])],
    ['exact', 'OBJECT', 'ENCODING', 'no such key'],
    ['exact', 'OBJECT', 'NONSENSE', key],
    ['exact', 'OBJECT', 'ENCODING'],
    ['exact', 'MEMORY', 'USAGE', 'no such key'],
    ['exact', 'MEMORY', 'USAGE', lasting, 'SAMPLES'],
    ['exact', 'MEMORY', 'USAGE', lasting, 'FOO', '1'],
    ['exact', 'MEMORY', 'NONSENSE'],
    ['exact', 'OBJECT'],
    ['exact', 'OBJECT', 'HELP'],
  ])
}
