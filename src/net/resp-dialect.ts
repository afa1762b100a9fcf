import type { Place } from '../../segments/index.js'
import type { Dispatcher } from '../commands/dispatcher.js'
import type { Session } from '../commands/session.js'
import { ReplyWriter } from '../protocol/resp/reply-writer.js'
import { RequestStream, type RequestLimits } from '../protocol/resp/request-stream.js'
import type { Dialect } from './dialect.js'

/** RESP2, RESP3 and inline commands. */
export class RespDialect implements Dialect {
  readonly requests: RequestStream
  readonly writer = new ReplyWriter()
  readonly #session: Session
  readonly #dispatcher: Dispatcher

  constructor(session: Session, dispatcher: Dispatcher, limits: RequestLimits) {
    this.#session = session
    this.#dispatcher = dispatcher
    this.requests = new RequestStream(limits)
  }

  run(): readonly Place[] | null {
    return this.#dispatcher.run(this.#session, this.requests.args, this.writer)
  }

  fail(text: string): void {
    this.#dispatcher.fail(this.#session, this.requests.args, this.writer, text)
  }

  refuse(text: string): void {
    this.#dispatcher.error(this.writer, text)
  }
}
