import type { Log } from '../../segments/index.js'
import { globMatches } from '../models/glob.js'
import type { Messages } from '../models/messages/messages.js'
import { Frame, type Chunks } from './frame.js'
import type { InterestMap } from './interests.js'
import type { Outlet } from './outlet.js'
import { Recent } from './recent.js'
import { Round } from './round.js'
import { SharedChunk } from './shared-chunk.js'
import { SharedFrames } from './shared-frames.js'
import { Subscriber, type PushLimits, type SubscriberParts } from './subscriber.js'

const MIB = 1024 * 1024
/** As redis.conf has it. */
const DEFAULT_LIMITS: PushLimits = { hardSize: 32 * MIB, softSize: 8 * MIB, softMs: 60_000 }

/** So many subscribers send from the same memory ... */
const SHARED_COUNT_MIN = 4
/** ... messages of up to so many bytes. */
const SHARED_SIZE_MAX = 4 * 1024

/** So long may a message that is committed wait for those that are about to be, in ms ... */
const HOLD_MS = 4
/** ... and where it took longer, none waits in so many commits. */
const IMPATIENT_COMMITS = 64

/** Those who have subscribed to one channel, or pattern. */
export interface Topic {
  readonly name: Buffer
  readonly subscribers: Set<Subscriber>
  /** Where its messages lie for all of them. */
  readonly chunks: Chunks
  /** The one that was begun last. */
  round: Round | null
}

/** By the bytes of their names as latin1. */
type Topics = Map<string, Topic>

/** What may be subscribed to. */
export type TopicKind = 'channels' | 'patterns' | 'shards' | 'replays'

/**
 * Who has subscribed to what, and the way of a message to them. A message is put behind the replies of each receiver when it is
 * published, so that its place among them is Redis's, and sent when it is committed; whoever is too slow for that gets it from the
 * log.
 */
export class Subscriptions {
  readonly topics: Readonly<Record<TopicKind, Topics>> = {
    channels: new Map(),
    patterns: new Map(),
    shards: new Map(),
    replays: new Map(),
  }
  readonly messages: Messages
  readonly limits: PushLimits = { ...DEFAULT_LIMITS }
  /** Those who are fed from the log: they have asked for what was before, or are too slow. */
  readonly fed = new Set<Subscriber>()
  readonly #log: Log
  readonly #recent = new Recent()
  readonly #frame = new Frame()
  readonly #shared = new SharedFrames()
  readonly #parts: SubscriberParts
  #unflushed: Subscriber[] = []
  #isScheduled = false
  /** Those that are not sent yet, in the order in which they were begun. */
  #rounds: Round[] = []
  #isSendScheduled = false
  /** Since when something that is committed waits for what is not; 0: nothing does. */
  #heldSinceMs = 0
  #impatientCommits = 0

  constructor(log: Log, messages: Messages, onReadFailed: (error: unknown) => void) {
    this.#log = log
    this.messages = messages
    this.#parts = {
      ...{ log, messages, onReadFailed, limits: this.limits, fed: this.fed },
      ...{ recent: this.#recent, frame: new Frame(), shared: this.#shared },
      flushSoon: (subscriber) => {
        this.#flushSoon(subscriber)
      },
    }
  }

  /** Everything below the offset is committed. */
  committed(offset: number): void {
    this.#recent.committed(offset)
    if (this.#impatientCommits > 0) this.#impatientCommits--
    this.#sendSoon(offset)
  }

  /**
   * Rounds leave at the end of the turn: those who have published get their replies first, and go on while the messages are sent, and
   * the next commit is under way meanwhile.
   */
  #sendSoon(committedOffset: number): void {
    const first = this.#rounds[0]
    if (this.#isSendScheduled || first === undefined || first.firstGate > committedOffset) return
    if (first.gate > committedOffset) {
      if (this.#heldSinceMs === 0) this.#heldSinceMs = this.#log.now()
      return
    }
    if (this.#heldSinceMs > 0 && this.#log.now() - this.#heldSinceMs > HOLD_MS)
      this.#impatientCommits = IMPATIENT_COMMITS
    this.#heldSinceMs = 0
    this.#isSendScheduled = true
    setImmediate(this.#sendRounds)
  }

  readonly #sendRounds = (): void => {
    this.#isSendScheduled = false
    const { committedOffset } = this.#log
    const rounds = this.#rounds
    this.#rounds = rounds.filter(({ gate }) => gate > committedOffset)
    for (const round of rounds) if (round.gate <= committedOffset) round.send()
  }

  /** Messages have been let go of: whoever has not been told of them in time is cut off. */
  retained(): void {
    for (const subscriber of this.fed) subscriber.checkHeld()
  }

  /** Somebody who may subscribe. */
  newSubscriber(outlet: Outlet): Subscriber {
    return new Subscriber(this.#parts, outlet)
  }

  /** Subscribes to what is published from now on. */
  subscribe(subscriber: Subscriber, kind: Exclude<TopicKind, 'replays'>, name: Buffer): void {
    const key = name.toString('latin1')
    if (subscriber.add(subscriber.interests[kind], key, name)) this.#join(kind, key, name, subscriber)
  }

  /** Subscribes to what was published from an offset, or a time in ms since 1970, on. */
  replay(subscriber: Subscriber, pattern: Buffer, since: number, sinceMs: number): void {
    const key = pattern.toString('latin1')
    this.#join('replays', key, pattern, subscriber)
    subscriber.replay(key, pattern, since, sinceMs)
  }

  #join(kind: TopicKind, key: string, name: Buffer, subscriber: Subscriber): void {
    const topics = this.topics[kind]
    let topic = topics.get(key)
    if (topic === undefined) {
      const chunks = { 2: new SharedChunk(), 3: new SharedChunk() }
      topics.set(key, (topic = { name, subscribers: new Set(), chunks, round: null }))
    }
    topic.subscribers.add(subscriber)
    if (topic.round?.isOver === false) topic.round.others.add(subscriber)
  }

  /** False: it was not subscribed. */
  unsubscribe(subscriber: Subscriber, kind: TopicKind, key: string): boolean {
    const interests: InterestMap = subscriber.interests[kind]
    if (!interests.delete(key)) return false
    const topics = this.topics[kind]
    const topic = topics.get(key)
    subscriber.leaveRounds()
    topic?.round?.others.delete(subscriber)
    topic?.subscribers.delete(subscriber)
    if (topic?.subscribers.size === 0) topics.delete(key)
    return true
  }

  /** Ends all that it has subscribed to. */
  unsubscribeAll(subscriber: Subscriber): void {
    for (const kind of ['channels', 'patterns', 'shards', 'replays'] as const) {
      for (const key of [...subscriber.interests[kind].keys()]) this.unsubscribe(subscriber, kind, key)
    }
  }

  /** The subscriber has gone. */
  remove(subscriber: Subscriber): void {
    this.unsubscribeAll(subscriber)
    subscriber.leave()
  }

  /** How many have subscribed to a channel; patterns do not count. */
  countOf(kind: 'channels' | 'shards', name: Buffer): number {
    return this.topics[kind].get(name.toString('latin1'))?.subscribers.size ?? 0
  }

  /** The message that was appended last is not committed yet. */
  appended(offset: number): void {
    const { segmentNumber, position } = this.#log.appender
    this.#recent.add(offset, segmentNumber, position)
  }

  /**
   * Gives a message to all who have subscribed, `channel[start..end)` and `payload[from..to)`, and says how many times.
   * @param offset of its record, which {@link appended} was told of; -1: it is not kept
   * @param gate nobody is told before the log is committed up to here
   */
  publish(
    isShard: boolean,
    channel: Buffer,
    start: number,
    end: number,
    payload: Buffer,
    from: number,
    to: number,
    offset: number,
    gate = this.#log.endOffset,
  ): number {
    const { channels, patterns, shards, replays } = this.topics
    const named = isShard ? shards : channels
    const frame = this.#frame
    let count = 0
    frame.set(channel, start, end, payload, from, to, offset)
    if (named.size > 0) {
      const topic = named.get(channel.toString('latin1', start, end))
      if (topic !== undefined) {
        frame.address(isShard ? 'smessage' : 'message', undefined, chunksFor(topic, frame))
        count += this.#give(topic, frame, offset, gate)
      }
    }
    if (!isShard && patterns.size > 0) {
      for (const topic of patterns.values()) {
        if (!globMatches(topic.name, 0, topic.name.length, channel, start, end)) continue
        frame.address('pmessage', topic.name, chunksFor(topic, frame))
        count += this.#give(topic, frame, offset, gate)
      }
    }
    for (const topic of replays.values()) {
      if (!globMatches(topic.name, 0, topic.name.length, channel, start, end)) continue
      frame.address('fmessage', topic.name, chunksFor(topic, frame))
      count += this.#give(topic, frame, offset, gate)
    }
    return count
  }

  /** Gives a message, addressed to the topic, to all of its subscribers; returns how many they are. */
  #give(topic: Topic, frame: Frame, offset: number, gate: number): number {
    const { subscribers, chunks } = topic
    if (frame.isForMany) {
      const { flushingOffset, committedOffset } = this.#log
      let { round } = topic
      // Under load a commit is seldom alone: where the next one is soon there, each subscriber gets both in one write.
      const closedOffset = this.#impatientCommits > 0 ? flushingOffset : committedOffset
      if (round?.takes(gate, closedOffset, committedOffset) !== true) {
        const before = round?.isOver === false ? round.gate : 0
        round = new Round(subscribers, chunks, offset, Math.max(gate, before))
        topic.round = round
        this.#rounds.push(round)
      }
      round.add(frame, offset, gate)
      this.#sendSoon(committedOffset)
    } else for (const subscriber of subscribers) subscriber.give(frame, offset, gate)
    return subscribers.size
  }

  #flushSoon(subscriber: Subscriber): void {
    this.#unflushed.push(subscriber)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#isScheduled = false
    const subscribers = new Set(this.#unflushed)
    this.#unflushed = []
    for (const subscriber of subscribers) subscriber.flush()
  }
}

/** What few get is copied for each: that keeps no memory of its own. */
function chunksFor({ subscribers, chunks }: Topic, frame: Frame): Chunks | null {
  return subscribers.size >= SHARED_COUNT_MIN && frame.payloadSize <= SHARED_SIZE_MAX ? chunks : null
}
