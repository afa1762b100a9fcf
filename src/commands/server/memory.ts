import { ERR, ReplyError, type Command, type Subcommand } from '../command.js'
import { container } from '../container.js'

/** What the index takes for a key, at most. */
const INDEX_SIZE = 32
const ALIGNMENT = 8

const usage: Subcommand = {
  name: 'usage',
  arity: -3,
  flags: ['readonly'],
  keys: { first: 2, last: 2, step: 1 },
  since: '4.0.0',
  help: [
    'USAGE <key> [SAMPLES <count>]',
    '    Return the bytes that the <key> and its value take in the log, and in the index.',
  ],
  run({ keyspace, reply }, args) {
    for (let i = 3; i < args.count; i += 2) {
      if (!args.equalsIgnoreCase(i, 'SAMPLES') || i + 1 === args.count) throw new ReplyError(ERR.syntax)
      const count = args.bigint(i + 1)
      if (count === null) throw new ReplyError(ERR.notInteger)
      if (count < 0n) throw new ReplyError(ERR.syntax)
    }
    if (!keyspace.find(args.buf, args.starts[2]!, args.ends[2]!)) {
      reply.nil()
      return
    }
    const object = keyspace.foundObject
    const members = object === null ? 0 : object.recordsSize + object.byteSize
    reply.integer(Math.ceil((keyspace.record.size + members) / ALIGNMENT) * ALIGNMENT + INDEX_SIZE)
  },
}

const doctor: Subcommand = {
  name: 'doctor',
  arity: 2,
  flags: [],
  since: '4.0.0',
  help: ['DOCTOR', '    Return memory problems reports.'],
  run({ reply, server }) {
    const { Memory } = server.info((section) => section === 'memory')
    const lines = Object.entries(Memory ?? {}).map(([name, value]) => `${name}:${value}`)
    reply.verbatim('txt', `There is no diagnosis; these are the figures:\n${lines.join('\n')}\n`)
  },
}

const purge: Subcommand = {
  name: 'purge',
  arity: 2,
  flags: [],
  since: '4.0.0',
  help: ['PURGE', '    Does nothing: there is no allocator to purge.'],
  run({ reply }) {
    reply.ok()
  },
}

export const memory: Command = container({
  name: 'memory',
  code: 90,
  group: 'server',
  since: '4.0.0',
  summary: 'What memory is used for.',
  differs:
    'USAGE tells the bytes of the records in the log, those of all items or entries among them, and of the index. DOCTOR shows the figures of INFO memory; no MALLOC-STATS, STATS.',
  subcommands: [doctor, purge, usage],
})
