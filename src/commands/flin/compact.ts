import type { Command, Subcommand } from '../command.js'
import { container } from '../container.js'

const now: Subcommand = {
  name: 'now',
  arity: 2,
  flags: ['admin', 'noscript'],
  since: 'flin 0.1.0',
  help: ['NOW', '    Rewrite all sealed segments of the log without what is dead, in the background.'],
  run({ reply, server }) {
    const how = server.compaction.now()
    reply.simple(how === 'nothing' ? 'No segment is sealed: nothing to compact' : `Background compaction ${how}`)
  },
}

const status: Subcommand = {
  name: 'status',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  since: 'flin 0.1.0',
  help: ['STATUS', '    Return what compaction has done and how much of the log is dead, as INFO compaction does.'],
  run({ reply, server }) {
    const facts = Object.entries(server.compaction.facts())
    reply.map(facts.length)
    for (const [name, value] of facts) {
      reply.bulkText(name)
      if (typeof value === 'number') reply.integer(value)
      else reply.bulkText(value)
    }
  },
}

export const compact: Command = container({
  name: 'compact',
  code: 91,
  group: 'flin',
  since: 'flin 0.1.0',
  summary: 'Compaction of the log: COMPACT NOW begins one of all that is sealed, COMPACT STATUS tells how it goes.',
  subcommands: [now, status],
})
