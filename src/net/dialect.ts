import type { Place } from '../../segments/index.js'
import type { ByteFeed } from '../protocol/byte-feed.js'
import type { ReplyBuffer } from '../protocol/reply-buffer.js'

/**
 * How one connection is spoken with: what cuts its bytes into requests, what its replies are written in, and what runs a
 * request. All else is the same in every protocol, and is the connection's.
 */
export interface Dialect {
  readonly requests: ByteFeed
  readonly writer: ReplyBuffer
  /**
   * Runs the request at which `requests` stands. Returns the places to load before it is run again, null when it has run and
   * has replied. Where it has to be run again and has replied in part, it goes on as soon as there is room.
   */
  run: () => readonly Place[] | null
  /** Ends the request at which `requests` stands with an error, without running it. */
  fail: (text: string) => void
  /** Says why the bytes behind the last request are none. */
  refuse: (text: string) => void
}
