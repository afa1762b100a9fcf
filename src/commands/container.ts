import { type Command, type Context, type Subcommand } from './command.js'
import type { Args } from '../protocol/resp/args.js'

/** What a command that consists of its subcommands says of itself. */
type ContainerFacts = Pick<Command, 'name' | 'code' | 'group' | 'since' | 'summary'> &
  Partial<Pick<Command, 'differs' | 'valuesSize' | 'rehearse'>> & { readonly subcommands: readonly Subcommand[] }

/** A command that is told what to do by the word behind its name; HELP is added. */
export function container(facts: ContainerFacts): Command {
  const subcommands = [...facts.subcommands, helpOf(facts)].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    ...facts,
    subcommands,
    arity: -2,
    flags: [],
    run: (context, args) => runSubcommand(subcommands, context, args),
  }
}

/** The dispatcher has seen that the word is one of them, and that it has as many arguments as it must. */
export function runSubcommand(subcommands: readonly Subcommand[], context: Context, args: Args): void {
  findSubcommand(subcommands, args, 1)!.run(context, args)
}

/** The subcommand that argument `i` names, in any case. */
export function findSubcommand(subcommands: readonly Subcommand[], args: Args, i: number): Subcommand | undefined {
  const size = args.size(i)
  return subcommands.find(({ name }) => name.length === size && args.equalsIgnoreCase(i, name.toUpperCase()))
}

/** HELP of a container, in the form that Redis gives it. */
export function helpOf({
  name,
  since,
  subcommands,
}: Pick<ContainerFacts, 'name' | 'since' | 'subcommands'>): Subcommand {
  const lines = [
    `${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...subcommands.flatMap((it) => it.help),
    ...['HELP', '    Prints this help.'],
  ]
  return {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since,
    help: [],
    run({ reply }) {
      reply.array(lines.length)
      for (const line of lines) reply.simple(line)
    },
  }
}
