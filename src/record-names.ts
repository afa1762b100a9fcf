import { ALL_COMMANDS } from './commands/all.js'
import { CAUSE, KIND } from './models/kinds.js'

const CAUSE_NAMES = new Map<number, string>([
  ...Object.entries(CAUSE).map(([name, code]) => [code, name] as const),
  ...ALL_COMMANDS.map(({ name, code }) => [code, name] as const),
])
const KIND_NAMES = new Map<number, string>(Object.entries(KIND).map(([name, kind]) => [kind, name]))

/** What caused a record: a command's name, or `expired`; the bare number when a later Flin wrote it. */
export function causeName(code: number): string {
  return CAUSE_NAMES.get(code) ?? String(code)
}

/** Name of a kind of entity; the bare number when a later Flin wrote it. */
export function kindName(kind: number): string {
  return KIND_NAMES.get(kind) ?? String(kind)
}

export type DatumMeaning = 'time' | 'offset' | 'id' | 'duration' | 'floor' | 'number'

/**
 * What the datum of a record is that is no member's: when a key expires, in ms since 1970; the first offset that a tombstone may bury; the
 * id of a key's object; how long a message stays, in ms; from which offset on messages are held.
 */
export function datumMeaning(kind: number, isTombstone: boolean): DatumMeaning {
  return isTombstone ? 'offset' : (DATUM_MEANINGS.get(kind) ?? 'number')
}

const DATUM_MEANINGS = new Map<number, DatumMeaning>([
  [KIND.expiry, 'time'],
  [KIND.list, 'id'],
  [KIND.stream, 'id'],
  [KIND.message, 'duration'],
  [KIND.messageFloor, 'floor'],
])
