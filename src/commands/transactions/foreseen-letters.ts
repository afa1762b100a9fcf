import { CLASS_SIZES } from '../../../segments/index.js'
import { copiedSize } from '../../models/objects/object-copy.js'
import type { ObjectState } from '../../models/objects/object-state.js'
import { entryRecordSize, TOMBSTONE_SIZE } from '../../models/streams/stream-writes.js'
import { Stream } from '../../models/streams/stream.js'
import { Args } from '../../protocol/resp/args.js'
import type { ForeseenLetters } from '../command.js'

/** Bytes that a dead letter takes beside what its entry has, and beside names of streams, groups and consumers; with its end as pending. */
export const LETTER_SIZE = entryRecordSize(10, 256) + TOMBSTONE_SIZE

/** Dead-letter streams that an object has now. */
export function lettersOf(object: ObjectState | null): ForeseenLetters {
  const letters: ForeseenLetters = { keys: new Set<string>(), nameSizeMax: 0, entrySizeMax: 0 }
  if (!(object instanceof Stream)) return letters
  const { deadLetter = '', deadLetterAfter = 0 } = object.settings?.values ?? {}
  if (deadLetterAfter > 0) letters.keys.add(deadLetter)
  letters.entrySizeMax = copiedSize({ recordsSize: CLASS_SIZES[object.entries.sizeClassMax]! })
  for (const group of object.groups.values()) {
    letters.nameSizeMax = Math.max(letters.nameSizeMax, group.name.length)
    for (const name of group.consumers.keys()) letters.nameSizeMax = Math.max(letters.nameSizeMax, name.length)
  }
  return letters
}

/** A key, a character a byte, as if it were an argument. */
export function keyArgs(key: string): Args {
  const args = new Args(1)
  args.buf = Buffer.from(key, 'latin1')
  args.ends[0] = args.buf.length
  args.count = 1
  return args
}
