import type { Keyspace } from '../../models/keyspace.js'
import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command } from '../command.js'
import { expireTime } from '../expire-time.js'

/** Promises the log what setting argument 1 to argument `value` takes, expiry and a removal before it among it. */
function begin(keyspace: Keyspace, args: Args, value: number): void {
  keyspace.begin(args.size(1) * 3 + args.size(value) + RECORD_OVERHEAD * 3)
}

function put(keyspace: Keyspace, { buf, starts, ends }: Args, value: number, expireAt: number): void {
  keyspace.put(buf, starts[1]!, ends[1]!, buf, starts[value]!, ends[value]!, expireAt)
}

export const setnx: Command = {
  name: 'setnx',
  code: 45,
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Sets a key that does not exist; returns whether it did.',
  run({ keyspace, reply }, args) {
    begin(keyspace, args, 2)
    if (keyspace.find(args.buf, args.starts[1]!, args.ends[1]!)) {
      reply.integer(0)
      return
    }
    put(keyspace, args, 2, 0)
    reply.integer(1)
  },
}

export const setex: Command = expiring('setex', 46, 1000, 'Sets a key and how many seconds it has to live.', '2.0.0')
export const psetex: Command = expiring('psetex', 47, 1, 'Sets a key and how many ms it has to live.', '2.6.0')

function expiring(name: string, code: number, scale: number, summary: string, since: string): Command {
  return {
    name,
    code,
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: { first: 1, last: 1, step: 1 },
    group: 'string',
    since,
    summary,
    run({ keyspace, reply }, args) {
      const expireAt = expireTime(args, 2, scale, keyspace.now, name)
      begin(keyspace, args, 3)
      keyspace.find(args.buf, args.starts[1]!, args.ends[1]!)
      put(keyspace, args, 3, expireAt)
      reply.ok()
    },
  }
}

export const getset: Command = {
  name: 'getset',
  code: 48,
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '1.0.0',
  summary: 'Sets a key and returns what it held before; its expiry goes.',
  run({ keyspace, reply }, args) {
    begin(keyspace, args, 2)
    const found = keyspace.findString(args.buf, args.starts[1]!, args.ends[1]!)
    keyspace.countLookup(found)
    if (found) {
      const { record } = keyspace
      reply.bulk(record.bytes, record.valueStart, record.valueEnd)
    } else reply.nil()
    put(keyspace, args, 2, 0)
  },
}
