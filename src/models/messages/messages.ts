import { RECORD_FLAG, Retention, type Log, type ReplayedRecord } from '../../../segments/index.js'
import { KIND, RECORD_OVERHEAD } from '../kinds.js'
import { MessageRules } from './message-rules.js'

/** Codes of the commands that publish: a record of the second goes to those who subscribed to a shard's channel. */
export const MESSAGE_COMMAND = { publish: 280, spublish: 286 } as const

const NOTHING = Buffer.alloc(0)
const HOUR_MS = 3_600_000
const MIB = 1024 * 1024

/** How long messages stay unless something else was asked for, in ms; and how many bytes of them in all. */
export const MESSAGE_AGE_MS = HOUR_MS
export const MESSAGES_SIZE = 256 * MIB

/**
 * The messages of all channels, as they lie in the log. Nobody removes one: they go by age, each by the one that stands in its
 * datum, and by the size of them all. What is held is known by segment, so memory does not grow with their number.
 */
export class Messages {
  readonly rules = new MessageRules(MESSAGE_AGE_MS)
  readonly #log: Log
  readonly #retention: Retention
  #sizeMax = MESSAGES_SIZE
  /** Rises with every floor. */
  floorCount = 0

  constructor(log: Log) {
    this.#log = log
    const kinds = { kind: KIND.message, floorKind: KIND.messageFloor, isAgeInDatum: true, size: MESSAGES_SIZE }
    this.#retention = new Retention(log, [kinds])
  }

  /** Whether these are records of messages, or say how far they are held. */
  covers(kind: number): boolean {
    return kind === KIND.message || kind === KIND.messageFloor
  }

  /** So many bytes of messages are held at least, the newest ones. */
  get sizeMax(): number {
    return this.#sizeMax
  }

  set sizeMax(size: number) {
    this.#retention.setRule(KIND.message, { size })
    this.#sizeMax = size
  }

  /** Bytes of messages that are held, give or take some hundredths. */
  get size(): number {
    return this.#retention.sizeOf(KIND.message)
  }

  /**
   * Appends a message to a channel; `channel[start..end)` and `payload[from..to)`. The log has been promised
   * {@link messageSize} bytes. Returns its offset.
   * @param ageMs so long it stays, at least, and unless there are too many: more than 0
   * @throws FlinError KEY_TOO_LARGE
   */
  append(
    command: number,
    ageMs: number,
    channel: Buffer,
    start: number,
    end: number,
    payload: Buffer,
    from: number,
    to: number,
  ): number {
    const { appender, hasher } = this.#log
    hasher.hash(channel, start, end)
    const { hi, lo } = hasher
    const flags = RECORD_FLAG.datum
    // prettier-ignore
    const offset = appender.append(
      KIND.message, flags, command, ageMs, 0, hi, lo, channel, start, end, payload, from, to,
    )
    const { segmentNumber, position, recordSize } = appender
    this.#retention.apply({ kind: KIND.message, segmentNumber, position, size: recordSize, datum: ageMs })
    return offset
  }

  /** Applies a record that this {@link covers}: a replay hands over all of them, in order. */
  replay(record: ReplayedRecord): void {
    this.#retention.apply(record)
    if (record.kind === KIND.messageFloor) this.floorCount++
  }

  /**
   * Lets go of what is too old, or too much: appends a record for each floor that rises, most often none.
   * @throws FlinError when the log takes no writes now
   */
  retain(): void {
    const { appender, hasher } = this.#log
    for (const { key, datum = 0 } of this.#retention.plan()) {
      const bytes = Buffer.from(key)
      appender.begin(RECORD_OVERHEAD + bytes.length, true)
      hasher.hash(bytes, 0, bytes.length)
      const { hi, lo } = hasher
      const flags = RECORD_FLAG.datum
      appender.append(KIND.messageFloor, flags, 0, datum, 0, hi, lo, bytes, 0, bytes.length, NOTHING, 0, 0)
      const { segmentNumber, position, recordSize } = appender
      this.#retention.apply({ kind: KIND.messageFloor, segmentNumber, position, size: recordSize, datum, hi, lo })
      this.floorCount++
    }
  }

  /** All messages of the pattern's channels from this offset on are held. */
  heldFrom(pattern: Buffer): number {
    const retention = this.#retention
    let from = retention.floorOf(KIND.message)
    const ages = new Set([...retention.agesOf(KIND.message), ...this.rules.ages()])
    for (const ageMs of ages) {
      if (this.rules.mayHave(pattern, ageMs)) from = Math.max(from, retention.floorOf(KIND.message, ageMs))
    }
    // Messages whose time is in no rule now may have been of any channel.
    return Math.max(from, retention.orphanFloorOf(KIND.message))
  }

  /** The first offset, from this one on, at which a message may lie: stretches of the log without any are passed over. */
  seek(offset: number): number {
    for (const { number, sealed, endOffset, baseOffset } of this.#log.segments) {
      if (endOffset <= offset && sealed) continue
      if (!sealed || this.#retention.countIn(number) > 0) return Math.max(offset, baseOffset)
    }
    return offset
  }

  isLive(record: ReplayedRecord): boolean {
    return this.#retention.isLive(record)
  }

  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    return this.#retention.moved(record, segmentNumber, position)
  }

  /** How many of the records in a segment are held. */
  countIn(segmentNumber: number): number {
    return this.#retention.countIn(segmentNumber)
  }
}

/** Bytes that a message takes in the log, at most. */
export function messageSize(channelSize: number, payloadSize: number): number {
  return RECORD_OVERHEAD + channelSize + payloadSize
}
