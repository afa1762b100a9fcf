import type { Command } from '../command.js'
import { globMatches } from '../glob.js'

export const config: Command = {
  name: 'config',
  code: 42,
  arity: -2,
  flags: [], // as in Redis: its subcommands have them
  group: 'server',
  since: '2.0.0',
  summary: 'Settings by name.',
  subcommands: [{ name: 'get', arity: -3 }],
  run({ reply, server }, args) {
    const patterns: Buffer[] = []
    for (let i = 2; i < args.count; i++) patterns.push(Buffer.from(args.text(i).toLowerCase()))
    const found = [...server.settings()].filter(([name]) => {
      const bytes = Buffer.from(name)
      return patterns.some((pattern) => globMatches(pattern, 0, pattern.length, bytes, 0, bytes.length))
    })
    reply.map(found.length)
    for (const [name, value] of found) {
      reply.bulkText(name)
      reply.bulkText(value)
    }
  },
}
