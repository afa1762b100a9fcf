import { secondsArgument } from '../../src/commands/blocking/timeout-argument.js'
import { waitFor, type Attempt } from '../../src/commands/blocking/wait.js'
import { ReplyError, type Command } from '../../src/commands/command.js'

/*
 * The least that can block: a key is a box with a string in it.
 *
 *   BOX.PUT key value                fills a box
 *   BOX.TAKE key [key ...] timeout   empties the first box that is full: its key and what was in it
 *   BOX.MOVE from to timeout         takes what is in one box and fills the other, which must not be "locked"
 *   BOX.SEE key timeout              what is in a box, which stays full
 */

const FLAGS = ['write', 'noscript', 'blocking'] as const
const GROUP = { group: 'string', since: '0.0.0', summary: 'For tests.' } as const

function put({ keyspace }: Parameters<Attempt>[0], key: Buffer, value: Buffer): void {
  keyspace.find(key, 0, key.length)
  keyspace.put(key, 0, key.length, value, 0, value.length, 0)
  keyspace.onReady(key, 0, key.length)
}

function argument({ buf, starts, ends }: Parameters<Attempt>[1], i: number): Buffer {
  return Buffer.from(buf.subarray(starts[i], ends[i]))
}

const take: Attempt = ({ keyspace, reply }, args, i) => {
  const key = argument(args, i)
  if (!keyspace.find(key, 0, key.length)) return false
  const value = Buffer.from(keyspace.record.value())
  keyspace.begin(1000)
  keyspace.remove(key, 0, key.length)
  reply.array(2)
  reply.bulk(key, 0, key.length)
  reply.bulk(value, 0, value.length)
  return true
}

const move: Attempt = (context, args, i) => {
  const { keyspace, reply } = context
  const to = argument(args, 2)
  const isLocked = keyspace.find(to, 0, to.length) && keyspace.record.value().toString() === 'locked'
  const from = argument(args, i)
  if (!keyspace.find(from, 0, from.length)) return false
  if (isLocked) throw new ReplyError('ERR it is locked')
  const value = Buffer.from(keyspace.record.value())
  keyspace.begin(1000)
  keyspace.remove(from, 0, from.length)
  put(context, to, value)
  reply.bulk(value, 0, value.length)
  return true
}

const see: Attempt = ({ keyspace, reply }, args, i) => {
  const key = argument(args, i)
  if (!keyspace.find(key, 0, key.length)) return false
  const { record } = keyspace
  reply.bulk(record.bytes, record.valueStart, record.valueEnd)
  return true
}

export const BOX_COMMANDS: readonly Command[] = [
  {
    ...GROUP,
    name: 'box.put',
    code: 9001,
    arity: 3,
    flags: ['write', 'denyoom'],
    keys: { first: 1, last: 1, step: 1 },
    run(context, args) {
      context.keyspace.begin(1000)
      put(context, argument(args, 1), argument(args, 2))
      context.reply.ok()
    },
  },
  {
    ...GROUP,
    name: 'box.take',
    code: 9002,
    arity: -3,
    flags: FLAGS,
    keys: { first: 1, last: -2, step: 1 },
    run(context, args) {
      const timeoutMs = secondsArgument(args, args.count - 1)
      const keys = Array.from({ length: args.count - 2 }, (_, i) => i + 1)
      if (keys.some((i) => take(context, args, i))) return
      waitFor(context, args, { command: this, keys, timeoutMs, isConsumer: true, attempt: take, finds: 'array' })
    },
  },
  {
    ...GROUP,
    name: 'box.move',
    code: 9003,
    arity: 4,
    flags: FLAGS,
    keys: { first: 1, last: 2, step: 1 },
    run(context, args) {
      const timeoutMs = secondsArgument(args, 3)
      if (move(context, args, 1)) return
      waitFor(context, args, { command: this, keys: [1], timeoutMs, isConsumer: true, attempt: move, finds: 'bulk' })
    },
  },
  {
    ...GROUP,
    name: 'box.see',
    code: 9004,
    arity: 3,
    flags: ['readonly', 'blocking'],
    keys: { first: 1, last: 1, step: 1 },
    run(context, args) {
      const timeoutMs = secondsArgument(args, 2)
      if (see(context, args, 1)) return
      waitFor(context, args, { command: this, keys: [1], timeoutMs, isConsumer: false, attempt: see, finds: 'bulk' })
    },
  },
]
