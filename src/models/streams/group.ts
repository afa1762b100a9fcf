import { KIND } from '../kinds.js'
import { PendingList } from './pending-list.js'
import { StreamId } from './stream-id.js'
import { StreamMember } from './stream-member.js'

/** {@link Group.read} when it is not known; Redis's SCG_INVALID_ENTRIES_READ. */
export const READ_UNKNOWN = -1

/** A consumer group of a stream. */
export class Group extends StreamMember {
  /** Its name, a character a byte. */
  readonly name: string
  /** Entries up to here have been delivered. */
  readonly lastId = new StreamId()
  /** How many of the entries that the stream ever had come up to {@link lastId}. */
  read = READ_UNKNOWN
  /** No entry with a lower offset has an id above {@link lastId}, and the others have; -1: nobody has looked. */
  nextOffset = -1
  /** Of what is pending below this id, the entries are gone; 0-0: nobody has looked. */
  readonly goneTo = new StreamId()
  readonly consumers = new Map<string, Consumer>()
  readonly pending = new PendingList()

  constructor(name: string, order: number, segment: number, position: number, size: number) {
    super(KIND.group, order, segment, position, size)
    this.name = name
  }
}

/** A consumer of a group. */
export class Consumer extends StreamMember {
  readonly group: Group
  /** Its name, a character a byte. */
  readonly name: string
  /**
   * When it was last heard of, in ms since 1970. In memory only, as in Redis between two dumps: a restart goes back to when it last
   * was given something.
   */
  seenMs: number
  readonly pending = new PendingList()

  constructor(
    group: Group,
    name: string,
    seenMs: number,
    order: number,
    segment: number,
    position: number,
    size: number,
  ) {
    super(KIND.consumer, order, segment, position, size)
    this.group = group
    this.name = name
    this.seenMs = seenMs
  }
}

/** An entry that was delivered to a consumer and not acknowledged; the entry itself may be gone. */
export class Pending extends StreamMember {
  readonly id: StreamId
  /** Offset of the entry. */
  readonly entry: number
  consumer: Consumer
  /** When it was last delivered, in ms since 1970. */
  timeMs = 0
  /** How often it has been delivered. */
  count = 0
  /** Until it is acknowledged, or what it belongs to is gone. */
  isPending = true

  constructor(
    consumer: Consumer,
    id: StreamId,
    entry: number,
    order: number,
    segment: number,
    position: number,
    size: number,
  ) {
    super(KIND.pending, order, segment, position, size)
    this.consumer = consumer
    this.id = id
    this.entry = entry
  }
}
