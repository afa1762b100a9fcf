import type { Command } from '../command.js'

export const ttl = telling('ttl', 24, '1.0.0', 'Returns the seconds that a key has to live', (at, now) =>
  seconds(at - now),
)
export const pttl = telling('pttl', 74, '2.6.0', 'Returns the ms that a key has to live', (at, now) => at - now)
export const expiretime = telling('expiretime', 75, '7.0.0', 'Returns when a key expires, in s since 1970', seconds)
export const pexpiretime = telling(
  'pexpiretime',
  76,
  '7.0.0',
  'Returns when a key expires, in ms since 1970',
  (at) => at,
)

/** Rounded as Redis does. */
function seconds(ms: number): number {
  return Math.floor((ms + 500) / 1000)
}

function telling(
  name: string,
  code: number,
  since: string,
  summary: string,
  tell: (expireAt: number, now: number) => number,
): Command {
  return {
    name,
    code,
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: { first: 1, last: 1, step: 1 },
    group: 'generic',
    since,
    summary: `${summary}; -1: it does not, -2: there is no such key.`,
    run({ keyspace, reply }, { buf, starts, ends }) {
      if (!keyspace.find(buf, starts[1]!, ends[1]!)) reply.integer(-2)
      else if (keyspace.expireAt === 0) reply.integer(-1)
      else reply.integer(tell(keyspace.expireAt, keyspace.now))
    },
  }
}
