import type { Random } from '../helpers/random.js'
import type { Argument } from '../helpers/resp-client.js'
import type { CrowdStep, IdOf } from './crowd.js'

type Line = readonly (Argument | IdOf)[]

const KEYS = ['a', 'b', 'c', 'd']
/** Those who bring something, and never wait; the others take. */
const BRINGERS = 2
const TAKERS = 6

/** Waits for a moment only, and is never found waiting by another step. */
const HASTY = BRINGERS + TAKERS

export const CROWD_SIZE = HASTY + 1

/** Random steps of clients on four lists: two bring what the others wait for. */
export function blockingSteps(random: Random, count: number): CrowdStep[] {
  return Array.from({ length: count }, () => step(random))
}

function step(random: Random): CrowdStep {
  const taker = BRINGERS + random.below(TAKERS)
  const roll = random.below(100)
  if (roll < 2) return { leaves: taker }
  const bringer = random.below(BRINGERS)
  if (roll < 8) return { on: bringer, requests: [unblock(random)] }
  if (roll < 12) return { on: HASTY, requests: [blocking(random, '0.002')], timed: true }
  if (roll < 40) return { on: taker, requests: taking(random) }
  if (roll < 80) return { on: bringer, requests: some(random, 1, 3, () => bringing(random)) }
  const inside = some(random, 1, 5, () => (random.chance(0.7) ? bringing(random) : inMulti(random)))
  return { on: bringer, requests: [['MULTI'], ...inside, ['EXEC']] }
}

/** Sometimes with more behind it, which then waits as well. */
function taking(random: Random): Line[] {
  const lines = [blocking(random, '0')]
  if (random.chance(0.2)) lines.push(random.chance(0.5) ? bringing(random) : blocking(random, '0'))
  return lines
}

function blocking(random: Random, timeout: string): Line {
  const keys = some(random, 1, 3, () => random.pick(KEYS))
  const roll = random.below(10)
  if (roll < 3) return ['BLPOP', ...keys, timeout]
  if (roll < 5) return ['BRPOP', ...keys, timeout]
  if (roll < 7) return ['BLMOVE', random.pick(KEYS), random.pick(KEYS), side(random), side(random), timeout]
  if (roll < 8) return ['BRPOPLPUSH', random.pick(KEYS), random.pick(KEYS), timeout]
  return [
    'BLMPOP',
    timeout,
    keys.length,
    ...keys,
    side(random),
    ...(random.chance(0.5) ? ['COUNT', 1 + random.below(3)] : []),
  ]
}

function inMulti(random: Random): Line {
  return random.chance(0.7) ? blocking(random, '0') : unblock(random)
}

function unblock(random: Random): Line {
  const how = random.pick<Argument[]>([[], ['TIMEOUT'], ['ERROR']])
  return ['CLIENT', 'UNBLOCK', { idOf: BRINGERS + random.below(TAKERS) }, ...how]
}

function bringing(random: Random): Line {
  const key = random.pick(KEYS)
  const roll = random.below(100)
  const items = some(random, 1, 3, () => random.below(1000))
  if (roll < 55) return [random.pick(['RPUSH', 'LPUSH']), key, ...items]
  if (roll < 60) return ['RPUSHX', key, ...items]
  if (roll < 65) return ['LMOVE', key, random.pick(KEYS), side(random), side(random)]
  if (roll < 69) return ['DEL', key]
  if (roll < 74) return ['SET', key, 'a string']
  if (roll < 78) return ['RENAME', key, random.pick(KEYS)]
  if (roll < 82) return ['COPY', key, random.pick(KEYS), 'REPLACE']
  if (roll < 86) return ['LPOP', key, 1 + random.below(3)]
  if (roll < 88) return ['EXPIRE', key, random.pick([1000, -1])]
  if (roll < 89) return ['FLUSHALL']
  if (roll < 94) return ['LRANGE', key, 0, -1]
  return ['LINSERT', key, 'BEFORE', items[0]!, 'x']
}

function side(random: Random): string {
  return random.pick(['LEFT', 'RIGHT'])
}

function some<T>(random: Random, min: number, max: number, make: () => T): T[] {
  return Array.from({ length: min + random.below(max - min + 1) }, make)
}
