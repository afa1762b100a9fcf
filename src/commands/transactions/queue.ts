import type { Args } from '../../protocol/resp/args.js'
import type { Command } from '../command.js'
import type { Session } from '../session.js'

/** Bytes of memory that the queue of one transaction may take. */
export const QUEUE_SIZE_MAX = 1 << 30
/** What a queued command takes beside its bytes: a short one takes mostly that. */
const QUEUED_OVERHEAD = 512
const INDEX_SIZE = 8

/** Why the command cannot be queued: the transaction would take more memory than it may, and forgets what it has. Null: it can. */
export function queueFault(session: Session, args: Args, sizeMax: number): string | null {
  if (session.queueFailed || session.queueSize + queuedSize(args) <= sizeMax) return null
  session.queue = []
  session.queueSize = 0
  return `ERR a transaction may hold ${sizeMax} bytes at most`
}

/** Keeps a command for EXEC. */
export function enqueue(session: Session, command: Command, args: Args): void {
  // The transaction is lost: what comes until EXEC says so need not be kept.
  if (session.queueFailed) return
  session.queueSize += queuedSize(args)
  session.queue!.push({ command, args: args.copy() })
}

function queuedSize({ starts, ends, count }: Args): number {
  return ends[count - 1]! - starts[0]! + count * INDEX_SIZE + QUEUED_OVERHEAD
}
