import type { Argument } from '../helpers/resp-client.js'
import { NO_INTEGERS, type Request, type Vocabulary } from './vocabulary.js'

/** The first two are named by all requests, so that other types meet them; the others by those about streams only. */
export const STREAM_KEYS = ['stream:0', 'stream:1', 'stream:2', 'stream:3', 'stream:4']
const ODD_IDS = [
  ...['', '-', '+', '$', '>', '*', '1-', '-1', '1--1', '1-1-1', '(', '((1', '(1-1', ' 1', '+2', '007-1', '1-x', 'x'],
  ...['18446744073709551615', '18446744073709551615-18446744073709551615', '18446744073709551616', '0', '0-0', '0-1'],
  ...['9223372036854775808-9223372036854775807', '9007199254740993-9007199254740993', '1-*', '*-1', '1-+5', '3- 5'],
]
const NAMES = ['name', 'n', '', 'temperature', '\xe9\0', '17']
const GROUPS = ['g', 'h', 'gr\xc3\xbcn']
const CONSUMERS = ['a', 'b', 'c', '']
/** Higher than all that is ever asked for, and lower. */
const ALL = '99999999999'

/** A request of one of the commands over streams. Ids of entries rise as the sequence goes on. */
export function streamRequest(words: Vocabulary): Request {
  if (words.random.chance(0.45)) return groupRequest(words)
  const roll = words.random.below(100)
  if (roll < 38) return ['exact', ...add(words)]
  if (roll < 43) return ['exact', words.case('XLEN'), streamKey(words)]
  if (roll < 57) return ['exact', ...range(words)]
  if (roll < 68) return ['exact', ...read(words)]
  if (roll < 77) return ['exact', words.case('XDEL'), streamKey(words), ...words.some(1, 3, () => id(words))]
  if (roll < 82) return ['exact', words.case('XTRIM'), streamKey(words), ...trim(words), ...oddWords(words)]
  if (roll < 86) return ['exact', ...setId(words)]
  return aboutKey(words)
}

export function streamKey(words: Vocabulary): string {
  return words.random.chance(0.93) ? words.random.pick(STREAM_KEYS) : words.key()
}

/** The number that ids begin with now. */
function clock(words: Vocabulary): number {
  return Math.floor(++words.serial / 6)
}

/** An id that may be one of an entry, or near to one; seldom none at all. */
export function id(words: Vocabulary): string {
  const { random } = words
  if (random.chance(0.05)) return random.pick(ODD_IDS)
  const ms = Math.max(0, clock(words) - random.below(random.pick([4, 20, 60])))
  return random.chance(0.15) ? String(ms) : `${ms}-${random.below(4)}`
}

function newId(words: Vocabulary): string {
  const { random } = words
  if (random.chance(0.1)) return id(words)
  if (random.chance(0.3)) return `${clock(words)}-*`
  return `${clock(words)}-${random.below(4)}`
}

function add(words: Vocabulary): Argument[] {
  const { random } = words
  const options = [...(random.chance(0.1) ? ['NOMKSTREAM'] : []), ...(random.chance(0.2) ? trim(words) : [])]
  const fields = words.some(1, 3, () => [random.pick(NAMES), words.value()]).flat()
  if (random.chance(0.03)) fields.pop()
  return [words.case('XADD'), streamKey(words), ...options, newId(words), ...fields]
}

/** With ~ only what takes all or nothing: nodes are Redis's own. */
function trim(words: Vocabulary): Argument[] {
  const { random } = words
  return random.pick<() => Argument[]>([
    () => [words.case('MAXLEN'), ...random.pick([[], ['=']]), random.pick([0, 1, 2, 5, 10, 30])],
    () => [words.case('MINID'), ...random.pick([[], ['=']]), id(words)],
    () => ['MAXLEN', '~', random.pick(['0', ALL]), ...limit(words)],
    () => ['MINID', '~', random.pick(['0', `${ALL}-1`]), ...limit(words)],
    () => ['MAXLEN', random.pick(['', '-1', '~', '=', ...NO_INTEGERS]), ...limit(words)],
    () => [...limit(words), 'maxlen', '~', ALL],
    () => ['MAXLEN', '5', 'MINID', '3'],
    () => ['MINID', '5', 'LIMIT', random.pick(['0', '10', '-1', 'x'])],
    () => ['LIMIT', random.pick(['0', '10', '-1', 'x'])],
  ])()
}

function limit({ random }: Vocabulary): string[] {
  if (random.chance(0.5)) return []
  return ['LIMIT', random.pick(['0', ALL, ALL, '-1', 'x', '', '9223372036854775808'])]
}

function oddWords({ random }: Vocabulary): string[] {
  return random.chance(0.05) ? [random.pick(['FOO', '', 'MAXLEN', 'LIMIT', '5'])] : []
}

/** The lower end of an interval, or the upper one. */
export function bound(words: Vocabulary, all: '-' | '+'): string {
  const { random } = words
  if (random.chance(0.35)) return all
  return `${random.chance(0.2) ? '(' : ''}${id(words)}`
}

function range(words: Vocabulary): Argument[] {
  const { random } = words
  const ends = [bound(words, '-'), bound(words, '+')]
  const isReverse = random.chance(0.4)
  if (isReverse !== random.chance(0.1)) ends.reverse()
  const name = words.case(isReverse ? 'XREVRANGE' : 'XRANGE')
  return [name, streamKey(words), ...ends, ...count(words), ...(random.chance(0.03) ? ['FOO'] : [])]
}

export function count(words: Vocabulary): Argument[] {
  const { random } = words
  if (random.chance(0.5)) return []
  const odd = ['0', '-1', 'x', '', '9223372036854775807', '9223372036854775808']
  return [words.case('COUNT'), random.chance(0.1) ? random.pick(odd) : random.pick([1, 2, 3, 10, 100])]
}

/** Nobody waits. */
function read(words: Vocabulary): Argument[] {
  const { random } = words
  const keys = words.some(1, 3, () => streamKey(words))
  const ids = keys.map(() => (random.chance(0.1) ? '$' : id(words)))
  if (random.chance(0.03)) ids.pop()
  const options = [...count(words), ...(random.chance(0.02) ? [random.pick(['NOACK', 'FOO', 'GROUP', 'COUNT'])] : [])]
  if (random.chance(0.03)) options.push('BLOCK', random.pick(['-1', 'x', '1.5', '']))
  return [words.case('XREAD'), ...options, ...(random.chance(0.98) ? [words.case('STREAMS')] : []), ...keys, ...ids]
}

function setId(words: Vocabulary): Argument[] {
  const { random } = words
  const options = [
    ...(random.chance(0.3) ? ['ENTRIESADDED', random.pick(['0', '5', '1000', '-1', 'x'])] : []),
    ...(random.chance(0.2) ? ['MAXDELETEDID', id(words)] : []),
    ...(random.chance(0.03) ? ['FOO'] : []),
  ]
  return [words.case('XSETID'), streamKey(words), random.chance(0.9) ? id(words) : random.pick(ODD_IDS), ...options]
}

/** What is asked of keys whatever they hold, of those that only streams have. */
function aboutKey(words: Vocabulary): Request {
  const { random } = words
  const key = streamKey(words)
  return random.pick<() => Request>([
    () => ['exact', 'TYPE', key],
    () => ['exact', 'OBJECT', 'ENCODING', random.pick(STREAM_KEYS.slice(2))],
    () => ['exact', 'EXISTS', key],
    () => ['exact', random.chance(0.2) ? 'DEL' : 'XLEN', key],
    () => ['exact', 'RENAME', key, streamKey(words)],
    () => ['exact', 'COPY', key, streamKey(words), ...random.pick([[], ['REPLACE']])],
    () => [
      'exact',
      random.pick(['EXPIRE', 'PERSIST', 'GET', 'APPEND', 'STRLEN', 'INCR']),
      key,
      ...words.some(0, 1, () => 5000),
    ],
    () => ['stream', 'XINFO', 'STREAM', key],
    () => [
      'stream',
      words.case('XINFO'),
      'STREAM',
      key,
      ...random.pick([['FULL'], ['full', 'COUNT', '0'], ['FULL', 'COUNT', 'x'], ['FOO']]),
    ],
  ])()
}

/** A request of one of the commands over consumer groups. Idle times are none or very long, so that nothing depends on the time. */
function groupRequest(words: Vocabulary): Request {
  const { random } = words
  const roll = random.below(100)
  const key = streamKey(words)
  if (roll < 18) return ['exact', words.case('XGROUP'), ...group(words, key)]
  if (roll < 50) return ['exact', ...readGroup(words)]
  if (roll < 62) return ['exact', words.case('XACK'), key, random.pick(GROUPS), ...words.some(1, 4, () => id(words))]
  if (roll < 72) return ['pending', words.case('XPENDING'), key, random.pick(GROUPS), ...pending(words)]
  if (roll < 82) return ['exact', words.case('XCLAIM'), key, random.pick(GROUPS), ...claim(words)]
  if (roll < 90) return ['exact', words.case('XAUTOCLAIM'), key, random.pick(GROUPS), ...autoClaim(words)]
  return random.pick<() => Request>([
    () => ['stream', 'XINFO', 'GROUPS', key],
    () => ['stream', 'XINFO', 'CONSUMERS', key, random.pick(GROUPS)],
    () => ['stream', 'XINFO', 'STREAM', key, 'FULL', ...count(words)],
    () => ['exact', 'XINFO', ...random.pick([['HELP'], ['FOO', key], ['GROUPS'], ['STREAM'], ['CONSUMERS', key]])],
  ])()
}

function group(words: Vocabulary, key: string): Argument[] {
  const { random } = words
  const name = random.pick(GROUPS)
  const read = random.chance(0.3) ? ['ENTRIESREAD', random.pick(['0', '3', '10', '-1', '-2', 'x'])] : []
  const from = random.chance(0.4) ? '0' : random.chance(0.4) ? '$' : id(words)
  return random.pick<() => Argument[]>([
    () => [words.case('CREATE'), key, name, from, ...random.pick([['MKSTREAM'], ['mkstream'], []]), ...read],
    () => ['CREATE', key, name, from, ...read, 'MKSTREAM'],
    () => [
      'CREATE',
      key,
      name,
      from,
      ...random.pick([['FOO'], ['ENTRIESREAD'], ['MKSTREAM', 'MKSTREAM', 'MKSTREAM', 'MKSTREAM']]),
    ],
    () => [words.case('SETID'), key, name, from, ...read],
    () => [
      'SETID',
      key,
      name,
      random.pick(['+', '-', ...ODD_IDS]),
      ...random.pick([[], ['MKSTREAM'], ['ENTRIESREAD']]),
    ],
    () => (random.chance(0.3) ? ['DESTROY', key, name] : ['CREATECONSUMER', key, name, random.pick(CONSUMERS)]),
    () => ['CREATECONSUMER', key, name, random.pick(CONSUMERS)],
    () => ['DELCONSUMER', key, name, random.pick(CONSUMERS)],
    () => random.pick([['HELP'], ['CREATE', key], ['FOO', key, name], ['DESTROY', key, name, 'x'], ['']]),
  ])()
}

/** A key that is named twice is read twice. */
function readGroup(words: Vocabulary): Argument[] {
  const { random } = words
  const keys = words.some(1, random.chance(0.2) ? 3 : 1, () => streamKey(words))
  const ids = keys.map(() => (random.chance(0.75) ? '>' : random.chance(0.5) ? '0' : id(words)))
  if (random.chance(0.02)) ids[0] = '$'
  if (random.chance(0.02)) ids.pop()
  const options = [...count(words), ...(random.chance(0.15) ? [random.pick(['NOACK', 'noack', 'NOACK', 'FOO'])] : [])]
  const whose = ['GROUP', random.pick(GROUPS), random.pick(CONSUMERS)]
  return [
    words.case('XREADGROUP'),
    ...(random.chance(0.98) ? whose : []),
    ...options,
    words.case('STREAMS'),
    ...keys,
    ...ids,
  ]
}

function pending(words: Vocabulary): Argument[] {
  const { random } = words
  if (random.chance(0.3)) return []
  const idle = random.chance(0.2) ? ['IDLE', random.pick(['0', '500000', 'x', '-5'])] : []
  const max = random.pick(['1', '2', '10', '100', '0', '-1', 'x'])
  const consumer = random.chance(0.3) ? [random.pick([...CONSUMERS, 'nobody'])] : []
  const all = [...idle, bound(words, '-'), bound(words, '+'), max, ...consumer]
  return random.chance(0.05) ? all.slice(0, -1) : all
}

const IDLE = ['0', '0', '500000', '-1', 'x']

function claim(words: Vocabulary): Argument[] {
  const { random } = words
  const options = [
    ...(random.chance(0.25) ? [words.case('FORCE')] : []),
    ...(random.chance(0.25) ? ['JUSTID'] : []),
    ...(random.chance(0.25) ? ['IDLE', random.pick(['0', '1000000', '-1', 'x', '9223372036854775807'])] : []),
    ...(random.chance(0.1) ? ['TIME', random.pick(['0', '1000', '-1', 'x', '9223372036854775807'])] : []),
    ...(random.chance(0.2) ? ['RETRYCOUNT', random.pick(['0', '5', '-1', 'x'])] : []),
    ...(random.chance(0.15) ? ['LASTID', id(words)] : []),
    ...(random.chance(0.03) ? ['FOO'] : []),
  ]
  return [random.pick(CONSUMERS), random.pick(IDLE), ...words.some(1, 5, () => id(words)), ...options]
}

function autoClaim(words: Vocabulary): Argument[] {
  const { random } = words
  const options = [...count(words), ...(random.chance(0.3) ? ['JUSTID'] : []), ...(random.chance(0.03) ? ['FOO'] : [])]
  return [random.pick(CONSUMERS), random.pick(IDLE), random.chance(0.5) ? '0' : bound(words, '-'), ...options]
}
