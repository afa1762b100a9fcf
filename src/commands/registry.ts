import type { Args } from '../protocol/resp/args.js'
import type { Command } from './command.js'

/** All commands by name, found without making a string of the name. */
export class Registry {
  readonly all: readonly Command[]
  /** Buckets by length and first and last letter: few enough that comparing the names is quick. */
  readonly #buckets: (Entry[] | undefined)[] = new Array<Entry[] | undefined>(4096)

  constructor(commands: readonly Command[]) {
    this.all = [...commands].sort((a, b) => (a.name < b.name ? -1 : 1))
    const codes = new Set<number>()
    const names = new Set<string>()
    for (const command of commands) {
      if (codes.has(command.code)) throw new RangeError(`two commands have code ${command.code}`)
      codes.add(command.code)
      if (names.has(command.name)) throw new RangeError(`two commands have the name ${command.name}`)
      names.add(command.name)
      const name = Buffer.from(command.name)
      const at = bucket(name, 0, name.length)
      ;(this.#buckets[at] ??= []).push({ name, command })
    }
  }

  /** The command that argument `i` names, in any case. */
  find(args: Args, i: number): Command | undefined {
    const start = args.starts[i]!
    const end = args.ends[i]!
    if (end === start) return undefined
    const entries = this.#buckets[bucket(args.buf, start, end)]
    if (entries === undefined) return undefined
    for (let j = 0; j < entries.length; j++) {
      if (hasName(args.buf, start, end, entries[j]!.name)) return entries[j]!.command
    }
    return undefined
  }

  byCode(code: number): Command | undefined {
    return this.all.find((command) => command.code === code)
  }
}

interface Entry {
  readonly name: Buffer
  readonly command: Command
}

function bucket(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start]! & 0x1f
  const last = bytes[end - 1]! & 0x1f
  return (((end - start) & 3) << 10) | (first << 5) | last
}

function hasName(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) {
    let byte = bytes[start + i]!
    if (byte >= 65 && byte <= 90) byte |= 32
    if (byte !== name[i]) return false
  }
  return true
}
