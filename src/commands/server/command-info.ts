import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { categoriesOf } from '../categories.js'
import { toldFlags, type Command, type Subcommand } from '../command.js'
import type { Registry } from '../registry.js'

/** Flags of all subcommands of COMMAND. */
export const FLAGS = ['loading', 'stale'] as const

/** A command, or one of its subcommands, under the name that COMMAND gives it. */
export interface Entry {
  readonly name: string
  readonly command: Command
  readonly subcommand?: Subcommand
}

export const ANY = (): boolean => true

/** A command and its subcommands. */
export function entriesOf(command: Command): Entry[] {
  const own = { name: command.name, command }
  return [own, ...(command.subcommands ?? []).map((it) => subentry(command, it))]
}

function subentry(command: Command, subcommand: Subcommand): Entry {
  return { name: `${command.name}|${subcommand.name}`, command, subcommand }
}

/** What the arguments behind the subcommand name; all commands where there are none. */
export function named(registry: Registry, args: Args): (Entry | undefined)[] {
  if (args.count <= 2) return registry.all.map((command) => ({ name: command.name, command }))
  const entries: (Entry | undefined)[] = []
  for (let i = 2; i < args.count; i++) entries.push(find(registry, args.text(i).toLowerCase()))
  return entries
}

function find(registry: Registry, name: string): Entry | undefined {
  const [first] = name.split('|', 1)
  const command = registry.all.find((it) => it.name === first)
  return command === undefined ? undefined : entriesOf(command).find((entry) => entry.name === name)
}

export function writeInfos(reply: ReplyWriter, entries: readonly (Entry | undefined)[]): void {
  reply.array(entries.length)
  for (const entry of entries) {
    if (entry === undefined) reply.nil()
    else writeInfo(reply, entry)
  }
}

function writeInfo(reply: ReplyWriter, { name, command, subcommand }: Entry): void {
  const { arity, flags } = subcommand ?? command
  const keys = subcommand === undefined ? (command.toldKeys ?? command.keys) : subcommand.keys
  const told = toldFlags(flags)
  reply.array(10)
  reply.bulkText(name)
  reply.integer(arity)
  reply.set(told.length)
  for (const flag of told) reply.simple(flag)
  reply.integer(keys?.first ?? 0)
  reply.integer(keys?.last ?? 0)
  reply.integer(keys?.step ?? 0)
  const categories = categoriesOf(command, flags, subcommand !== undefined)
  reply.set(categories.length)
  for (const category of categories) reply.simple(`@${category}`)
  reply.set(0) // tips
  reply.set(0) // key specifications
  const subcommands = subcommand === undefined ? (command.subcommands ?? []) : []
  // As in Redis, where there are none is a set.
  if (subcommands.length === 0) reply.set(0)
  else reply.array(subcommands.length)
  for (const it of subcommands) writeInfo(reply, subentry(command, it))
}

export function writeDocs(reply: ReplyWriter, entries: readonly (Entry | undefined)[]): void {
  const known = entries.filter((it) => it !== undefined)
  reply.map(known.length)
  for (const { name, command, subcommand } of known) {
    reply.bulkText(name)
    writeDoc(reply, command, subcommand)
  }
}

function writeDoc(reply: ReplyWriter, command: Command, subcommand: Subcommand | undefined): void {
  const { since } = subcommand ?? command
  const subcommands = subcommand === undefined ? command.subcommands : undefined
  reply.map(subcommands === undefined ? 3 : 4)
  reply.bulkText('summary')
  reply.bulkText(subcommand === undefined ? command.summary : summaryOf(subcommand))
  reply.bulkText('since')
  reply.bulkText(since)
  reply.bulkText('group')
  reply.bulkText(command.group)
  if (subcommands === undefined) return
  reply.bulkText('subcommands')
  reply.map(subcommands.length)
  for (const it of subcommands) {
    reply.bulkText(`${command.name}|${it.name}`)
    writeDoc(reply, command, it)
  }
}

/** The sentence that HELP has. */
function summaryOf({ help }: Subcommand): string {
  return help.length === 0 ? 'Prints this help.' : help[1]!.trim()
}
