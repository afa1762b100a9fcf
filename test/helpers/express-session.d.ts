/** What the tests use of express-session, which comes without types; its own need all of Express's. */
declare module 'express-session' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export interface SessionData {
    visits?: number
  }
  export interface Session extends SessionData {
    destroy(done: (error: unknown) => void): void
  }
  export class Store extends EventEmitter {}

  /** A handler of Node's own http server as well as of Express: it gives the request a session, and calls `next`. */
  export type Handler = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void
  export default function session(options: {
    store: Store
    secret: string
    resave: boolean
    saveUninitialized: boolean
    rolling?: boolean
  }): Handler
}
