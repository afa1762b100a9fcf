import type { RecordView } from '../../segments/index.js'
import { CAUSE, KIND } from '../models/kinds.js'
import type { ObjectChange } from '../models/objects/change-journal.js'

/** Commands by whose names Redis calls what they do to a list, whichever way they do it. */
const LIST_EVENTS: ReadonlySet<string> = new Set(['lset', 'linsert', 'lrem', 'ltrim'])
/** A claim adds to the dead-letter stream what it gives up. */
const ADDS_ENTRY: ReadonlySet<string> = new Set(['xadd', 'flin.xadd', 'xclaim', 'xautoclaim'])

/**
 * Redis's name of what a record of a list's or a stream's member says; null: it has none, as what consumers do with their entries.
 * @param commandName of what caused the record
 * @param offset of the record
 */
export function memberEventOf(
  { kind, isTombstone, datum, command }: RecordView,
  commandName: string,
  offset: number,
  { side }: ObjectChange,
): string | null {
  if (commandName === 'copy') return null
  // A new one is told by its order, which is its own offset.
  const isNew = !isTombstone && Math.abs(datum) === offset
  switch (kind) {
    case KIND.listItem:
      if (LIST_EVENTS.has(commandName)) return commandName
      if (isTombstone) return popEvent(side)
      return datum < 0 ? 'lpush' : 'rpush'
    case KIND.streamEntry:
      if (isTombstone) return 'xdel'
      return ADDS_ENTRY.has(commandName) ? 'xadd' : null
    case KIND.streamState:
      if (ADDS_ENTRY.has(commandName) || commandName === 'xtrim' || command === CAUSE.retained) return 'xtrim'
      return commandName === 'xsetid' ? 'xsetid' : null
    case KIND.group:
      if (isTombstone) return 'xgroup-destroy'
      if (isNew) return 'xgroup-create'
      return commandName === 'xgroup' ? 'xgroup-setid' : null
    case KIND.consumer:
      if (isTombstone) return 'xgroup-delconsumer'
      return isNew ? 'xgroup-createconsumer' : null
    default:
      return null
  }
}

/** What is told of a list that ends with its last items; null: it was removed as a whole. */
export function lastEventOf(commandName: string, { side }: ObjectChange): string | null {
  if (LIST_EVENTS.has(commandName)) return commandName
  return popEvent(side)
}

function popEvent(side: ObjectChange['side']): string | null {
  if (side === null) return null
  return side === 'left' ? 'lpop' : 'rpop'
}
