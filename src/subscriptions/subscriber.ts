import { Feed, type FeedParts } from './feed.js'
import type { Frame } from './frame.js'
import { Interests, type InterestMap } from './interests.js'
import { LARGE_SIZE } from './shared-frames.js'
import type { Outlet, Tail } from './outlet.js'
import type { RoundPart } from './round.js'

/** A subscriber that has left so many bytes unread gets no more live messages: it is fed from the log as it reads. */
const LIVE_SIZE_MAX = 1 << 20

/** What a subscriber may leave unread of messages that are not kept, before it is dropped; 0: anything. */
export interface PushLimits {
  hardSize: number
  softSize: number
  /** So long may it be above the soft limit. */
  softMs: number
}

/** What subscribers share. */
export interface SubscriberParts extends FeedParts {
  readonly limits: PushLimits
  /** Those who are fed from the log. */
  readonly fed: Set<Subscriber>
  /** Sees to it that the subscriber is {@link Subscriber.flush}ed at the end of the turn. */
  readonly flushSoon: (subscriber: Subscriber) => void
}

/** One connection that has subscribed to something. */
export class Subscriber implements Tail {
  readonly interests = new Interests()
  readonly outlet: Outlet
  readonly #parts: SubscriberParts
  /** What feeds it while it is not told of messages as they come. */
  #feed: Feed | null = null
  /** Offset of the message that it was given last as it came: all that is to be said of it goes along. */
  #admitted = -1
  /** Frames of messages that must wait for the end of a reply. */
  readonly #held: Buffer[] = []
  #heldSize = 0
  #softSinceMs = 0
  /** Rounds that it has joined and not sent, in order: what lies behind all that its outlet holds. */
  #joined: RoundPart[] = []
  #isFlushing = false
  #hasLeft = false
  /** Whether a reply is under way in which a message has no place: that of its own EXEC, or one that is to be taken back. */
  isReplying = false
  /** Whether its own request publishes: the reply comes right behind the message. */
  isPublishing = false

  constructor(parts: SubscriberParts, outlet: Outlet) {
    this.#parts = parts
    this.outlet = outlet
  }

  get isSubscribed(): boolean {
    return this.interests.count > 0
  }

  /** Whether it is fed from the log. */
  get isFed(): boolean {
    return this.#feed !== null
  }

  /** Below this offset it has been told everything. */
  get position(): number {
    return this.#feed?.offset ?? this.#parts.log.endOffset
  }

  /** Notes an interest in what is published from now on. False: it is there already. */
  add(map: InterestMap, key: string, name: Buffer): boolean {
    if (map.has(key)) return false
    map.set(key, { name, since: this.#parts.log.endOffset, sinceMs: 0 })
    return true
  }

  /** Notes an interest in what was published from an offset on, and takes the place of one of the same name. */
  replay(key: string, name: Buffer, since: number, sinceMs: number): void {
    const { position, interests } = this
    // What it was told of before is not told again on the way.
    if (since < position) for (const it of interests.all()) if (it.since < position) it.since = position
    interests.replays.set(key, { name, since, sinceMs })
    if (since >= this.#parts.log.endOffset) return
    if (this.#feed === null) this.#beginFeed(since)
    else if (since < position) this.#feed.rewind(since)
    this.#parts.flushSoon(this)
  }

  #beginFeed(offset: number): void {
    this.leaveRounds()
    this.#feed = new Feed(this.#parts, this.outlet, this.interests, offset)
    this.#parts.fed.add(this)
  }

  #endFeed(): void {
    this.#feed = null
    this.#parts.fed.delete(this)
  }

  /** Something is held no more: what it has not been told may be of that. */
  checkHeld(): void {
    this.#feed?.checkHeld()
  }

  /**
   * Joins a round, if it can get what others get. False: each message is to be given to it.
   * @param offset of the first message; -1: it is not kept
   */
  join(part: RoundPart, offset: number): boolean {
    const { outlet } = this
    if (this.#feed !== null || this.isReplying || this.isPublishing || this.#held.length > 0 || this.#hasLeft)
      return false
    if (!outlet.isSteady || outlet.isMidReply || outlet.pendingSize > LIVE_SIZE_MAX) return false
    if (offset < 0 && this.#isOverLimit()) return false
    const last = this.#joined.at(-1)
    if (last !== undefined && !last.round.precedes(part.round)) return false
    this.#joined.push(part)
    outlet.tail = this
    return true
  }

  /** Bytes of the rounds that it has joined. */
  get size(): number {
    let size = 0
    for (const part of this.#joined) size += part.size
    return size
  }

  settle(): void {
    const joined = this.#joined
    if (joined.length === 0) return
    this.#joined = []
    for (const part of joined) {
      const { round, bytes, start, end } = part
      if (!round.isOver) round.others.add(this)
      if (round.lastOffset >= 0) this.#admitted = round.lastOffset
      if (end > start) this.outlet.push(bytes, start, end, true, round.gate)
    }
  }

  /** Leaves its rounds: something comes that is not for all who are in them. What it was told so far it keeps. */
  leaveRounds(): void {
    if (this.#joined.length === 0) return
    this.outlet.tail = null
    this.settle()
  }

  /** Sends a round that it has joined, unless it has left it. */
  sendPart(part: RoundPart, bytes: Buffer): void {
    const joined = this.#joined
    if (joined[0] !== part) return
    if (joined.length === 1) {
      joined.length = 0
      this.outlet.tail = null
    } else joined.shift()
    this.outlet.sendTail(bytes)
  }

  /** Gives a message that is published now, addressed to it. @param offset in the log; -1: it is not kept */
  give(frame: Frame, offset: number, gate: number): void {
    if (offset < 0) {
      this.#giveUnkept(frame, gate)
      return
    }
    if (this.#feed !== null) return
    const { outlet } = this
    if (this.#admitted !== offset && this.#joined.at(-1)?.round.lastOffset !== offset) {
      if (outlet.pendingSize + this.#heldSize > LIVE_SIZE_MAX || frame.payloadSize > LARGE_SIZE) {
        this.#beginFeed(offset)
        this.#parts.flushSoon(this)
        return
      }
      this.#admitted = offset
    }
    this.#push(frame, gate)
  }

  /** Sends it behind all that is there; while a reply is under way, behind that. */
  #push(frame: Frame, gate: number): void {
    const { outlet } = this
    const { bytes, start, end, isShared } = frame.in(outlet.protocol)
    if (this.isReplying || outlet.isMidReply || this.#held.length > 0) {
      this.#held.push(Buffer.from(bytes.subarray(start, end)))
      this.#heldSize += end - start
      this.#parts.flushSoon(this)
    } else if (!outlet.push(bytes, start, end, isShared, gate)) this.#parts.flushSoon(this)
  }

  /** The log does not hold it: it is sent now, or never. */
  #giveUnkept(frame: Frame, gate: number): void {
    const { outlet } = this
    if (this.#isOverLimit()) {
      outlet.drop('it does not read messages that are not kept')
      return
    }
    this.#push(frame, gate)
  }

  #isOverLimit(): boolean {
    const { hardSize, softSize, softMs } = this.#parts.limits
    const size = this.outlet.pendingSize + this.#heldSize
    if (hardSize > 0 && size > hardSize) return true
    if (softSize === 0 || size <= softSize) {
      this.#softSinceMs = 0
      return false
    }
    const now = this.#parts.log.now()
    if (this.#softSinceMs === 0) this.#softSinceMs = now
    return now - this.#softSinceMs > softMs
  }

  /** Sends what may be sent, and feeds it if it is fed. */
  readonly flush = (): void => {
    if (this.#isFlushing || this.#hasLeft) return
    this.#isFlushing = true
    this.#pushHeld()
    this.outlet.flush()
    if (this.#feed !== null) this.#pump(this.#feed)
    this.#isFlushing = false
  }

  #pushHeld(): void {
    if (this.#held.length === 0 || this.outlet.isMidReply) return
    for (const bytes of this.#held) {
      this.outlet.push(bytes, 0, bytes.length, true, this.#parts.log.endOffset)
    }
    this.#held.length = 0
    this.#heldSize = 0
  }

  #pump(feed: Feed): void {
    const state = feed.pump(this.flush)
    if (state === 'live') this.#endFeed()
    else if (state === 'more') this.#parts.flushSoon(this)
  }

  /** Wants nothing any more. */
  leave(): void {
    this.#hasLeft = true
    this.#feed?.stop()
    this.#endFeed()
    this.#held.length = 0
    this.#joined.length = 0
    this.outlet.tail = null
  }
}
