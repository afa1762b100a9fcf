import type { Command } from '../command.js'

export const exists: Command = {
  name: 'exists',
  code: 22,
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'generic',
  since: '1.0.0',
  summary: 'Counts which of the keys exist; a key named twice counts twice.',
  run({ keyspace, reply }, { buf, starts, ends, count }) {
    let found = 0
    for (let i = 1; i < count; i++) if (keyspace.find(buf, starts[i]!, ends[i]!)) found++
    reply.integer(found)
  },
}

/** Nothing is evicted, so no key is touched by it: EXISTS by another name. */
export const touch: Command = { ...exists, name: 'touch', code: 66, since: '3.2.1' }
