import { checkKeySize } from '../../../segments/index.js'
import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { NO_SETTINGS, type StreamSettings } from '../../models/streams/settings-record.js'
import { setSettings, settingsRecordSize } from '../../models/streams/settings-writes.js'
import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ERR, ReplyError, type Command, type Context, type Foresight } from '../command.js'
import { countArgument } from './counts.js'
import { createStream, creationSize, findStream, mayAdd } from './find-stream.js'
import { groupText, replyName } from './group-arguments.js'

type Changes = { -readonly [K in keyof StreamSettings]?: StreamSettings[K] }

/**
 *   FLIN.XCONFIG key [MKSTREAM] [MAXAGE ms] [MAXBYTES bytes] [MAXLEN count] [ACKED YES | NO] [DEADLETTER stream AFTER n]
 *
 * 0 or OFF switches one off. What is not named stays as it is. Without any it replies with a map of all.
 */
export const flinXconfig: Command = {
  name: 'flin.xconfig',
  code: 256,
  arity: -2,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'flin',
  since: 'flin 0.1.0',
  summary:
    'FLIN.XCONFIG key [MKSTREAM] [MAXAGE ms] [MAXBYTES bytes] [MAXLEN count] [ACKED YES|NO] [DEADLETTER stream AFTER n] sets what a stream lets go of by itself, and where entries go that were delivered n times and are claimed again; 0 or OFF: off. Without options it tells these settings.',
  run(context, args) {
    const { keyspace, reply } = context
    const { changes, makesStream } = parse(args)
    const found = findStream(keyspace, args, 1)
    if (found === null && !makesStream) throw new ReplyError(ERR.noSuchKey)
    const before = found?.settings?.values ?? NO_SETTINGS
    if (args.count === 2) {
      replySettings(reply, before)
      return
    }
    const settings = { ...before, ...changes }
    checkLetters(args, settings)
    keyspace.begin(creationSize(args, 1, RECORD_OVERHEAD) + settingsRecordSize(settings.deadLetter.length))
    const stream = found ?? createStream(keyspace, args, 1)
    setSettings(keyspace, stream, isOff(settings) ? null : settings)
    keyspace.changed(stream)
    keyspace.noteRetained(stream)
    reply.ok()
  },
  rehearse: lookAtLetter,
  valuesSize: foreseenSize,
}

/** @throws ReplyError */
function parse(args: Args): { readonly changes: Changes; readonly makesStream: boolean } {
  const changes: Changes = {}
  let makesStream = false
  for (let i = 2; i < args.count; i++) {
    const more = args.count - i - 1
    if (args.equalsIgnoreCase(i, 'MKSTREAM')) makesStream = true
    else if (more >= 1 && args.equalsIgnoreCase(i, 'MAXAGE')) changes.maxAgeMs = boundArgument(args, ++i)
    else if (more >= 1 && args.equalsIgnoreCase(i, 'MAXBYTES')) changes.maxBytes = boundArgument(args, ++i)
    else if (more >= 1 && args.equalsIgnoreCase(i, 'MAXLEN')) changes.maxLen = boundArgument(args, ++i)
    else if (more >= 1 && args.equalsIgnoreCase(i, 'ACKED')) changes.isAcked = yesArgument(args, ++i)
    else if (more >= 1 && args.equalsIgnoreCase(i, 'DEADLETTER')) i = parseLetters(args, i + 1, changes)
    else throw new ReplyError(ERR.syntax)
  }
  return { changes, makesStream }
}

/** `stream AFTER n`, or that there is none. Returns the last argument of it. @throws ReplyError */
function parseLetters(args: Args, i: number, changes: Changes): number {
  const hasCount = i + 2 < args.count && args.equalsIgnoreCase(i + 1, 'AFTER')
  if (!hasCount && !isOffArgument(args, i)) throw new ReplyError(ERR.syntax)
  const after = hasCount ? boundArgument(args, i + 2) : 0
  if (after > 0) checkKeySize(args.size(i))
  changes.deadLetter = after > 0 ? groupText(args, i) : ''
  changes.deadLetterAfter = after
  return hasCount ? i + 2 : i
}

function isOffArgument(args: Args, i: number): boolean {
  return args.equalsIgnoreCase(i, 'OFF') || args.equalsIgnoreCase(i, '0')
}

function boundArgument(args: Args, i: number): number {
  if (isOffArgument(args, i)) return 0
  const bound = countArgument(args, i)
  if (bound < 0) throw new ReplyError(ERR.notInteger)
  return bound
}

function yesArgument(args: Args, i: number): boolean {
  if (args.equalsIgnoreCase(i, 'YES')) return true
  if (args.equalsIgnoreCase(i, 'NO') || isOffArgument(args, i)) return false
  throw new ReplyError(ERR.syntax)
}

function checkLetters(args: Args, { deadLetter, deadLetterAfter }: StreamSettings): void {
  if (deadLetterAfter > 0 && deadLetter === groupText(args, 1)) {
    throw new ReplyError('ERR A stream cannot be its own dead-letter stream')
  }
}

function isOff({ maxAgeMs, maxBytes, maxLen, isAcked, deadLetterAfter }: StreamSettings): boolean {
  return maxAgeMs === 0 && maxBytes === 0 && maxLen === 0 && !isAcked && deadLetterAfter === 0
}

function replySettings(reply: ReplyWriter, settings: StreamSettings): void {
  reply.map(6)
  reply.bulkText('maxage')
  reply.integer(settings.maxAgeMs)
  reply.bulkText('maxbytes')
  reply.integer(settings.maxBytes)
  reply.bulkText('maxlen')
  reply.integer(settings.maxLen)
  reply.bulkText('acked')
  reply.bulkText(settings.isAcked ? 'yes' : 'no')
  reply.bulkText('deadletter')
  if (settings.deadLetterAfter === 0) reply.nil()
  else replyName(reply, settings.deadLetter)
  reply.bulkText('after')
  reply.integer(settings.deadLetterAfter)
}

/** The argument that names the dead-letter stream; 0: none does. */
function letterArgument(args: Args): number {
  for (let i = 2; i + 3 < args.count; i++) {
    if (args.equalsIgnoreCase(i, 'DEADLETTER') && args.equalsIgnoreCase(i + 2, 'AFTER')) return i + 1
  }
  return 0
}

/** Later commands of the transaction may write there. */
function lookAtLetter({ keyspace }: Context, args: Args): void {
  const i = letterArgument(args)
  if (i > 0) keyspace.find(args.buf, args.starts[i]!, args.ends[i]!)
}

function foreseenSize(foresight: Foresight, args: Args): number {
  const { keys } = foresight.lettersOf(args, 1)
  let longest = args.buf.length
  for (const key of keys) longest = Math.max(longest, key.length)
  const i = letterArgument(args)
  if (i > 0) keys.add(groupText(args, i))
  return mayAdd(foresight, args, 1, settingsRecordSize(longest))
}
