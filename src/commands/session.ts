import type { Watched, Watcher } from '../models/watches.js'
import type { Args } from '../protocol/resp/args.js'
import type { Wait } from './blocking/wait.js'
import type { BufferSizes } from './client-memory.js'
import type { Command } from './command.js'
import type { Outlet } from '../subscriptions/outlet.js'
import type { Subscriber } from '../subscriptions/subscriber.js'
import type { KeyWalk } from './keys/key-walk.js'

/** A command that waits for EXEC. */
export interface QueuedCommand {
  readonly command: Command
  readonly args: Args
}

/** Whether a client gets replies; `next`: the one to the next request is left out, `this`: to the one that is running. */
export type ReplyMode = 'on' | 'off' | 'next' | 'this'

/** What a connection is to commands. */
export interface Session {
  readonly id: number
  /** Whose it is, and where it came to. */
  readonly address: string
  readonly localAddress: string
  /** Its file descriptor, -1 when it is not known. */
  readonly fd: number
  /** In ms since 1970. */
  readonly createdMs: number
  /** When the client sent something last, in ms since 1970. */
  readonly lastActiveMs: number
  /** What it holds in memory now; made when it is asked for. */
  readonly buffers: BufferSizes
  /** Whether it waits until the kernel takes more replies. */
  readonly isSending: boolean
  /** Whether nothing is read from it until others are done: its own replies, or the disk. */
  readonly isPaused: boolean
  /** Whether the client has given the password, or came when there was none. */
  authenticated: boolean
  replyMode: ReplyMode
  /** Accepted and shown: nobody is evicted. */
  isNoEvict: boolean
  isNoTouch: boolean
  /** Name of the command that runs, or ran last; empty before, and where there was no such command. */
  lastCommand: string
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
  /** What it has subscribed to; null before it has to anything. */
  subscriber: Subscriber | null
  /** Where messages go that it is sent. */
  readonly outlet: Outlet
  /** What its request waits for; null: none waits. */
  readonly wait: Wait | null
  readonly watcher: Watcher
  readonly watched: Watched[]
  /** Its request waits: it is replied to later, and no further one is run before. */
  block: (wait: Wait) => void
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
