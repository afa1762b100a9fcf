import { FlinError, type Place } from '../../../segments/index.js'
import { ColdRead } from '../../models/cold.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Keyspace } from '../../models/keyspace.js'
import { timingWeight } from '../command-stats.js'
import { ReplyError, type Command, type Context } from '../command.js'
import { errorText } from '../error-text.js'
import { collectCold, flagsOf, mayAppend } from '../keys-of.js'
import { config } from '../server/config.js'
import { discardQueue, type QueuedCommand, type Session } from '../session.js'
import { collectColdItems } from './cold-items.js'
import { foreseenSize } from './foresight.js'
import { COLD_WALK_COUNT_MAX } from './walks.js'
import { unwatchAll } from './watch.js'

export const exec: Command = {
  name: 'exec',
  code: 35,
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'skip_slowlog', 'immediate'],
  group: 'transactions',
  since: '1.2.0',
  summary: 'Runs a transaction in one commit: all of it, or nothing.',
  run(context) {
    const { session, reply, keyspace } = context
    const { queue } = session
    if (queue === null) throw new ReplyError('ERR EXEC without MULTI')
    if (session.queueFailed) {
      leave(context)
      throw new ReplyError('EXECABORT Transaction discarded because of previous errors.')
    }
    if (session.watcher.dirty || session.watched.some(({ expireAt }) => expireAt !== 0 && expireAt <= keyspace.now)) {
      // Somebody's change may not be committed yet.
      keyspace.gateAll()
      leave(context)
      reply.nilArray()
      return
    }
    try {
      loadFirst(context, queue)
      for (const { command, args } of queue) command.precondition?.(context, args)
      begin(context, queue)
    } catch (error) {
      if (!(error instanceof ColdRead)) leave(context)
      throw error
    }
    runAll(context, queue)
    leave(context)
  },
}

/** There is no undo: whatever has to be loaded is loaded before the first command runs. */
function loadFirst(context: Context, queue: QueuedCommand[]): void {
  const { keyspace } = context
  if (!keyspace.log.hasCold) return
  const places: Place[] = []
  for (const { command, args } of queue) collectCold(keyspace, command, args, places)
  const isWalk = queue.some(({ command }) => command.isWalk === true)
  if (isWalk && keyspace.count <= COLD_WALK_COUNT_MAX) keyspace.walks.collectCold(places)
  if (places.length > 0) throw new ColdRead(places)
  collectColdItems(keyspace, queue, places)
  if (places.length > 0) throw new ColdRead(places)
  for (const { command, args } of queue) command.rehearse?.(context, args)
}

/** Promises the log what the commands append. Those that bring no values may run also where there is no room for more. */
function begin(context: Context, queue: QueuedCommand[]): void {
  const writing = queue.filter(({ command, args }) => mayAppend(command, args))
  if (writing.length === 0) return
  const size = sizeOf(context, queue)
  const brings = writing.some(({ command, args }) => command.frees !== true && bringsValues(command, args))
  if (brings) context.keyspace.begin(size)
  else context.keyspace.beginRemoving(size)
}

function bringsValues(command: Command, args: Args): boolean {
  const flags = flagsOf(command, args)
  return flags.includes('denyoom') || flags.includes('appends') || command.valuesSize !== undefined
}

/** An upper bound of what the commands append. */
function sizeOf({ keyspace, server }: Context, queue: QueuedCommand[]): number {
  // These look-ups are not the client's.
  keyspace.countsLookups = false
  // Within the transaction the limit itself may be lifted.
  const isLimited = queue.every(({ command }) => command !== config)
  return foreseenSize(keyspace, queue, isLimited ? server.valueSizeMax() : Infinity)
}

function runAll(context: Context, queue: QueuedCommand[]): void {
  const { reply, keyspace, server } = context
  const { stats } = server
  const { appender } = keyspace.log
  const outer = keyspace.command
  reply.array(queue.length)
  appender.isAtomic = true
  try {
    for (const { command, args } of queue) {
      const mark = reply.length
      keyspace.command = command.code
      keyspace.countsLookups = !flagsOf(command, args).includes('write')
      const counts = stats.ofRequest(command, args)
      const weight = timingWeight(counts)
      const began = weight === 0 ? 0 : performance.now()
      try {
        command.run(context, args)
      } catch (error) {
        reply.truncate(mark)
        const text = textOf(error)
        counts.failed++
        stats.countError(text)
        reply.error(text)
      }
      stats.countCall(counts, weight, began)
    }
  } finally {
    appender.isAtomic = false
    keyspace.command = outer
  }
}

function textOf(error: unknown): string {
  if (error instanceof ReplyError || error instanceof FlinError) return errorText(error)
  if (error instanceof ColdRead) return 'ERR the walk met keys that are on disk only; run it outside MULTI'
  throw error
}

function leave({ session, keyspace }: Context): void {
  discardQueue(session)
  unwatchAll(session, keyspace)
}

/** An EXEC that cannot be run at all, or whose records cannot be read, ends its transaction. Returns the error text. */
export function abortExec(session: Session, keyspace: Keyspace, text: string): string {
  discardQueue(session)
  unwatchAll(session, keyspace)
  return `EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`
}
