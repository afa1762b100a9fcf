import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bothServers } from '../helpers/both-servers.js'
import { Random } from '../helpers/random.js'
import type { Argument } from '../helpers/resp-client.js'
import { blockingSteps, CROWD_SIZE } from './blocking-steps.js'
import { runBoth, type CrowdStep, type IdOf } from './crowd.js'

/*
 * Several clients of which some wait, on Redis 7.0 and on Flin: the same replies to the same clients, and the same clients that
 * wait, after each step.
 *
 *   FLIN_CROWD_STEPS=20000   how many random steps in each run
 *   FLIN_CROWD_SEED=12345    the seed of one run, as a failure prints it
 */
const STEPS = Number(process.env['FLIN_CROWD_STEPS'] ?? 500)
const SEED = process.env['FLIN_CROWD_SEED']

const { needed, ports } = bothServers(['--segment-size', '64kb', '--cache-size', '1mb'])

/** One request, in words. */
function ask(on: number, line: string): CrowdStep {
  return { on, requests: [line.split(' ')] }
}

/** One that waits for a moment only. */
function briefly(on: number, line: string): CrowdStep {
  return { on, requests: [line.split(' ')], timed: true }
}

/** Requests in one write. */
function pipe(on: number, ...lines: string[]): CrowdStep {
  return { on, requests: lines.map((line) => line.split(' ')) }
}

function unblock(on: number, idOf: number, ...how: string[]): CrowdStep {
  return { on, requests: [['CLIENT', 'UNBLOCK', { idOf }, ...how]] }
}

const CASES: Readonly<Record<string, readonly CrowdStep[]>> = {
  'readers of streams: all see what comes, each behind its id': [
    ask(1, 'XREAD BLOCK 0 STREAMS s $'),
    ask(2, 'XREAD COUNT 1 BLOCK 0 STREAMS none s 0 0'),
    ask(3, 'XREAD BLOCK 0 STREAMS s 5-0'),
    pipe(0, 'XADD s 1-1 f v', 'XADD s 2-1 f v'),
    pipe(0, 'MULTI', 'XADD s 4-1 f v', 'XADD s 5-1 f v', 'XADD s 6-1 f v', 'EXEC'),
    ask(1, 'XREAD BLOCK 0 STREAMS s $'),
    pipe(0, 'XDEL s 6-1', 'XADD s 7-1 f v g w'),
    ask(1, 'XREAD BLOCK 0 STREAMS s 6-1'),
  ],
  'readers of streams wait on while the key is something else, and in transactions not at all': [
    ask(1, 'XREAD BLOCK 0 STREAMS s 3-0'),
    pipe(0, 'SET s 1', 'DEL s', 'RPUSH s x', 'DEL s', 'XADD s 1-1 f v', 'DEL s'),
    pipe(0, 'XADD t 9-1 f v', 'RENAME t s'),
    pipe(0, 'MULTI', 'XREAD BLOCK 0 STREAMS s $', 'XREAD BLOCK 0 STREAMS s 0', 'EXEC'),
    pipe(0, 'XREAD BLOCK x STREAMS s $', 'XREAD BLOCK -1 STREAMS s $', 'XREAD BLOCK 0 STREAMS s'),
    briefly(2, 'XREAD BLOCK 1 STREAMS s $'),
    ask(3, 'XREAD BLOCK 0 STREAMS s $'),
    unblock(0, 3),
    ask(3, 'XREAD BLOCK 0 STREAMS s $'),
    unblock(0, 3, 'ERROR'),
  ],
  'consumers of a group: each entry goes to one, in the order of waiting; another group has its own': [
    pipe(0, 'XGROUP CREATE s g $ MKSTREAM', 'XGROUP CREATE s h $'),
    ask(1, 'XREADGROUP GROUP g one BLOCK 0 STREAMS s >'),
    ask(2, 'XREADGROUP GROUP g two COUNT 1 BLOCK 0 STREAMS s >'),
    ask(3, 'XREADGROUP GROUP h one BLOCK 0 NOACK STREAMS s >'),
    ask(4, 'XREAD BLOCK 0 STREAMS s $'),
    ask(0, 'XADD s 1-1 f v'),
    pipe(0, 'MULTI', 'XADD s 2-1 f v', 'XADD s 3-1 f v', 'EXEC'),
    ask(2, 'XREADGROUP GROUP g two BLOCK 0 STREAMS s 0'),
    pipe(0, 'XPENDING s g', 'XPENDING s h', 'XREADGROUP GROUP g three COUNT 9 BLOCK 0 STREAMS s >'),
  ],
  'consumers of a group whose stream, or group, goes are told': [
    ask(0, 'XGROUP CREATE s g $ MKSTREAM'),
    ask(1, 'XREADGROUP GROUP g one BLOCK 0 STREAMS s >'),
    ask(2, 'XREADGROUP GROUP g two BLOCK 0 STREAMS s >'),
    ask(0, 'XGROUP DESTROY s g'),
    ...['DEL s', 'SET s 1', 'RENAME s t', 'FLUSHALL'].flatMap((line) => [
      pipe(0, 'DEL s t', 'XGROUP CREATE s g $ MKSTREAM'),
      ask(1, 'XREADGROUP GROUP g one BLOCK 0 STREAMS s >'),
      ask(0, line),
    ]),
    pipe(0, 'XGROUP CREATE s g $ MKSTREAM', 'XGROUP CREATE u g $ MKSTREAM'),
    ask(1, 'XREADGROUP GROUP g one BLOCK 0 STREAMS s u > >'),
    pipe(0, 'MULTI', 'XADD u 1-1 f v', 'DEL s', 'EXEC'),
    pipe(0, 'XREADGROUP GROUP none one BLOCK 0 STREAMS s >', 'XREADGROUP GROUP g one BLOCK 0 STREAMS u $'),
  ],
  'what is there is taken at once': [
    pipe(0, 'RPUSH a 1 2 3', 'RPUSH b 4 5 6 7 8', 'BLPOP none a b 0', 'BRPOP b a 0', 'BLMOVE a c LEFT RIGHT 0'),
    pipe(0, 'BRPOPLPUSH b c 0', 'BLMPOP 0 3 none a b RIGHT COUNT 2', 'BLMPOP 0 2 b c LEFT COUNT 9', 'LRANGE c 0 -1'),
  ],
  'in the order of waiting': [
    ask(1, 'BLPOP a 0'),
    ask(2, 'BRPOP b a 0'),
    ask(3, 'BLMOVE a dst LEFT LEFT 0'),
    ask(4, 'BLMPOP 0 2 b a LEFT COUNT 2'),
    ask(5, 'BRPOPLPUSH a dst 0'),
    ask(0, 'RPUSH a 1 2 3 4 5 6 7'),
    pipe(0, 'LRANGE a 0 -1', 'LRANGE dst 0 -1'),
  ],
  'one at a time, those left go on waiting, who comes again is last': [
    ask(1, 'BLPOP a 0'),
    ask(2, 'BLPOP a 0'),
    ask(0, 'RPUSH a 1'),
    ask(1, 'BLPOP a 0'),
    ask(0, 'LPUSH a 2'),
    ask(0, 'RPUSHX a 3'),
    ask(0, 'RPUSH a 4'),
  ],
  'the key that was given something first, not the first argument; the first argument when it waits no more': [
    ask(1, 'BLPOP a b c 0'),
    pipe(0, 'MULTI', 'RPUSH c 1', 'RPUSH a 2', 'EXEC'),
    ask(1, 'BLPOP a b c 0'),
    ask(1, 'BLPOP a a a 0'),
    ask(0, 'RPUSH a 3 4'),
  ],
  'behind the whole transaction': [
    ask(1, 'BLPOP a 0'),
    ask(2, 'BLPOP a 0'),
    pipe(0, 'MULTI', 'RPUSH a 1', 'DEL a', 'EXEC'),
    pipe(0, 'MULTI', 'RPUSH a 1', 'LPUSH a 2', 'RPUSH a 3', 'LPOP a', 'EXEC'),
    pipe(0, 'EXISTS a', 'MULTI', 'RPUSH a 1', 'RENAME a b', 'RPUSH a x', 'EXEC', 'LRANGE b 0 -1'),
  ],
  'inside a transaction nobody waits': [
    pipe(
      1,
      'MULTI',
      'BLPOP a 0',
      'BRPOP a b 1',
      'BLMOVE a b LEFT RIGHT 0',
      'BRPOPLPUSH a b 0',
      'BLMPOP 0 1 a LEFT',
      'EXEC',
    ),
    pipe(1, 'RPUSH a 1 2 3 4 5 6', 'MULTI', 'BLPOP a 0', 'BRPOP b a 1', 'BLMOVE a b LEFT RIGHT 0', 'EXEC'),
    pipe(
      1,
      'MULTI',
      'BRPOPLPUSH a b 0',
      'BLMPOP 0 1 a LEFT',
      'BLMPOP 0 1 a LEFT COUNT 0',
      'BLPOP a x',
      'BLPOP a -1',
      'EXEC',
    ),
    pipe(1, 'SET s 1', 'MULTI', 'BLPOP s a 0', 'BLMOVE b s LEFT LEFT 0', 'BLPOP b 0', 'EXEC'),
  ],
  'a transaction serves itself nothing, but others': [
    ask(1, 'BLPOP a 0'),
    ask(2, 'BLPOP b 0'),
    pipe(0, 'MULTI', 'RPUSH a 1 2', 'BLMOVE a b LEFT LEFT 0', 'EXEC'),
  ],
  'chains: what one is served may serve the next': [
    ask(1, 'BLPOP d 0'),
    ask(2, 'BLMOVE c d LEFT LEFT 0'),
    ask(3, 'BRPOPLPUSH b c 0'),
    ask(4, 'BLMOVE a b RIGHT LEFT 0'),
    ask(0, 'RPUSH a 1 2'),
    pipe(0, 'LRANGE a 0 -1', 'EXISTS b c d'),
  ],
  'a circle': [
    ask(1, 'BLMOVE a b LEFT RIGHT 0'),
    ask(2, 'BLMOVE b a LEFT RIGHT 0'),
    ask(3, 'BLMOVE a b LEFT RIGHT 0'),
    ask(4, 'BLMOVE b b LEFT RIGHT 0'),
    ask(5, 'BLMOVE a a LEFT RIGHT 0'),
    ask(0, 'RPUSH a 1 2'),
    pipe(0, 'LRANGE a 0 -1', 'LRANGE b 0 -1'),
  ],
  'breadth first: all who wait for a key before those for whom that brings something': [
    ask(1, 'BLMOVE a b LEFT RIGHT 0'),
    ask(2, 'BLPOP b 0'),
    ask(3, 'BLMOVE a b LEFT LEFT 0'),
    ask(4, 'BLPOP b 0'),
    ask(0, 'RPUSH a 1 2'),
  ],
  'a key that becomes something else: list clients go on waiting': [
    ask(1, 'BLPOP a 0'),
    ask(2, 'BLMOVE a b LEFT LEFT 0'),
    pipe(0, 'SET a 1', 'APPEND a 2', 'DEL a', 'SET a 3', 'GET a'),
    pipe(0, 'MULTI', 'DEL a', 'RPUSH a x', 'DEL a', 'SET a s', 'EXEC'),
    pipe(0, 'DEL a', 'RPUSH a 1 2'),
  ],
  'where it should go is something else: an error, and it stays where it was': [
    ask(0, 'SET b s'),
    ask(1, 'BLMOVE a b LEFT LEFT 0'),
    ask(2, 'BRPOPLPUSH a b 0'),
    ask(3, 'BLPOP a 0'),
    ask(0, 'RPUSH a 1'),
    pipe(0, 'LRANGE a 0 -1', 'BLMOVE b a LEFT LEFT 0', 'BLPOP a b 0', 'BLPOP b 0'),
  ],
  'CLIENT UNBLOCK': [
    unblock(0, 1),
    ask(1, 'BLPOP a b 0'),
    ask(2, 'BLMOVE a b LEFT LEFT 5'),
    ask(3, 'BLMPOP 9 1 a LEFT'),
    unblock(0, 1),
    unblock(0, 1),
    unblock(0, 2, 'timeout'),
    unblock(0, 3, 'ERROR'),
    unblock(0, 0, 'ERROR'),
    pipe(0, 'CLIENT UNBLOCK 999999', 'CLIENT UNBLOCK x', 'CLIENT UNBLOCK 1 x', 'RPUSH a 1'),
  ],
  'a client that leaves takes nothing': [
    ask(1, 'BLPOP a 0'),
    ask(2, 'BLPOP a 0'),
    { leaves: 1 },
    ask(0, 'RPUSH a 1'),
    ask(0, 'RPUSH a 2'),
  ],
  'what else brings a list': [
    ask(1, 'BLPOP a 0'),
    pipe(0, 'RPUSH src 1 2 3', 'RENAME src a'),
    ask(2, 'BLPOP a 0'),
    ask(3, 'BLPOP c 0'),
    pipe(0, 'RPUSH src 1 2 3', 'COPY src a', 'COPY src c', 'LRANGE a 0 -1', 'LRANGE c 0 -1'),
    ask(4, 'BLPOP e 0'),
    pipe(0, 'LMOVE src e LEFT LEFT', 'RPOPLPUSH src f', 'EXISTS e'),
    ask(5, 'BLPOP g 0'),
    pipe(0, 'RENAMENX src g', 'EXISTS g'),
  ],
  'what has expired is not there': [
    ask(1, 'BLPOP a 0'),
    pipe(0, 'MULTI', 'RPUSH a 1', 'PEXPIRE a -1', 'EXEC', 'EXISTS a'),
    pipe(0, 'MULTI', 'RPUSH a 1', 'EXPIRE a 100', 'EXEC', 'EXISTS a'),
  ],
  'requests behind one that waits': [
    pipe(1, 'BLPOP a 0', 'RPUSH b 1 2', 'BLPOP c 0', 'LRANGE b 0 -1'),
    ask(2, 'BLPOP b 0'),
    ask(1, 'LLEN b'),
    ask(0, 'RPUSH a 1'),
    ask(0, 'RPUSH c 2'),
  ],
  'time is up': [
    briefly(1, 'BLPOP a 0.01'),
    briefly(1, 'BRPOP a b c 0.01'),
    briefly(1, 'BLMOVE a b LEFT LEFT 0.01'),
    briefly(1, 'BRPOPLPUSH a b 0.01'),
    briefly(1, 'BLMPOP 0.01 1 a LEFT'),
  ],
  'FLUSHALL and clients that wait': [ask(1, 'BLPOP a 0'), pipe(0, 'FLUSHALL', 'RPUSH a 1')],
}

/** Requests that are refused. */
const REFUSED = [
  ...[
    'x',
    '',
    ' 1',
    '1 ',
    '1e',
    'nan',
    '-1',
    '-0.01',
    'inf',
    '-inf',
    '1e300',
    '9300000000000000',
    '1e5000',
    '0.0.1',
  ].flatMap((timeout): Argument[][] => [
    ['BLPOP', 'a', timeout],
    ['BRPOP', 'a', 'b', timeout],
    ['BLMOVE', 'a', 'b', 'LEFT', 'LEFT', timeout],
    ['BRPOPLPUSH', 'a', 'b', timeout],
    ['BLMPOP', timeout, '1', 'a', 'LEFT'],
  ]),
  ...[
    'BLPOP a|BLPOP|BRPOP a|BLMOVE a b LEFT LEFT|BLMOVE a b c LEFT 0|BLMOVE a b LEFT c 0|BLMOVE a b c d x',
    'BRPOPLPUSH a b|BRPOPLPUSH a b c 0|BLMPOP 0 0 a LEFT|BLMPOP 0 x a LEFT|BLMPOP 0 -1 a LEFT|BLMPOP 0 2 a LEFT',
    'BLMPOP 0 1 a b|BLMPOP 0 1 a LEFT COUNT|BLMPOP 0 1 a LEFT COUNT 0|BLMPOP 0 1 a LEFT COUNT x|BLMPOP 0 1 a LEFT 1',
    'BLMPOP 0 1 a LEFT COUNT 1 COUNT 2|BLMPOP x 0 a LEFT|BLMPOP x 1 a b|BLMPOP x 1 a LEFT COUNT 0|BLMPOP 0 1 a',
    'BLMPOP 0 99999999999 a LEFT|BLPOP s 0|BLPOP a s 0|BLMOVE s a LEFT LEFT 0|BLMPOP 0 2 a s LEFT|BRPOPLPUSH s s 0',
    'BLPOP s x|BLMOVE s a LEFT LEFT -1|BLMPOP -1 1 s LEFT',
  ].flatMap((lines) => lines.split('|').map((line): Argument[] => line.split(' '))),
]

for (const protocol of [2, 3] as const) {
  describe(`clients that wait, RESP${protocol}`, needed, () => {
    for (const [name, steps] of Object.entries(CASES)) {
      test(name, async () => {
        const { reference, actual } = await runBoth(ports, protocol, 6, steps)
        steps.forEach((step, i) => {
          assert.deepEqual(actual[i], reference[i], `step ${i}: ${show(step)}`)
        })
      })
    }

    test('what is refused', async () => {
      const steps: CrowdStep[] = [ask(0, 'SET s 1'), ...REFUSED.map((request) => ({ on: 0, requests: [request] }))]
      const { reference, actual } = await runBoth(ports, protocol, 1, steps)
      steps.forEach((step, i) => {
        assert.deepEqual(actual[i], reference[i], show(step))
        assert.deepEqual(reference[i]!.waiting, [], `the test means requests that do not wait: ${show(step)}`)
      })
    })

    test('at random', async () => {
      const seed = SEED === undefined ? 10 + protocol : Number(SEED)
      const steps = blockingSteps(new Random(seed), STEPS)
      const keys = ['a', 'b', 'c', 'd'].map((key) => ['LRANGE', key, 0, -1])
      const { reference, actual, referenceEnd, actualEnd } = await runBoth(ports, protocol, CROWD_SIZE, steps, keys)
      steps.forEach((_, i) => {
        const trail = steps.slice(Math.max(0, i - 15), i + 1).map(show)
        assert.deepEqual(actual[i], reference[i], `seed ${seed}, step ${i}:\n${trail.join('\n')}`)
      })
      assert.deepEqual(actualEnd, referenceEnd)
    })
  })
}

function show(step: CrowdStep): string {
  if ('leaves' in step) return `${step.leaves} leaves`
  const text = (it: Argument | IdOf): string =>
    typeof it === 'object' && 'idOf' in it ? `id of ${it.idOf}` : String(it)
  return `${step.on}: ${step.requests.map((request) => request.map(text).join(' ')).join(' | ')}`
}
