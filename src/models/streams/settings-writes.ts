import type { Keyspace } from '../keyspace.js'
import { KIND } from '../kinds.js'
import { MEMBER_OVERHEAD, type MemberRecords } from '../objects/member-records.js'
import { encodeSettings, SETTINGS_SIZE, SettingsMember, type StreamSettings } from './settings-record.js'
import type { Stream } from './stream.js'

/*
 * What is written of a stream's settings: each function appends one record and applies it at once. The log has been promised its size,
 * and whoever calls tells the keyspace in the end that the stream has changed.
 */

/** Bytes that the record takes. */
export function settingsRecordSize(deadLetterSize: number): number {
  return MEMBER_OVERHEAD + SETTINGS_SIZE + deadLetterSize
}

/** Gives settings to a stream that has none. */
export function addSettings(members: MemberRecords, command: number, stream: Stream, values: StreamSettings): void {
  const { appender } = members.log
  const bytes = encodeSettings(values)
  const order = members.appendLast(stream, KIND.streamSettings, command, bytes, 0, bytes.length)
  const { segmentNumber, position, recordSize } = appender
  stream.settings = new SettingsMember(values, order, segmentNumber, position, recordSize)
  stream.applyMember(stream.settings)
}

/** Gives a stream other settings than it has; null: none any more. */
export function setSettings(keyspace: Keyspace, stream: Stream, values: StreamSettings | null): void {
  const { members, command, log } = keyspace
  const { settings } = stream
  if (values === null) {
    if (settings === null) return
    members.tombstone(stream, KIND.streamSettings, command, settings.order)
    stream.applyMemberRemoval(settings)
    stream.settings = null
  } else if (settings === null) addSettings(members, command, stream, values)
  else {
    const bytes = encodeSettings(values)
    members.append(stream, KIND.streamSettings, command, settings.order, bytes, 0, bytes.length)
    const { segmentNumber, position, recordSize } = log.appender
    stream.applyMemberPlace(settings, segmentNumber, position, recordSize)
    settings.values = values
    settings.dueMs = 0
  }
}
