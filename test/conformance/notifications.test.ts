import { test } from 'node:test'
import { bothServers } from '../helpers/both-servers.js'
import { Random } from '../helpers/random.js'
import { Twin } from './twin.js'

/*
 * Keyspace notifications of flin-server and of Redis 7.0: a client changes keys by chance, alone and in MULTI, and another one is told
 * of every event, in order.
 *
 *   FLIN_FUZZ_NOTIFICATIONS=100000   how many requests a run (1,500)
 *   FLIN_FUZZ_SEED=12345             the seed
 *
 * Left out: LTRIM that removes nothing, which Redis tells and Flin's log does not know of; and new keys (`n`).
 */
const STEPS = Number(process.env['FLIN_FUZZ_NOTIFICATIONS'] ?? 1500)
const SEED = Number(process.env['FLIN_FUZZ_SEED'] ?? 1)

const { needed, ports } = bothServers(['--segment-size', '64kb'])

const STRINGS = ['a', 'b']
const LISTS = ['l', 'm', 'n']
const STREAMS = ['s', 't']
/** Keys that may have anything. */
const ANY = [...STRINGS, ...LISTS, ...STREAMS]
const SIDES = ['LEFT', 'RIGHT']
const VALUES = ['1', '2', '3']

function ofList(random: Random): string[] {
  const key = random.pick(LISTS)
  const value = random.pick(VALUES)
  const count = String(random.below(3))
  return random.pick([
    ['LPUSH', key, value, '2', value],
    ['RPUSH', key, value],
    ['RPUSH', key, value, '1', '2', '3'],
    [random.pick(['LPUSHX', 'RPUSHX']), key, value],
    ['LPOP', key],
    ['RPOP', key, count],
    ['LSET', key, '0', value],
    ['LSET', key, '7', value],
    ['LINSERT', key, random.pick(['BEFORE', 'AFTER']), value, '9'],
    ['LREM', key, String(random.below(5) - 2), value],
    ['LTRIM', key, '1', '-1'],
    ['LTRIM', key, '0', '-2'],
    ['LTRIM', key, '5', '4'],
    ['LMOVE', key, random.pick(LISTS), random.pick(SIDES), random.pick(SIDES)],
    ['RPOPLPUSH', key, random.pick(LISTS)],
    ['LMPOP', '2', key, random.pick(LISTS), random.pick(SIDES), 'COUNT', '2'],
    ['BLPOP', 'nosuch', key, '0.001'],
    ['BLMOVE', key, random.pick(LISTS), random.pick(SIDES), random.pick(SIDES), '0.001'],
  ])
}

function ofStream(random: Random, step: number): string[] {
  const key = random.pick(STREAMS)
  const group = random.pick(['g', 'h'])
  const consumer = random.pick(['c', 'd', 'e'])
  const id = `${step}-1`
  const earlier = `${step - random.below(20)}-1`
  return random.pick([
    ['XADD', key, id, 'f', 'v'],
    ['XADD', key, id, 'f', 'v'],
    ['XADD', key, 'MAXLEN', String(random.below(4)), id, 'f', 'v'],
    ['XADD', key, 'NOMKSTREAM', id, 'f', 'v'],
    ['XDEL', key, earlier, id],
    ['XTRIM', key, 'MAXLEN', String(random.below(5))],
    ['XTRIM', key, 'MINID', earlier],
    ['XSETID', key, id],
    ['XGROUP', 'CREATE', key, group, '0', 'MKSTREAM'],
    ['XGROUP', 'CREATE', key, group, '$'],
    ['XGROUP', 'SETID', key, group, '0'],
    ['XGROUP', 'CREATECONSUMER', key, group, consumer],
    ['XGROUP', 'DELCONSUMER', key, group, consumer],
    ['XGROUP', 'DESTROY', key, group],
    ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', '2', 'STREAMS', key, '>'],
    ['XACK', key, group, earlier],
  ])
}

function ofAny(random: Random): string[] {
  const key = random.pick(ANY)
  const other = random.pick(ANY)
  return random.pick([
    ['SET', random.pick(STRINGS), '5'],
    ['SET', key, '5'],
    ['INCR', random.pick(STRINGS)],
    ['APPEND', random.pick(STRINGS), '5'],
    ['DEL', key, other],
    ['RENAME', key, other === key ? 'other' : other],
    ['RENAMENX', key, 'other'],
    ['COPY', key, other === key ? 'other' : other, 'REPLACE'],
    ['COPY', key, 'other'],
    ['EXPIRE', key, '100'],
    ['PERSIST', key],
    ['EXPIRE', key, '-1'],
    ['DEL', 'other'],
  ])
}

function request(random: Random, step: number): string[] {
  if (random.chance(0.5)) return ofList(random)
  return random.chance(0.65) ? ofStream(random, step) : ofAny(random)
}

test('who listens is told of lists, streams and strings what Redis tells, in its order', needed, async () => {
  const random = new Random(SEED)
  const connect = (protocol: 2 | 3): Promise<Twin> => Twin.connect(ports.reference, ports.actual, protocol)
  const [writer, listener] = [await connect(2), await connect(3)]
  await writer.call('FLUSHALL')
  await writer.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA')
  await listener.call('PSUBSCRIBE', '__key*__:*')
  for (let step = 1; step <= STEPS; step++) {
    if (random.chance(0.1)) {
      const requests = Array.from({ length: 4 }, (_, i) => request(random, step * 10 + i))
      await writer.callAll([['MULTI'], ...requests, ['EXEC']])
    } else await writer.callAll([request(random, step * 10), request(random, step * 10 + 5)])
    await listener.call()
  }
  writer.close()
  listener.close()
})

test('the classes that are told are those that were asked for, and are said as Redis says them', needed, async () => {
  const connect = (protocol: 2 | 3): Promise<Twin> => Twin.connect(ports.reference, ports.actual, protocol)
  const [writer, listener] = [await connect(2), await connect(3)]
  await listener.call('PSUBSCRIBE', '__key*__:*')
  for (const classes of [
    'g$lshzxetdKE',
    'KElxg',
    'mnKE',
    'AKEmn',
    'Ed',
    'KA',
    'AKEm',
    'xgE',
    'El',
    'Kt',
    'Eg',
    'q',
    '',
  ]) {
    await writer.call('CONFIG', 'SET', 'notify-keyspace-events', classes)
    await writer.call('CONFIG', 'GET', 'notify-keyspace-events')
    // Flin does not tell of new keys.
    if (classes.includes('n')) continue
    await writer.callAll([
      ['RPUSH', 'list', '1'],
      ['LPOP', 'list'],
      ['XADD', 'stream', '1-1', 'a', 'b'],
      ['SET', 'string', '1'],
      ['DEL', 'stream'],
    ])
    await listener.call()
  }
  writer.close()
  listener.close()
})
