import type { Watched, Watcher } from '../models/watches.js'
import type { Args } from '../protocol/resp/args.js'
import type { Command } from './command.js'
import type { KeyWalk } from './keys/keys.js'

/** A command that waits for EXEC. */
export interface QueuedCommand {
  readonly command: Command
  readonly args: Args
}

/** What a connection is to commands. */
export interface Session {
  readonly id: number
  readonly address: string
  name: string
  libraryName: string
  libraryVersion: string
  protocol: 2 | 3
  /** The queue of a transaction; null outside MULTI. */
  queue: QueuedCommand[] | null
  /** Bytes of memory that the queue takes, more or less. */
  queueSize: number
  /** A command could not be queued: EXEC will refuse. */
  queueFailed: boolean
  /** A KEYS that others have their turn between; null when there is none. */
  walk: KeyWalk | null
  readonly watcher: Watcher
  readonly watched: Watched[]
  /** Closes the connection when all replies have been sent. */
  closeAfterReply: () => void
  /** Closes the connection without a word. */
  destroy: () => void
}

/** Leaves MULTI. */
export function discardQueue(session: Session): void {
  session.queue = null
  session.queueSize = 0
  session.queueFailed = false
}
