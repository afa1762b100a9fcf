import { ERR, ReplyError, type Command } from '../command.js'
import { globMatches } from '../../models/glob.js'
import { WALK_DIFFERS } from '../transactions/walks.js'

const CURSOR_MAX = 0xffff_ffff_ffff_ffffn
/** Keys that one call looks at, some ms of work; what the client asks for is a hint. */
const COUNT_MAX = 10_000
/** The same while some records are on disk only: they are loaded whole, and all that a call needs at once. */
const COLD_COUNT_MAX = 256

export const scan: Command = {
  name: 'scan',
  code: 26,
  arity: -2,
  flags: ['readonly'],
  group: 'generic',
  since: '2.8.0',
  summary: 'Walks over all keys, some at each call; a key that stays is returned exactly once.',
  differs: WALK_DIFFERS,
  isWalk: true,
  run({ keyspace, reply }, args) {
    const cursor = parseCursor(args.text(1))
    let count = 10
    let pattern: Buffer | null = null
    let type: string | null = null
    for (let i = 2; i < args.count; i += 2) {
      if (i + 1 >= args.count) throw new ReplyError(ERR.syntax)
      if (args.equalsIgnoreCase(i, 'COUNT')) {
        count = args.integer(i + 1)
        if (Number.isNaN(count)) throw new ReplyError(ERR.notInteger)
        if (count < 1) throw new ReplyError(ERR.syntax)
      } else if (args.equalsIgnoreCase(i, 'MATCH')) {
        pattern = Buffer.from(args.buf.subarray(args.starts[i + 1], args.ends[i + 1]))
      } else if (args.equalsIgnoreCase(i, 'TYPE')) type = args.text(i + 1).toLowerCase()
      else throw new ReplyError(ERR.syntax)
    }
    const keys: Buffer[] = []
    const next = keyspace.walks.scan(
      cursor,
      Math.min(count, keyspace.log.hasCold ? COLD_COUNT_MAX : COUNT_MAX),
      (bytes, start, end, kind) => {
        if (type !== null && keyspace.typeOf(kind) !== type) return
        if (pattern === null || globMatches(pattern, 0, pattern.length, bytes, start, end)) {
          keys.push(bytes.subarray(start, end))
        }
      },
      true,
    )
    reply.array(2)
    reply.bulkText(String(next))
    reply.array(keys.length)
    for (const key of keys) reply.bulk(key, 0, key.length)
  },
}

/** Redis reads cursors with strtoul, which also takes a sign, and nothing at all. */
function parseCursor(text: string): number {
  if (!/^(?:[+-]?\d{1,40})?$/.test(text) || BigInt(text.replace(/^[+-]/, '')) > CURSOR_MAX) {
    throw new ReplyError('ERR invalid cursor')
  }
  const cursor = Number(text)
  return Number.isSafeInteger(cursor) && cursor > 0 ? cursor : 0
}
