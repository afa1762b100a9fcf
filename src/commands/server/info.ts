import type { Command } from '../command.js'

export const info: Command = {
  name: 'info',
  code: 41,
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '1.0.0',
  summary: 'Facts and figures of the server, in sections.',
  run({ reply, server }, args) {
    const wanted = new Set<string>()
    for (let i = 1; i < args.count; i++) wanted.add(args.text(i).toLowerCase())
    const isAll = wanted.size === 0 || ['all', 'default', 'everything'].some((name) => wanted.has(name))
    const parts: string[] = []
    for (const [section, fields] of Object.entries(server.info())) {
      if (!isAll && !wanted.has(section.toLowerCase())) continue
      const lines = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`)
      parts.push(`# ${section}\r\n${lines.join('')}`)
    }
    reply.verbatim('txt', parts.join('\r\n'))
  },
}
