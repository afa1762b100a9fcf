import { KIND } from './models/kinds.js'
import { ENTRY_HEADER_SIZE, forEachText, textCountAt, TEXT_HEADER_SIZE } from './models/streams/entry-record.js'
import {
  CONSUMER_SIZE,
  decodeConsumer,
  decodeGroup,
  decodePending,
  GROUP_SIZE,
  PENDING_SIZE,
} from './models/streams/group-records.js'
import { decodeSettings, SETTINGS_SIZE, type StreamSettings } from './models/streams/settings-record.js'
import { decodeState, STATE_SIZE } from './models/streams/state-record.js'
import { StreamId } from './models/streams/stream-id.js'

/** What the value of a stream's member says. Offsets name other records: those of the group, the consumer, the entry. */
export type MemberValue =
  | { readonly kind: 'entry'; readonly id: string; readonly texts: readonly Buffer[] }
  | { readonly kind: 'state'; readonly lastId: string; readonly maxDeletedId: string; readonly added: number }
  | { readonly kind: 'group'; readonly name: Buffer; readonly lastId: string }
  | { readonly kind: 'consumer'; readonly name: Buffer; readonly group: number; readonly seenMs: number }
  | {
      readonly kind: 'pending'
      readonly id: string
      readonly consumer: number
      readonly timeMs: number
      readonly count: number
    }
  | { readonly kind: 'settings'; readonly settings: Omit<StreamSettings, 'deadLetter'>; readonly deadLetter: Buffer }

/**
 * Reads the value of a stream's member, of what stands in a log.
 * @param value of a record of that kind that is no tombstone
 * @returns null: the kind has a value that is nothing but bytes, or these are not what it should have
 */
export function memberValue(kind: number, value: Buffer): MemberValue | null {
  const { length } = value
  const id = new StreamId()
  switch (kind) {
    case KIND.streamEntry: {
      const texts = length < ENTRY_HEADER_SIZE ? null : textsOf(value)
      return texts === null ? null : { kind: 'entry', id: id.read(value, 0).toString(), texts }
    }
    case KIND.streamState: {
      if (length !== STATE_SIZE) return null
      const facts = { lastId: id, maxDeletedId: new StreamId(), added: 0, floor: 0 }
      decodeState(value, 0, facts)
      return { kind: 'state', lastId: id.toString(), maxDeletedId: facts.maxDeletedId.toString(), added: facts.added }
    }
    case KIND.group: {
      if (length < GROUP_SIZE) return null
      const { name } = decodeGroup(value, id)
      return { kind: 'group', name: Buffer.from(name, 'latin1'), lastId: id.toString() }
    }
    case KIND.consumer: {
      if (length < CONSUMER_SIZE) return null
      const { name, group, seenMs } = decodeConsumer(value)
      return { kind: 'consumer', name: Buffer.from(name, 'latin1'), group, seenMs }
    }
    case KIND.pending: {
      if (length !== PENDING_SIZE) return null
      const { consumer, timeMs, count } = decodePending(value, id)
      return { kind: 'pending', id: id.toString(), consumer, timeMs, count }
    }
    case KIND.streamSettings: {
      if (length < SETTINGS_SIZE) return null
      const { deadLetter, ...settings } = decodeSettings(value)
      return { kind: 'settings', settings, deadLetter: Buffer.from(deadLetter, 'latin1') }
    }
    default:
      return null
  }
}

function textsOf(value: Buffer): Buffer[] | null {
  if (textCountAt(value, 0) > (value.length - ENTRY_HEADER_SIZE) / TEXT_HEADER_SIZE) return null
  const texts: Buffer[] = []
  let last = ENTRY_HEADER_SIZE
  forEachText(value, 0, (start, end) => {
    texts.push(value.subarray(start, end))
    last = end
  })
  return last === value.length ? texts : null
}
