import { parseInt64, parseInteger } from '../../protocol/resp/args.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Command, type Context, type Subcommand } from '../command.js'
import { container } from '../container.js'
import { append } from '../strings/append.js'
import { setbit } from '../strings/bits.js'
import { incrbyfloat } from '../strings/incrbyfloat.js'
import { setrange } from '../strings/range.js'

/** Up to this size Redis allocates a string together with its header. */
const EMBEDDED_SIZE_MAX = 44
/** Redis has one object each for the numbers below this, and tells of them: */
const SHARED_END = 10_000
const SHARED_REFCOUNT = 0x7fff_ffff

const ABOUT_KEY = { keys: { first: 2, last: 2, step: 1 }, arity: 3, since: '2.2.3' } as const

/** What Redis keeps the other types in. */
const OF_TYPES: Readonly<Record<string, string>> = { list: 'quicklist', stream: 'stream' }

/** What makes a string that Redis does not look for a number in. */
const KEEPS_TEXT = new Set([incrbyfloat.code])
/** What changes a string where it lies; it stays `raw` whatever its size. */
const MAKES_RAW = new Set([append.code, setrange.code, setbit.code])

const encoding: Subcommand = about(
  'encoding',
  ['readonly'],
  [
    'ENCODING <key>',
    '    Return the kind of internal representation used in order to store the value',
    '    associated with a <key>.',
  ],
  ({ keyspace, reply }) => {
    if (!keyspace.isString) {
      reply.bulkText(OF_TYPES[keyspace.foundType]!)
      return
    }
    const { bytes, valueStart, valueEnd, command } = keyspace.record
    const size = valueEnd - valueStart
    if (MAKES_RAW.has(command)) reply.bulkText('raw')
    else if (!KEEPS_TEXT.has(command) && parseInt64(bytes, valueStart, valueEnd) !== null) reply.bulkText('int')
    else reply.bulkText(size <= EMBEDDED_SIZE_MAX ? 'embstr' : 'raw')
  },
)

const freq: Subcommand = about(
  'freq',
  ['readonly'],
  [
    'FREQ <key>',
    '    Return the access frequency index of the <key>. The returned integer is',
    '    proportional to the logarithm of the recent access frequency of the key.',
  ],
  () => {
    throw new ReplyError(
      'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
    )
  },
)

const idletime: Subcommand = about(
  'idletime',
  ['readonly'],
  [
    'IDLETIME <key>',
    '    Return the idle time of the <key>, that is the approximated number of',
    '    seconds elapsed since the last access to the key.',
  ],
  ({ keyspace, reply }) => {
    reply.integer(Math.max(0, Math.floor((keyspace.now - keyspace.locate().timestampMs) / 1000)))
  },
)

const refcount: Subcommand = about(
  'refcount',
  ['readonly'],
  ['REFCOUNT <key>', '    Return the number of references of the value associated with the specified', '    <key>.'],
  ({ keyspace, reply }) => {
    if (!keyspace.isString) {
      reply.integer(1)
      return
    }
    const { bytes, valueStart, valueEnd, command } = keyspace.record
    const value = parseInteger(bytes, valueStart, valueEnd)
    const isShared = value >= 0 && value < SHARED_END && !KEEPS_TEXT.has(command) && !MAKES_RAW.has(command)
    reply.integer(isShared ? SHARED_REFCOUNT : 1)
  },
)

/** A subcommand about the key behind it, which answers nil when there is none. */
function about(
  name: string,
  flags: Subcommand['flags'],
  help: readonly string[],
  tell: (context: Context) => void,
): Subcommand {
  return {
    ...ABOUT_KEY,
    name,
    flags,
    help,
    run(context: Context, { buf, starts, ends }: Args) {
      if (context.keyspace.find(buf, starts[2]!, ends[2]!)) tell(context)
      else context.reply.nil()
    },
  }
}

export const object: Command = container({
  name: 'object',
  code: 89,
  group: 'generic',
  since: '2.2.3',
  summary: 'What Redis tells of how a value is kept.',
  differs:
    'ENCODING is what Redis would say; after RENAME and COPY it is that of a value just set. IDLETIME counts from the last write: reads leave no trace.',
  subcommands: [encoding, freq, idletime, refcount],
})
