/** Bytes that lie behind all that an outlet holds, and that others send as well: they are not the outlet's own yet. */
export interface Tail {
  readonly size: number
  /** Something is to come behind them: pushes them. The outlet has let go of it. */
  settle: () => void
}

/** Where the messages of one subscriber go: behind its replies, in order with them. */
export interface Outlet {
  readonly protocol: 2 | 3
  /** Bytes that the client's side has not taken yet, those that wait for a commit among them. */
  readonly pendingSize: number
  /** Whether a reply has begun that is not at its end: nothing may come between. */
  readonly isMidReply: boolean
  /** Whether its next bytes will most likely be a message: its requests have run, and it neither pauses nor ends. */
  readonly isSteady: boolean
  /** Counts as pending; whatever is written settles it first. */
  tail: Tail | null
  /**
   * Writes `bytes[start..end)`, whole messages, which are sent when the log is committed up to `gate`. False: nothing keeps them back.
   * @param isShared nobody changes these bytes any more
   */
  push: (bytes: Buffer, start: number, end: number, isShared: boolean, gate: number) => boolean
  /** Sends bytes that others send as well, and that nobody changes any more. False: something waits in front of them. */
  pushShared: (bytes: Buffer) => boolean
  /** Sends bytes that have been at the front of the tail: all that lies before them is committed. */
  sendTail: (bytes: Buffer) => void
  /** Sends what may be sent. */
  flush: () => void
  /** Ends the connection behind an error that says why. */
  cutOff: (text: string) => void
  /** Ends the connection at once. */
  drop: (reason: string) => void
}
