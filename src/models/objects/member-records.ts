import { RECORD_FLAG, type Log } from '../../../segments/index.js'

const TWO_32 = 0x1_0000_0000
const NOTHING = Buffer.alloc(0)

/** An object, as its members' records name it. */
interface Owner {
  readonly id: number
}

/** Bytes that the record of a member takes beside its value, with the pad: what is promised to the log before. */
export const MEMBER_OVERHEAD = 16 + 8 + 8 + 8

/**
 * The records of what objects are made of. A member is told by kind, object and order; its records' places are in the log's
 * appender after each call.
 */
export class MemberRecords {
  readonly log: Log
  readonly #key = Buffer.allocUnsafeSlow(8)
  /** The same bytes as the two halves of an id, low one first. */
  readonly #halves = new Int32Array(this.#key.buffer, this.#key.byteOffset, 2)

  constructor(log: Log) {
    this.log = log
  }

  /** A member behind all others: its order is its own offset. Returns it. */
  appendLast(object: Owner, kind: number, command: number, value: Buffer, start: number, end: number): number {
    return this.append(object, kind, command, this.log.endOffset, value, start, end)
  }

  /** A member before all others: its order is its own offset, negative. Returns it. */
  appendFirst(object: Owner, kind: number, command: number, value: Buffer, start: number, end: number): number {
    return this.append(object, kind, command, -this.log.endOffset, value, start, end)
  }

  /**
   * A member with this order: a new one, or what follows on the one that has it. Returns the order.
   * @param order its whole part without the sign is not above the offset of the member's first record
   */
  append(
    object: Owner,
    kind: number,
    command: number,
    order: number,
    value: Buffer,
    start: number,
    end: number,
  ): number {
    this.#write(object, kind, RECORD_FLAG.member | RECORD_FLAG.datum, command, order, value, start, end, 0)
    return order
  }

  /**
   * As {@link append}, but the value is yet to be written: `size` bytes of the appender's memory from its `valueStart` on, all of
   * them before anything else is appended. So what is put together of pieces is copied once.
   */
  reserve(object: Owner, kind: number, command: number, order: number, size: number): void {
    this.#write(object, kind, RECORD_FLAG.member | RECORD_FLAG.datum, command, order, NOTHING, 0, 0, size)
  }

  /** The end of a member. */
  tombstone(object: Owner, kind: number, cause: number, order: number): void {
    const flags = RECORD_FLAG.member | RECORD_FLAG.datum | RECORD_FLAG.tombstone
    this.#write(object, kind, flags, cause, order, NOTHING, 0, 0, 0)
  }

  #write(
    { id }: Owner,
    kind: number,
    flags: number,
    command: number,
    order: number,
    value: Buffer,
    start: number,
    end: number,
    room: number,
  ): void {
    const high = Math.floor(id / TWO_32)
    const hi = high | 0
    const lo = (id - high * TWO_32) | 0
    const halves = this.#halves
    halves[0] = lo
    halves[1] = hi
    this.log.appender.append(kind, flags, command, order, 0, hi, lo, this.#key, 0, 8, value, start, end, room)
  }
}
