import type { MemberValue } from '../../src/inspection.js'
import { bytesJson, cut, escapeBytes, isoTime } from '../text.js'

/** A value in quotes, of which `size` bytes are shown. */
export function valueText(value: Buffer, size: number): string {
  const shown = cut(value, size)
  const rest = shown.length < value.length ? `... (${value.length} bytes)` : ''
  return `"${escapeBytes(shown)}"${rest}`
}

/** What a stream's member says, on one line; of an entry's names and values about `size` bytes are shown. */
export function memberText(member: MemberValue, size: number): string {
  switch (member.kind) {
    case 'entry': {
      const shown = textsWithin(member.texts, size)
      const rest = member.texts.length - shown.length
      const texts = shown.map((text) => valueText(text, size))
      return [member.id, ...texts, ...(rest > 0 ? [`... (${rest} more)`] : [])].join(' ')
    }
    case 'state':
      return `last ${member.lastId}, deleted up to ${member.maxDeletedId}, ${member.added} added`
    case 'group':
      return `${valueText(member.name, size)} is at ${member.lastId}`
    case 'consumer':
      return `${valueText(member.name, size)} of group ${member.group}, seen ${isoTime(member.seenMs)}`
    case 'pending': {
      const times = member.count === 1 ? 'once' : `${member.count} times`
      return `${member.id} with consumer ${member.consumer}, delivered ${times}, last ${isoTime(member.timeMs)}`
    }
    case 'settings': {
      const { maxAgeMs, maxBytes, maxLen, isAcked, deadLetterAfter } = member.settings
      const letters = deadLetterAfter > 0 ? [`to ${valueText(member.deadLetter, size)} after ${deadLetterAfter}`] : []
      const bounds = [
        maxAgeMs > 0 && `${maxAgeMs} ms`,
        maxBytes > 0 && `${maxBytes} bytes`,
        maxLen > 0 && `${maxLen} entries`,
      ]
      const kept = bounds.filter((it) => it !== false)
      const all = [
        ...(kept.length > 0 ? [`keeps ${kept.join(', ')}`] : []),
        ...(isAcked ? ['and what is not acknowledged'] : []),
      ]
      return [...all, ...letters].join(' ')
    }
  }
}

/** The same for `--json`: bytes as text where they are UTF-8, as base64 where not. */
export function memberJson(member: MemberValue, size: number): Record<string, unknown> {
  switch (member.kind) {
    case 'entry': {
      const shown = textsWithin(member.texts, size)
      return {
        id: member.id,
        textCount: member.texts.length,
        texts: shown.map((text) => bytesJson('text', cut(text, size))),
      }
    }
    case 'state': {
      const { lastId, maxDeletedId, added } = member
      return { lastId, maxDeletedId, added }
    }
    case 'group':
      return { ...bytesJson('name', member.name), lastId: member.lastId }
    case 'consumer': {
      const { name, group, seenMs } = member
      return { ...bytesJson('name', name), group, seen: isoTime(seenMs) }
    }
    case 'pending': {
      const { id, consumer, timeMs, count } = member
      return { id, consumer, time: isoTime(timeMs), count }
    }
    case 'settings':
      return { ...member.settings, ...(member.deadLetter.length > 0 ? bytesJson('deadLetter', member.deadLetter) : {}) }
  }
}

/** The first texts, until they have `size` bytes together. */
function textsWithin(texts: readonly Buffer[], size: number): readonly Buffer[] {
  let left = size
  const end = texts.findIndex((text) => {
    if (left <= 0) return true
    left -= text.length
    return false
  })
  return end < 0 ? texts : texts.slice(0, end)
}
