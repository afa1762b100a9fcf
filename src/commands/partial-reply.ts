/**
 * Thrown by a command that has replied in part: what it has written is sent, and then it runs again to write more, as soon as
 * there is room. One object, no stack: it is control flow, not failure.
 */
class PartialReply extends Error {
  constructor() {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super('the reply goes on')
    Error.stackTraceLimit = limit
  }
}

export const REPLY_GOES_ON = new PartialReply()
