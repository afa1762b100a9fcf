import { ReplyError, type Command, type Subcommand } from '../command.js'
import { container } from '../container.js'
import { globMatches } from '../../models/glob.js'

const FLAGS = ['admin', 'noscript', 'loading', 'stale'] as const

const configGet: Subcommand = {
  name: 'get',
  arity: -3,
  flags: FLAGS,
  since: '2.0.0',
  help: ['GET <pattern>', '    Return parameters matching the glob-like <pattern> and their values.'],
  run({ reply, server }, args) {
    const wanted: Pattern[] = []
    for (let i = 2; i < args.count; i++) wanted.push(patternOf(args.text(i)))
    const found: [name: string, value: string][] = []
    for (const [name, value] of server.settings.entries()) {
      const by = wanted.find(({ matches }) => matches(name))
      if (by !== undefined) found.push([by.name ?? name, value])
    }
    reply.map(found.length)
    for (const [name, value] of found) {
      reply.bulkText(name)
      reply.bulkText(value)
    }
  },
}

interface Pattern {
  /** What asks for one setting by its name: the reply has it as it was written. */
  readonly name?: string
  readonly matches: (name: string) => boolean
}

function patternOf(text: string): Pattern {
  const lower = text.toLowerCase()
  if (!/[[*?]/.test(text)) return { name: text, matches: (name) => name === lower }
  const pattern = Buffer.from(lower)
  return {
    matches: (name) => {
      const bytes = Buffer.from(name)
      return globMatches(pattern, 0, pattern.length, bytes, 0, bytes.length)
    },
  }
}

const configSet: Subcommand = {
  name: 'set',
  arity: -4,
  flags: FLAGS,
  since: '2.0.0',
  help: ['SET <directive> <value>', '    Set the configuration <directive> to <value>.'],
  run({ reply, server }, args) {
    if (args.count % 2 === 1) throw new ReplyError('ERR syntax error')
    const pairs: [string, string][] = []
    for (let i = 2; i < args.count; i += 2) pairs.push([args.text(i), args.text(i + 1)])
    server.settings.set(pairs)
    reply.ok()
  },
}

const configResetstat: Subcommand = {
  name: 'resetstat',
  arity: 2,
  flags: FLAGS,
  since: '2.0.0',
  help: ['RESETSTAT', '    Reset statistics reported by the INFO command.'],
  run({ reply, server }) {
    server.resetStats()
    reply.ok()
  },
}

const configRewrite: Subcommand = {
  name: 'rewrite',
  arity: 2,
  flags: FLAGS,
  since: '2.8.0',
  help: ['REWRITE', '    Refused: settings are given at the start.'],
  run() {
    throw new ReplyError(
      'ERR CONFIG REWRITE is not supported: what CONFIG SET changes lasts until the daemon ends. Give settings on the command line, in the environment, or in the file of --config',
    )
  },
}

export const config: Command = container({
  name: 'config',
  code: 42,
  group: 'server',
  since: '2.0.0',
  summary: "Settings by Redis's names.",
  differs: 'Settings are those of the table below. REWRITE is refused.',
  subcommands: [configGet, configSet, configResetstat, configRewrite],
})
