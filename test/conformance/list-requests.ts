import type { Argument } from '../helpers/resp-client.js'
import { BIG_INTEGERS, NO_INTEGERS, type Request, type Vocabulary } from './vocabulary.js'

/** A request of one of the commands over lists that do not wait. */
export function listRequest(words: Vocabulary): Request {
  const { random } = words
  const key = words.listKey()
  const roll = random.below(100)
  if (roll < 24) return ['exact', words.case(random.pick(['RPUSH', 'LPUSH'])), key, ...items(words)]
  if (roll < 27) return ['exact', words.case(random.pick(['RPUSHX', 'LPUSHX'])), key, ...items(words)]
  if (roll < 34) return ['exact', words.case(random.pick(['LPOP', 'RPOP'])), key, ...popCount(words)]
  if (roll < 38) return ['exact', words.case('LLEN'), key]
  if (roll < 46) return ['exact', words.case('LRANGE'), key, place(words), place(words)]
  if (roll < 51) return ['exact', words.case('LINDEX'), key, place(words)]
  if (roll < 57) return ['exact', words.case('LSET'), key, place(words), words.item()]
  if (roll < 68)
    return ['exact', words.case('LINSERT'), key, side(words, 'BEFORE', 'AFTER'), words.item(), words.item()]
  if (roll < 73) return ['exact', words.case('LREM'), key, removedCount(words), words.item()]
  if (roll < 76) return ['exact', words.case('LTRIM'), key, ...trimRange(words)]
  if (roll < 83) return ['exact', words.case('LPOS'), key, words.item(), ...posOptions(words)]
  if (roll < 89) return ['exact', words.case('LMOVE'), key, words.listKey(), end(words), end(words)]
  if (roll < 92) return ['exact', words.case('RPOPLPUSH'), key, words.listKey()]
  if (roll < 97) return ['exact', words.case('LMPOP'), ...manyKeys(words), end(words), ...mpopOptions(words)]
  return random.pick<Request>([
    ['exact', 'TYPE', key],
    ['exact', 'EXISTS', key],
    ['exact', 'OBJECT', 'ENCODING', 'list:2'],
    ['exact', 'GET', 'list:2'],
    ['exact', 'DEL', key],
    ['exact', 'COPY', key, words.listKey(), ...random.pick<Argument[]>([[], ['REPLACE']])],
    ['exact', 'RENAME', key, words.listKey()],
    ['exact', 'EXPIRE', key, words.seconds()],
    ['seconds', 'TTL', key],
    ['exact', 'COMMAND', 'GETKEYS', 'LMPOP', ...manyKeys(words), end(words)],
  ])
}

function items(words: Vocabulary): Argument[] {
  return words.some(1, words.random.chance(0.1) ? 40 : 5, () => words.item())
}

/** An index of a short list, from its beginning or its end; sometimes none. */
function place(words: Vocabulary): string {
  const { random } = words
  if (random.chance(0.05)) return random.pick([...NO_INTEGERS, ...BIG_INTEGERS])
  return String(random.below(random.pick([2, 8, 60])) * random.pick([1, 1, -1]))
}

function popCount(words: Vocabulary): Argument[] {
  const { random } = words
  if (random.chance(0.6)) return []
  if (random.chance(0.1)) return [random.pick([...NO_INTEGERS, ...BIG_INTEGERS, '-1', '1 2'])]
  return random.chance(0.03) ? ['1', '2'] : [random.below(random.pick([3, 3, 30]))]
}

function removedCount(words: Vocabulary): string {
  return words.random.chance(0.1) ? place(words) : words.random.pick(['0', '1', '-1', '2', '-2'])
}

/** Mostly most of the list stays. */
function trimRange(words: Vocabulary): Argument[] {
  const { random } = words
  if (random.chance(0.3)) return [place(words), place(words)]
  return [random.below(3), random.pick([-1, -2, -3, 20])]
}

function posOptions(words: Vocabulary): Argument[] {
  const { random } = words
  if (random.chance(0.3)) return []
  return words
    .some(1, 3, () => {
      if (random.chance(0.05)) return [random.pick(['FOO', '', 'RANK', 'COUNT', 'MAXLEN'])]
      const option = random.pick(['RANK', 'COUNT', 'MAXLEN', 'rank', 'Count'])
      return [option, random.chance(0.85) ? random.pick([0, 1, 2, 3, -1, -2, 10]) : place(words)]
    })
    .flat()
}

function side(words: Vocabulary, one: string, other: string): string {
  return words.random.chance(0.04) ? words.random.pick(['FOO', '', 'LEF']) : words.case(words.random.pick([one, other]))
}

function end(words: Vocabulary): string {
  return side(words, 'LEFT', 'RIGHT')
}

function manyKeys(words: Vocabulary): Argument[] {
  const { random } = words
  const keys = words.some(1, 3, () => words.listKey())
  const count = random.chance(0.9) ? keys.length : random.pick([0, -1, 2, 3, 9, ...NO_INTEGERS, ...BIG_INTEGERS])
  return [count, ...keys]
}

function mpopOptions(words: Vocabulary): Argument[] {
  const { random } = words
  if (random.chance(0.5)) return []
  return random.pick<Argument[]>([
    ...[1, 2, 3, 40].map((count): Argument[] => [words.case('COUNT'), count]),
    ...[['COUNT'], ['COUNT', 0], ['COUNT', 'x'], ['COUNT', 1, 'COUNT', 1], ['FOO'], ['COUNT', -1], ['COUNT', 0, 'FOO']],
  ])
}
