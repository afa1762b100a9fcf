import type { Argument } from '../helpers/resp-client.js'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { type Request, type Vocabulary } from './vocabulary.js'

const UNKNOWN = ['FOO', 'gett', 'SETX', '', 'a\r\nb', 'GET GET', 'LONG'.repeat(50), 'Get.']
/** These Redis does not have, or has in another form on purpose, or they end the server. */
const NOT_COMPARED = new Set([
  'mdel',
  'shutdown',
  'quit',
  'swapdb',
  'reset',
  'hello',
  'info',
  'time',
  'lastsave',
  'client',
])
const COMPARED = ALL_COMMANDS.filter(({ name, group }) => group !== 'flin' && !NOT_COMPARED.has(name))

/** A request about the connection or the server. */
export function connectionRequest(words: Vocabulary, isInMulti: boolean): Request {
  const { random } = words
  const roll = random.below(100)
  if (roll < 12) return ['exact', words.case('PING'), ...(random.chance(0.5) ? [words.value()] : [])]
  if (roll < 20) return ['exact', words.case('ECHO'), words.value()]
  // Inside a transaction the reply would lie in that of EXEC, half of it in the other protocol.
  if (roll < 26 && !isInMulti) return hello(words)
  if (roll < 32)
    return ['exact', 'AUTH', ...random.pick([['x'], ['default', 'x'], ['nobody', 'x'], ['a', 'b', 'c'], []])]
  if (roll < 38)
    return ['exact', 'SELECT', random.pick(['0', '0', '16', '-1', 'x', '', '99999999999', '2147483648', '00'])]
  if (roll < 52) return client(words)
  if (roll < 62) return config(words)
  if (roll < 72) return command(words)
  if (roll < 76) return ['shape', words.case('TIME')]
  if (roll < 78) return ['shape', 'LASTSAVE']
  if (roll < 80) return ['exact', 'INFO', random.pick(['nothing', ''])]
  if (roll < 92) return wrongArity(words)
  return ['exact', random.pick(UNKNOWN), ...words.some(0, 4, () => words.key())]
}

function hello(words: Vocabulary): Request {
  const version = words.random.pick(['2', '3', '3', '4', '1', 'x', '-3', ''])
  const options = words.random.pick([
    ...[[], [], [], ['SETNAME', 'me'], ['SETNAME', 'a b'], ['SETNAME'], ['NONSENSE']],
    ...[
      ['AUTH', 'default', 'any'],
      ['auth', 'nobody', 'x'],
      ['AUTH', 'default'],
      ['SETNAME', 'first', 'NONSENSE'],
    ],
    ...[['SETNAME', 'both', 'AUTH', 'nobody', 'x']],
  ])
  return ['hello', 'HELLO', version, ...options]
}

function client(words: Vocabulary): Request {
  const { random } = words
  const name = random.pick(['me', '', 'a b', 'a\nb', '\xe9', '~!', 'long'.repeat(30)])
  const [mode, ...args] = random.pick<Request>([
    ...[1, 2, 3].map((): Request => ['exact', 'GETNAME']),
    ...[1, 2, 3].map((): Request => ['exact', words.case('SETNAME'), name]),
    ['shape', 'ID'],
    ['client', 'INFO'],
    ['client', 'LIST', 'ID', '0'],
    ['shape', 'LIST', 'TYPE', random.pick(['normal', 'REPLICA', 'master', 'pubsub', 'foo', ''])],
    ['exact', 'LIST', random.pick(['FOO', 'TYPE', 'ID', ''])],
    ['exact', 'LIST', 'ID', random.pick(['x', '', '1.5'])],
    ['exact', 'KILL', random.pick(['1.2.3.4:5', '', 'x'])],
    ['exact', 'KILL', 'ID', random.pick(['0', '-1', 'x', '999999999'])],
    ['exact', 'KILL', random.pick(['ADDR', 'LADDR', 'laddr']), '1.2.3.4:5'],
    ['exact', 'KILL', 'TYPE', random.pick(['pubsub', 'master', 'replica', 'slave', 'foo'])],
    ['exact', 'KILL', 'USER', 'nobody'],
    ['exact', 'KILL', 'SKIPME', random.pick(['foo', ''])],
    ['exact', 'KILL', 'ID', '999999999', random.pick(['SKIPME', 'FOO', 'ID'])],
    ['exact', 'KILL', 'ID', '999999999', 'SKIPME', random.pick(['yes', 'NO', 'foo'])],
    ['exact', 'NO-EVICT', random.pick(['on', 'OFF', 'foo'])],
    ['exact', 'REPLY', random.pick(['ON', 'on', 'foo', ''])],
    ['exact', 'UNBLOCK', random.pick(['999999999', 'x', '0'])],
    ['exact', 'UNBLOCK', '999999999', random.pick(['TIMEOUT', 'error', 'foo'])],
    ...[['SETNAME'], ['SETNAME', 'a', 'b'], ['GETNAME', 'x'], ['ID', 'x'], ['NONSENSE'], [''], ['getname ']].map(
      (wrong): Request => ['exact', ...wrong],
    ),
    ...[[], ['KILL'], ['REPLY'], ['NO-EVICT'], ['UNBLOCK', '1', 'error', 'x'], ['INFO', 'x']].map((wrong): Request => [
      'exact',
      ...wrong,
    ]),
  ])
  return [mode, words.case('CLIENT'), ...args]
}

/** What is set here has no effect on what is compared. */
function config(words: Vocabulary): Request {
  const { random } = words
  const sizes = ['0', '64', '1kb', '1k', '2MB', '1g', 'x', '-1', '1.5', '', '5foo', '99999999999999999999', '1b']
  const numbers = ['0', '1', '512', '-1', '-5', 'x', '1.5', '', '2147483648', '9223372036854775807', '+1', ' 1', '01']
  const flags = ['yes', 'no', 'YES', 'No', '1', '', 'true']
  const pair = random.pick<[string, string]>([
    ...['hash-max-listpack-value', 'zset-max-ziplist-value', 'hll-sparse-max-bytes', 'repl-backlog-size'].map(
      (name): [string, string] => [name, random.pick(sizes)],
    ),
    ...['set-max-intset-entries', 'list-max-listpack-size', 'list-max-ziplist-size', 'lfu-log-factor', 'hz', 'HZ'].map(
      (name): [string, string] => [name, random.pick(numbers)],
    ),
    ...['slowlog-log-slower-than', 'slowlog-max-len', 'latency-monitor-threshold', 'tcp-keepalive'].map(
      (name): [string, string] => [name, random.pick(numbers)],
    ),
    ...['lazyfree-lazy-expire', 'lazyfree-lazy-user-del', 'activerehashing', 'rdbcompression'].map(
      (name): [string, string] => [name, random.pick(flags)],
    ),
    ['notify-keyspace-events', random.pick(['', 'KEA', 'Kx', 'Q', 'gxE', 'Eg$lshzxetdmn', 'n', 'mK'])],
    ['maxmemory-policy', random.pick(['noeviction', 'NOEVICTION', 'foo', ''])],
    ['appendfsync', random.pick(['foo', '', 'yes'])],
    ['loglevel', random.pick(['foo', ''])],
    ['save', random.pick(['', 'x', '10', '10 x', '0 1', '-1 1'])],
    ['maxclients', random.pick(['0', '-1', 'x', ''])],
    ['timeout', random.pick(['-1', 'x', '0', '2147483648'])],
    ['client-output-buffer-limit', random.pick(['normal 1 2', 'foo 1 2 3', 'normal x 0 0', 'normal 0 0 x', ''])],
    ['databases', '3'],
    ['nothing', 'x'],
  ])
  return random.pick<Request>([
    ['exact', words.case('CONFIG'), 'SET', ...pair],
    ['exact', words.case('CONFIG'), 'SET', ...pair],
    ['exact', 'CONFIG', 'SET', 'hz', '10', ...pair],
    ['exact', 'CONFIG', 'SET', ...pair, 'nothing', 'x'],
    ['exact', 'CONFIG', 'SET', ...pair, 'hz'],
    ['exact', 'CONFIG', 'GET', random.pick(['nothing', '', 'no*such*', 'databases[x]'])],
    ['exact', 'CONFIG', ...random.pick([['GET'], ['SET'], ['SET', 'hz'], ['RESETSTAT', 'x'], ['NONSENSE'], []])],
  ])
}

function command(words: Vocabulary): Request {
  const { random } = words
  const some = words.some(0, 4, () => words.key())
  return random.pick<Request>([
    ['exact', 'COMMAND', 'GETKEYS', random.pick(COMPARED).name, ...some],
    ['exact', 'COMMAND', 'GETKEYS', random.pick(COMPARED).name.toUpperCase(), ...some],
    ['exact', 'COMMAND', 'GETKEYS', 'OBJECT', random.pick(['ENCODING', 'freq', 'HELP', 'FOO']), ...some],
    ['exact', 'COMMAND', 'GETKEYS', 'memory', random.pick(['usage', 'FOO']), ...some],
    ['exact', 'COMMAND', 'GETKEYS', 'NONSENSE', ...some],
    ['unordered', 'COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', random.pick(['transaction', 'foo', ''])],
    [
      'unordered',
      'COMMAND',
      'LIST',
      'filterby',
      'PATTERN',
      random.pick(['get*', 'EXPIRE*', 'foo', '', '*ttl', 'object|*']),
    ],
    ['exact', 'COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'foo'],
    [
      'exact',
      'COMMAND',
      'LIST',
      ...random.pick([['x'], ['FILTERBY'], ['FILTERBY', 'x', 'y'], ['FILTERBY', 'PATTERN']]),
    ],
    ['exact', 'COMMAND', ...random.pick([['COUNT', 'x'], ['NONSENSE'], ['GETKEYS'], ['INFO', 'nonsense']])],
    ['exact', 'COMMAND', 'DOCS', 'nonsense'],
  ])
}

/** Every command that is compared, with as many arguments as it may not have. */
function wrongArity(words: Vocabulary): Request {
  const { random } = words
  const { name, arity } = random.pick(COMPARED)
  const counts = [0, 1, 2, 3, 4, 5].filter((count) => (arity > 0 ? count + 1 !== arity : count + 1 < -arity))
  if (counts.length === 0) return ['exact', 'PING', 'a', 'b']
  const args: Argument[] = Array.from({ length: random.pick(counts) }, () => words.key())
  return ['exact', random.chance(0.5) ? name : name.toUpperCase(), ...args]
}
