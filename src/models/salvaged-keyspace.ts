import { BATCH_HEADER_SIZE, FlinError, lostOffsets, type Log, type ReplayedRecord } from '../../segments/index.js'
import { Keyspace } from './keyspace.js'
import { KIND } from './kinds.js'

/** The last stretch of the log that is lost: what lies behind it in the log has seen no loss. */
interface Loss {
  readonly segmentNumber: number
  readonly position: number
  /** Behind the last offset that may be among it. */
  readonly endOffset: number
  readonly error: FlinError
}

/**
 * Keys of a damaged log that is served. Records that are lost may have changed, made or removed any key, so a key is known only
 * when its newest record lies behind all that is lost; every other one, be it absent or there with an older value, is
 * answered with LOG_CORRUPT. So is one with an object that was created before. A removal of all keys behind all that is lost makes everything known again.
 */
export class SalvagedKeyspace extends Keyspace {
  /** Place of the last removal of all keys. */
  #floorSegment = -1
  #floorPosition = 0
  /** Undefined until it is first asked for, which is after the replay; null: nothing that matters is lost. */
  #found: Loss | null | undefined = undefined

  override replay(record: ReplayedRecord): Promise<void> | undefined {
    if (record.kind === KIND.floor) {
      this.#floorSegment = record.segmentNumber
      this.#floorPosition = record.position
    }
    return super.replay(record)
  }

  /**
   * Every look-up comes here, those of `find` among them.
   * @throws FlinError LOG_CORRUPT when nobody knows; and as Keyspace.findHashed.
   */
  override findHashed(hi: number, lo: number, key: Buffer, start: number, end: number): boolean {
    const isAlive = super.findHashed(hi, lo, key, start, end)
    const loss = this.#loss
    if (loss !== null && !this.isFoundNewest) throw loss.error
    if (loss !== null && !this.isString && this.#mayLackMembers(loss)) throw loss.error
    return isAlive
  }

  /** A rename writes the key's record anew, and no member's: the object's id tells since when there may be some. */
  #mayLackMembers({ endOffset }: Loss): boolean {
    return this.record.datum < endOffset
  }

  override readonly isNewest = (segmentNumber: number, position: number): boolean => {
    const loss = this.#loss
    return loss === null || isBehind(segmentNumber, position, loss)
  }

  override checkWhole(): void {
    const loss = this.#loss
    if (loss !== null) throw loss.error
  }

  get #loss(): Loss | null {
    if (this.#found === undefined) this.#found = lastLoss(this.log, this.#floorSegment, this.#floorPosition)
    return this.#found
  }
}

/** Segments are numbered in the order of the log: nothing is compacted that is damaged. */
function isBehind(segmentNumber: number, position: number, loss: Loss): boolean {
  return segmentNumber > loss.segmentNumber || (segmentNumber === loss.segmentNumber && position > loss.position)
}

function lastLoss({ damages, segments }: Log, floorSegment: number, floorPosition: number): Loss | null {
  for (const { segment, damage } of damages.toReversed()) {
    const { position, size, firstOffset, endOffset } = damage
    // What only says how far the log was durable is missed by nobody. A record would be larger.
    if (endOffset !== null && endOffset <= firstOffset && size <= BATCH_HEADER_SIZE) continue
    const index = segments.findIndex(({ name }) => name === segment)
    const segmentNumber = segments[index]!.number
    const text =
      `the log is damaged: ${lostOffsets(firstOffset, endOffset)}, and which keys they have changed is not known. ` +
      '`flin log dump` shows what else there is'
    const lostEnd = endOffset ?? segments[index + 1]?.baseOffset ?? Infinity
    const loss = { segmentNumber, position, endOffset: lostEnd, error: new FlinError('LOG_CORRUPT', text) }
    return isBehind(floorSegment, floorPosition, loss) ? null : loss
  }
  return null
}
