import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Command } from '../command.js'
import { anyExpireTime } from '../expire-time.js'

interface Condition {
  nx: boolean
  xx: boolean
  gt: boolean
  lt: boolean
}

/** NX | XX | GT | LT, as far as they go together. */
function parseCondition(args: Args): Condition {
  const condition: Condition = { nx: false, xx: false, gt: false, lt: false }
  for (let i = 3; i < args.count; i++) {
    if (args.equalsIgnoreCase(i, 'NX')) condition.nx = true
    else if (args.equalsIgnoreCase(i, 'XX')) condition.xx = true
    else if (args.equalsIgnoreCase(i, 'GT')) condition.gt = true
    else if (args.equalsIgnoreCase(i, 'LT')) condition.lt = true
    else throw new ReplyError(`ERR Unsupported option ${args.text(i)}`)
  }
  const { nx, xx, gt, lt } = condition
  if (nx && (xx || gt || lt)) {
    throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (gt && lt) throw new ReplyError('ERR GT and LT options at the same time are not compatible')
  return condition
}

function allows({ nx, xx, gt, lt }: Condition, current: number, wanted: number): boolean {
  if (nx) return current === 0
  if (xx && current === 0) return false
  if (gt) return current !== 0 && wanted > current
  if (lt) return current === 0 || wanted < current
  return true
}

export const expire: Command = expiring('expire', 23, 1000, false, '1.0.0', 'Sets how many seconds a key has to live.')
export const pexpire: Command = expiring('pexpire', 71, 1, false, '2.6.0', 'Sets how many ms a key has to live.')
export const expireat: Command = expiring(
  'expireat',
  72,
  1000,
  true,
  '1.2.0',
  'Sets when a key expires, in s since 1970.',
)
export const pexpireat: Command = expiring(
  'pexpireat',
  73,
  1,
  true,
  '2.6.0',
  'Sets when a key expires, in ms since 1970.',
)

function expiring(
  name: string,
  code: number,
  scale: number,
  isAbsolute: boolean,
  since: string,
  summary: string,
): Command {
  return {
    name,
    code,
    arity: -3,
    flags: ['write', 'fast'],
    keys: { first: 1, last: 1, step: 1 },
    group: 'generic',
    since,
    summary,
    frees: true,
    run({ keyspace, reply }, args) {
      const { buf, starts, ends } = args
      const condition = parseCondition(args)
      const at = anyExpireTime(args, 2, scale, isAbsolute ? 0 : keyspace.now, name)
      const start = starts[1]!
      const end = ends[1]!
      keyspace.beginRemoving((end - start + RECORD_OVERHEAD) * 2)
      if (!keyspace.find(buf, start, end)) {
        keyspace.removeExpired(buf, start, end)
        reply.integer(0)
        return
      }
      if (!allows(condition, keyspace.expireAt, at)) {
        reply.integer(0)
        return
      }
      if (at <= keyspace.now) keyspace.remove(buf, start, end)
      else keyspace.expire(buf, start, end, at)
      reply.integer(1)
    },
  }
}
