import { FlinError, RecordView, type Log, type LogCursor } from '../../segments/index.js'
import { KIND } from '../models/kinds.js'
import type { Messages } from '../models/messages/messages.js'
import type { Frame } from './frame.js'
import type { Interests } from './interests.js'
import type { Outlet } from './outlet.js'
import type { Recent } from './recent.js'
import type { SharedFrames } from './shared-frames.js'

/** No more is read from the log while so many bytes wait for a subscriber. */
const FEED_SIZE_MAX = 256 * 1024
/** So long may one subscriber be fed at once; then others have their turn. */
const SLICE_MS = 2
const SLICE_COUNT = 256

/** What feeds share. */
export interface FeedParts {
  readonly log: Log
  readonly messages: Messages
  readonly recent: Recent
  readonly frame: Frame
  readonly shared: SharedFrames
  readonly onReadFailed: (error: unknown) => void
}

/**
 * Feeds one subscriber from the log, at its own pace: whoever asks for what was published before, and whoever is too slow for what is
 * published now. What it holds in memory is an offset, and what is on its way.
 */
export class Feed {
  readonly #parts: FeedParts
  readonly #outlet: Outlet
  readonly #interests: Interests
  readonly #cursor: LogCursor
  readonly #view = new RecordView()
  /** Up to here it is known that there are messages, or nothing, to be read. */
  #soughtTo = -1
  #floorCount = -1
  #isLoading = false
  #isOver = false

  constructor(parts: FeedParts, outlet: Outlet, interests: Interests, offset: number) {
    this.#parts = parts
    this.#outlet = outlet
    this.#interests = interests
    this.#cursor = parts.log.cursor(offset)
  }

  /** The next record that is looked at has this offset, or a higher one. */
  get offset(): number {
    return this.#cursor.offset
  }

  /** Goes back: what was subscribed to before must not be told again, see {@link Interest.since}. */
  rewind(offset: number): void {
    this.#cursor.offset = offset
    this.#soughtTo = -1
    this.#floorCount = -1
  }

  /** The subscriber has gone. */
  stop(): void {
    this.#isOver = true
  }

  /**
   * Sends what there is room for. `live`: all that was published has been, and the next message is to be told as it comes; `full`:
   * there is no room, or something has to be loaded first; `more`: it is others' turn.
   * @param resume called when what had to be loaded is there
   */
  pump(resume: () => void): 'live' | 'full' | 'more' {
    const until = performance.now() + SLICE_MS
    while (!this.#isOver && !this.#isLoading) {
      if (this.#outlet.isMidReply || this.#isFull()) return 'full'
      if (this.checkHeld()) return 'full'
      this.#seek()
      const found = this.#cursor.open()
      if (found === 'cold') {
        this.#load(resume)
        return 'full'
      }
      if (found === 'end') return this.#joins() ? 'live' : 'full'
      const state = this.#read(until)
      this.#cursor.close()
      if (state === 'blocked') return 'full'
      if (state === 'late') {
        this.#outlet.flush()
        return 'more'
      }
    }
    return 'full'
  }

  #isFull(): boolean {
    if (this.#outlet.pendingSize <= FEED_SIZE_MAX) return false
    this.#outlet.flush()
    return this.#outlet.pendingSize > FEED_SIZE_MAX
  }

  /** Gives what is open, as far as there is room, and as long as there is time. `blocked`: the next one has to wait for a commit. */
  #read(until: number): 'read' | 'late' | 'blocked' {
    const outlet = this.#outlet
    const cursor = this.#cursor
    for (let count = 1; cursor.next(); count++) {
      const { view, recordOffset } = cursor
      if (view.kind === KIND.message && !this.#give(view, recordOffset, cursor.timestampMs, 0)) {
        cursor.offset = recordOffset
        return 'blocked'
      }
      if (outlet.pendingSize > FEED_SIZE_MAX) return 'read'
      if (count % SLICE_COUNT === 0 && performance.now() > until) return 'late'
    }
    return performance.now() > until ? 'late' : 'read'
  }

  /** Gives one message to all interests that it is for. False: not now. */
  #give(view: RecordView, offset: number, ms: number, gate: number): boolean {
    const { frame, shared } = this.#parts
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = view
    const outlet = this.#outlet
    frame.set(bytes, keyStart, keyEnd, bytes, valueStart, valueEnd, offset)
    const isLarge = shared.isLarge(frame)
    // Large ones are not copied for each: nothing may lie in front of them.
    if (isLarge && gate === 0) {
      outlet.flush()
      if (!outlet.pushShared(NOTHING)) return false
    } else if (isLarge) return false
    this.#interests.forEach(view, offset, ms, frame, () => {
      if (isLarge) outlet.pushShared(shared.of(frame, outlet.protocol, offset))
      else {
        const { bytes: frameBytes, start, end, isShared } = frame.in(outlet.protocol)
        outlet.push(frameBytes, start, end, isShared, gate)
      }
    })
    return true
  }

  /** Passes over stretches of the log that hold no messages. */
  #seek(): void {
    const { messages, log } = this.#parts
    const cursor = this.#cursor
    if (cursor.offset < this.#soughtTo) return
    cursor.offset = Math.min(messages.seek(cursor.offset), Math.max(cursor.offset, log.committedOffset))
    const segment = log.segments.find(({ endOffset }) => endOffset > cursor.offset)
    this.#soughtTo = segment?.sealed === true ? segment.endOffset : log.endOffset + 1
  }

  /** What is committed has been read: gives what is not, to be sent when it is. True: nothing is left. */
  #joins(): boolean {
    const { recent, log } = this.#parts
    const cursor = this.#cursor
    const isDone = recent.from(cursor.offset, (offset, segmentNumber, position) => {
      if (this.#outlet.pendingSize > FEED_SIZE_MAX || !log.reader.seek(segmentNumber, position)) return false
      const { bytes, start } = log.reader
      if (!this.#give(this.#view.at(bytes, start), offset, Infinity, offset + 1)) return false
      cursor.offset = offset + 1
      return true
    })
    if (!isDone) this.#soughtTo = -1
    this.#outlet.flush()
    return isDone
  }

  #load(resume: () => void): void {
    this.#isLoading = true
    this.#cursor.load().then(
      () => {
        this.#isLoading = false
        resume()
      },
      (error: unknown) => {
        this.#isOver = true
        this.#parts.onReadFailed(error)
        const text = error instanceof FlinError ? error.message : String(error)
        this.#outlet.cutOff(`ERR messages could not be read: ${text}`)
      },
    )
  }

  /** Whether something that the subscriber has not been told yet is not held any more: it is told that, and nothing else from then on. */
  checkHeld(): boolean {
    const { messages } = this.#parts
    if (this.#isOver || messages.floorCount === this.#floorCount) return false
    this.#floorCount = messages.floorCount
    for (const { name, since } of this.#interests.all()) {
      const from = Math.max(since, this.#cursor.offset)
      const held = messages.heldFrom(name)
      if (from >= held) continue
      this.#isOver = true
      this.#outlet.cutOff(
        `ERR subscriber is cut off: messages from offset ${from} on were not taken in time, and are held from ${held} on only`,
      )
      return true
    }
    return false
  }
}

const NOTHING = Buffer.alloc(0)
