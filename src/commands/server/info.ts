import type { Command } from '../command.js'

/** Sections that are told only when they are asked for by name, or with `all` or `everything`. */
const ON_DEMAND = ['commandstats', 'latencystats']

export const info: Command = {
  name: 'info',
  code: 41,
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '1.0.0',
  summary: 'Facts and figures of the server, in sections.',
  differs: 'Fields that say something about parts that Flin does not have are left out; Flin has some of its own.',
  run({ reply, server }, args) {
    const wanted = new Set<string>()
    for (let i = 1; i < args.count; i++) wanted.add(args.text(i).toLowerCase())
    const isAll = wanted.has('everything') || wanted.has('all')
    const isDefault = wanted.size === 0 || wanted.has('default')
    const sections = server.info((name) => {
      if (wanted.has(name) || isAll) return true
      return isDefault && !ON_DEMAND.includes(name)
    })
    const parts = Object.entries(sections).map(([section, fields]) => {
      const lines = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`)
      return `# ${section}\r\n${lines.join('')}`
    })
    reply.verbatim('txt', parts.join('\r\n'))
  },
}
