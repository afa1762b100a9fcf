import type { RecordView } from '../../segments/index.js'
import { globMatches } from '../models/glob.js'
import { MESSAGE_COMMAND } from '../models/messages/messages.js'
import type { Frame } from './frame.js'

/** A channel or a pattern that somebody has subscribed to, and from which offset on: what lies below is not for it. */
export interface Interest {
  readonly name: Buffer
  since: number
  /** Nor is what is older, in ms since 1970. */
  readonly sinceMs: number
}

/** By the bytes of their names as latin1. */
export type InterestMap = Map<string, Interest>

/** What one subscriber has subscribed to. */
export class Interests {
  readonly channels: InterestMap = new Map()
  readonly patterns: InterestMap = new Map()
  /** Channels of SSUBSCRIBE. */
  readonly shards: InterestMap = new Map()
  /** Patterns of FLIN.SUBSCRIBE, whose messages bear their offsets. */
  readonly replays: InterestMap = new Map()

  get count(): number {
    return this.channels.size + this.patterns.size + this.shards.size + this.replays.size
  }

  *all(): Iterable<Interest> {
    yield* this.channels.values()
    yield* this.patterns.values()
    yield* this.shards.values()
    yield* this.replays.values()
  }

  /** Addresses the frame to each interest that a record of the log is for, in the order of live messages. */
  forEach(
    { bytes, keyStart, keyEnd, command }: RecordView,
    offset: number,
    ms: number,
    frame: Frame,
    give: () => void,
  ): void {
    const isShard = command === MESSAGE_COMMAND.spublish
    const named = isShard ? this.shards : this.channels
    if (named.size > 0) {
      const interest = named.get(bytes.toString('latin1', keyStart, keyEnd))
      if (interest !== undefined && interest.since <= offset) {
        frame.address(isShard ? 'smessage' : 'message')
        give()
      }
    }
    const wants = ({ name, since, sinceMs }: Interest): boolean =>
      since <= offset && sinceMs <= ms && globMatches(name, 0, name.length, bytes, keyStart, keyEnd)
    for (const interest of isShard ? [] : this.patterns.values()) {
      if (!wants(interest)) continue
      frame.address('pmessage', interest.name)
      give()
    }
    for (const interest of this.replays.values()) {
      if (!wants(interest)) continue
      frame.address('fmessage', interest.name)
      give()
    }
  }
}
