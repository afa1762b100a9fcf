import type { Place } from '../../segments/index.js'
import type { BinarySession } from '../commands/binary/binary-command.js'
import type { BinaryDispatcher } from '../commands/binary/binary-dispatcher.js'
import { BinaryReplyWriter } from '../protocol/binary/reply-writer.js'
import { BinaryRequestStream, type FrameLimits } from '../protocol/binary/request-stream.js'
import type { Dialect } from './dialect.js'

/** The inherited binary protocol. */
export class BinaryDialect implements Dialect, BinarySession {
  readonly requests: BinaryRequestStream
  readonly writer = new BinaryReplyWriter()
  readonly #dispatcher: BinaryDispatcher
  /** So many of the next requests were looked ahead to. */
  #aheadCount = 0

  constructor(dispatcher: BinaryDispatcher, limits: FrameLimits) {
    this.#dispatcher = dispatcher
    this.requests = new BinaryRequestStream(limits)
    this.authenticated = dispatcher.isOpen
  }

  get authenticated(): boolean {
    return this.requests.authenticated
  }

  set authenticated(value: boolean) {
    this.requests.authenticated = value
  }

  get payloadSizeMax(): number {
    return this.requests.payloadSizeMax
  }

  run(): readonly Place[] | null {
    if (this.#aheadCount > 0) this.#aheadCount--
    else this.#aheadCount = this.#dispatcher.lookAhead(this.requests)
    return this.#dispatcher.run(this, this.requests, this.writer)
  }

  fail(text: string): void {
    this.#dispatcher.error(this.writer, text)
  }

  refuse(text: string): void {
    this.#dispatcher.error(this.writer, text)
  }
}
