import { KIND } from '../kinds.js'
import { longAt, putLong } from './stream-id.js'
import { StreamMember } from './stream-member.js'

/*
 * The value of the record of a stream's settings; all numbers low byte first:
 *
 *   settings = age:u64 bytes:u64 count:u64 after:u64 flags:u64 letters
 *
 * `age` is in ms; 0 of any number: it is switched off. Bit 0 of `flags`: only what all groups have acknowledged goes. `letters` is the
 * key of the dead-letter stream and reaches to the end of the value.
 */

const BYTES_AT = 8
const COUNT_AT = 16
const AFTER_AT = 24
const FLAGS_AT = 32
const LETTERS_AT = 40
const ACKED = 1

/** Bytes of the value without the name of the dead-letter stream. */
export const SETTINGS_SIZE = LETTERS_AT

/** What a stream does by itself. 0: it does not. */
export interface StreamSettings {
  /** Entries go that have been in the log for so long, in ms. */
  readonly maxAgeMs: number
  /** Entries go that are too many, by the bytes that their records take in the log; the newest one stays. */
  readonly maxBytes: number
  /** Entries go that are more than so many. */
  readonly maxLen: number
  /** Whether nothing goes that some group has not been given, or has not acknowledged. */
  readonly isAcked: boolean
  /** Key of the stream to which entries go that have been delivered {@link deadLetterAfter} times; a character a byte. */
  readonly deadLetter: string
  readonly deadLetterAfter: number
}

export const NO_SETTINGS: StreamSettings = {
  maxAgeMs: 0,
  maxBytes: 0,
  maxLen: 0,
  isAcked: false,
  deadLetter: '',
  deadLetterAfter: 0,
}

/** Settings of a stream, and where their record lies. */
export class SettingsMember extends StreamMember {
  values: StreamSettings
  /** No entry is too old before this time, in ms since 1970. */
  dueMs = 0

  constructor(values: StreamSettings, order: number, segment: number, position: number, size: number) {
    super(KIND.streamSettings, order, segment, position, size)
    this.values = values
  }

  /** Whether entries may go by themselves. */
  get isRetaining(): boolean {
    const { maxAgeMs, maxBytes, maxLen } = this.values
    return maxAgeMs > 0 || maxBytes > 0 || maxLen > 0
  }
}

export function encodeSettings(settings: StreamSettings): Buffer {
  const { maxAgeMs, maxBytes, maxLen, isAcked, deadLetter, deadLetterAfter } = settings
  const bytes = Buffer.alloc(LETTERS_AT + deadLetter.length)
  putLong(bytes, 0, maxAgeMs)
  putLong(bytes, BYTES_AT, maxBytes)
  putLong(bytes, COUNT_AT, maxLen)
  putLong(bytes, AFTER_AT, deadLetterAfter)
  putLong(bytes, FLAGS_AT, isAcked ? ACKED : 0)
  bytes.write(deadLetter, LETTERS_AT, 'latin1')
  return bytes
}

export function decodeSettings(value: Buffer): StreamSettings {
  return {
    maxAgeMs: longAt(value, 0),
    maxBytes: longAt(value, BYTES_AT),
    maxLen: longAt(value, COUNT_AT),
    isAcked: longAt(value, FLAGS_AT) === ACKED,
    deadLetter: value.toString('latin1', LETTERS_AT),
    deadLetterAfter: longAt(value, AFTER_AT),
  }
}
