import type { Command } from '../command.js'

const MS_PER_S = 1000
const US_PER_MS = 1000

export const time: Command = {
  name: 'time',
  code: 86,
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  since: '2.6.0',
  summary: 'Returns the time in s since 1970, and the µs beyond.',
  run({ reply }) {
    const now = performance.timeOrigin + performance.now()
    const seconds = Math.floor(now / MS_PER_S)
    reply.array(2)
    reply.bulkText(String(seconds))
    reply.bulkText(String(Math.floor((now - seconds * MS_PER_S) * US_PER_MS)))
  },
}

export const lastsave: Command = {
  name: 'lastsave',
  code: 87,
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  since: '1.0.0',
  summary: 'Returns when something was committed last, in s since 1970; before that, when the daemon began.',
  differs: 'The time of the last commit: there are no snapshots.',
  run({ reply, server }) {
    reply.integer(Math.floor(server.lastCommitMs() / MS_PER_S))
  },
}
