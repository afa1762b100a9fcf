import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { add, INT64_MIN } from './add.js'

export const incr: Command = {
  name: 'incr',
  code: 18,
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Adds one to the number that a key holds, 0 when it is missing.',
  run: (context, args) => addTo(context, args, 1, 1n),
}

export const decr: Command = {
  ...incr,
  name: 'decr',
  code: 60,
  summary: 'Subtracts one from the number that a key holds, 0 when it is missing.',
  run: (context, args) => addTo(context, args, -1, -1n),
}

export const incrby: Command = {
  ...incr,
  name: 'incrby',
  code: 59,
  arity: 3,
  summary: 'Adds to the number that a key holds, 0 when it is missing.',
  run(context, args) {
    const value = args.integer(2)
    addTo(context, args, value, Number.isNaN(value) ? bigArgument(args) : null)
  },
}

export const decrby: Command = {
  ...incr,
  name: 'decrby',
  code: 61,
  arity: 3,
  summary: 'Subtracts from the number that a key holds, 0 when it is missing.',
  run(context, args) {
    const value = args.integer(2)
    if (!Number.isNaN(value)) {
      addTo(context, args, -value, null)
      return
    }
    const big = bigArgument(args)
    if (big === INT64_MIN) throw new ReplyError('ERR decrement would overflow')
    addTo(context, args, NaN, -big)
  },
}

function bigArgument(args: Args): bigint {
  const value = args.bigint(2)
  if (value === null) throw new ReplyError(ERR.notInteger)
  return value
}

/** Adds to the number of key 1 and replies with the sum. */
function addTo({ keyspace, reply }: Context, args: Args, small: number, big: bigint | null): void {
  const sum = add(keyspace, args.buf, args.starts[1]!, args.ends[1]!, small, big)
  if (typeof sum === 'number') reply.integer(sum)
  else reply.bigint(sum)
}
