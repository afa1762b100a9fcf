import type { Log } from '../../segments/index.js'
import type { BinaryDispatcher } from '../commands/binary/binary-dispatcher.js'
import type { BlockedClients } from '../commands/blocking/blocked-clients.js'
import type { Dispatcher } from '../commands/dispatcher.js'
import type { Committer } from '../commit/committer.js'
import type { Keyspace } from '../models/keyspace.js'
import type { RequestLimits } from '../protocol/resp/request-stream.js'
import type { Subscriptions } from '../subscriptions/subscriptions.js'
import type { Connection } from './connection.js'

/** Limits of clients that may change while they are connected. */
export interface ClientLimits {
  /** A client that leaves more than this unread is closed. */
  outputSizeMax: number
  /** A client that sends nothing for so long is closed; 0: it is not. */
  idleMsMax: number
}

/** What connections need of the daemon around them. */
export interface Host {
  readonly log: Log
  readonly keyspace: Keyspace
  readonly dispatcher: Dispatcher
  readonly binaryDispatcher: BinaryDispatcher
  readonly blocked: BlockedClients
  readonly committer: Committer
  readonly subscriptions: Subscriptions
  readonly requestLimits: RequestLimits
  /** They may change at any time. */
  readonly clientLimits: ClientLimits
  /** Whether clients need no password. */
  isOpen: () => boolean
  /** So long may a client leave its replies unread while it is paused. */
  readonly stalledMsMax: number
  /** Whether more is waiting for the disk than may. */
  isBehind: () => boolean
  onClosed: (connection: Connection) => void
  onDropped: (connection: Connection, reason: string) => void
  onReadFailed: (error: unknown) => void
  /** A client could not be accepted; those who are there are not disturbed. */
  onAcceptFailed: (error: Error) => void
}
