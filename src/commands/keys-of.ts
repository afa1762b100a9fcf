import { checkKeySize, type Place } from '../../segments/index.js'
import type { Keyspace } from '../models/keyspace.js'
import type { Args } from '../protocol/resp/args.js'
import type { Command, CommandFlag, KeySpec } from './command.js'
import { findSubcommand } from './container.js'

/** Argument `i` as a name of a key that can be compared: its bytes as latin1. */
export function keyName({ buf, starts, ends }: Args, i: number): string {
  return buf.toString('latin1', starts[i], ends[i])
}

/** Which arguments are keys: the command's own, or those of its subcommand. */
export function keySpecOf(command: Command, args: Args): KeySpec | undefined {
  if (command.subcommands === undefined || args.count < 2) return command.keys
  return findSubcommand(command.subcommands, args, 1)?.keys
}

/** The command's own flags, or those of its subcommand. */
export function flagsOf(command: Command, args: Args): readonly CommandFlag[] {
  if (command.subcommands === undefined || args.count < 2) return command.flags
  return findSubcommand(command.subcommands, args, 1)?.flags ?? command.flags
}

/** Whether a command may write into the log. */
export function mayAppend(command: Command, args: Args): boolean {
  const flags = flagsOf(command, args)
  return flags.includes('write') || flags.includes('appends')
}

/** Calls `visit` with the number of each argument that is a key. */
export function forEachKey(command: Command, args: Args, visit: (i: number) => void): void {
  if (command.findKeys !== undefined) {
    command.findKeys(args, visit)
    return
  }
  const spec = keySpecOf(command, args)
  if (spec === undefined) return
  const last = spec.last < 0 ? args.count + spec.last : spec.last
  for (let i = spec.first; i <= last && i < args.count; i += spec.step) visit(i)
}

/**
 * For what could not be undone half-way: a command that writes several keys, and a transaction.
 * @throws FlinError KEY_TOO_LARGE when the log could not take one of the keys.
 */
export function checkKeySizes(command: Command, args: Args): void {
  forEachKey(command, args, (i) => {
    checkKeySize(args.size(i))
  })
}

/** Adds the places of all records that the command's keys need and memory does not have. */
export function collectCold(keyspace: Keyspace, command: Command, args: Args, places: Place[]): void {
  forEachKey(command, args, (i) => {
    keyspace.collectCold(args.buf, args.starts[i]!, args.ends[i]!, places)
  })
}

/** Finds the keys of a command whose argument `at` says how many follow on it; none where there are not as many. */
export function keysCountedAt(at: number): NonNullable<Command['findKeys']> {
  return (args, visit) => {
    const count = args.integer(at)
    if (count >= 1 && count < args.count - at) for (let i = at + 1; i <= at + count; i++) visit(i)
  }
}
