import type { RecordView } from '../../segments/index.js'
import { CAUSE, KIND } from '../models/kinds.js'

/** An event of a key: Redis's name of it, and the letter of its class in `notify-keyspace-events`. */
export interface KeyEvent {
  readonly name: string
  readonly type: '$' | 'g' | 'x' | 'l' | 't'
}

const event = (name: string, type: KeyEvent['type']): KeyEvent => ({ name, type })

const SET = event('set', '$')
const INCRBY = event('incrby', '$')
const EXPIRE = event('expire', 'g')
const PERSIST = event('persist', 'g')
const COPY_TO = event('copy_to', 'g')
export const DEL = event('del', 'g')
const EXPIRED = event('expired', 'x')
export const RENAME_FROM = event('rename_from', 'g')
export const RENAME_TO = event('rename_to', 'g')

/** Of a value that was written, by the name of the command; others: `set`. */
const OF_VALUE: ReadonlyMap<string, KeyEvent> = new Map([
  ...['incr', 'incrby', 'decr', 'decrby'].map((name) => [name, INCRBY] as const),
  ...['append', 'incrbyfloat', 'setrange', 'setbit'].map((name) => [name, event(name, '$')] as const),
  ['copy', COPY_TO],
  ['rename', RENAME_TO],
  ['renamenx', RENAME_TO],
])

/** Commands that set a time; others that write one keep what the key had. */
const SETS_TIME = new Set(['set', 'setex', 'psetex', 'getex', 'expire', 'pexpire', 'expireat', 'pexpireat', 'flin.set'])
const RENAMES = new Set(['rename', 'renamenx'])

/**
 * What a record of the log says has become of its key; null: nothing that Redis has an event for.
 * @param commandName of what caused the record; undefined: no command did
 */
export function keyEventOf(
  { kind, isTombstone, command }: RecordView,
  commandName: string | undefined,
): KeyEvent | null {
  if (kind === KIND.string) {
    if (!isTombstone) return OF_VALUE.get(commandName ?? '') ?? SET
    if (command === CAUSE.expired) return EXPIRED
    if (commandName === 'copy') return null
    return RENAMES.has(commandName ?? '') ? RENAME_FROM : DEL
  }
  if (kind === KIND.list || kind === KIND.stream) {
    if (RENAMES.has(commandName ?? '')) return RENAME_TO
    return commandName === 'copy' ? COPY_TO : null
  }
  if (kind !== KIND.expiry) return null
  if (isTombstone) return PERSIST
  return SETS_TIME.has(commandName ?? '') ? EXPIRE : null
}
