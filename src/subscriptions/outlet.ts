/** Where the messages of one subscriber go: behind its replies, in order with them. */
export interface Outlet {
  readonly protocol: 2 | 3
  /** Bytes that the client's side has not taken yet, those that wait for a commit among them. */
  readonly pendingSize: number
  /** Whether a reply has begun that is not at its end: nothing may come between. */
  readonly isMidReply: boolean
  /**
   * Writes `bytes[start..end)`, whole messages, which are sent when the log is committed up to `gate`. False: nothing keeps them back.
   * @param isShared nobody changes these bytes any more
   */
  push: (bytes: Buffer, start: number, end: number, isShared: boolean, gate: number) => boolean
  /** Sends bytes that others send as well, and that nobody changes any more. False: something waits in front of them. */
  pushShared: (bytes: Buffer) => boolean
  /** Sends what may be sent. */
  flush: () => void
  /** Ends the connection behind an error that says why. */
  cutOff: (text: string) => void
  /** Ends the connection at once. */
  drop: (reason: string) => void
}
