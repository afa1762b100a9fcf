import type { Keyspace } from '../../models/keyspace.js'
import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { EntryEncoder } from '../../models/streams/entry-record.js'
import type { Pending } from '../../models/streams/group.js'
import { nextId } from '../../models/streams/next-id.js'
import { retentionCountInMemory } from '../../models/streams/retention.js'
import type { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import { beginEntry, entryRecordSize, STATE_RECORD_SIZE } from '../../models/streams/stream-writes.js'
import { trimCount } from '../../models/streams/trim.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command, type Context } from '../command.js'
import { createStream, creationSize, findStream, mayAdd } from './find-stream.js'
import { replyId } from './id-text.js'
import { AddOptions } from './trim-options.js'
import { firstArgument, rehearsal } from './rehearse.js'
import { foreseenReferences, referencesOf, referencesSize, trimReferenced } from './trimming.js'

/** Bytes that the fields of an entry may have together, as in Redis. */
const TEXTS_SIZE_MAX = 1 << 30

/** First argument behind the key. */
const OPTIONS_AT = 2

const options = new AddOptions()
const encoder = new EntryEncoder()
const id = new StreamId()
const none = new StreamId()
const NOTHING: readonly Pending[] = []

export const xadd: Command = {
  name: 'xadd',
  code: 240,
  arity: -5,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Adds an entry to a stream, which is made where there is none; returns its id.',
  differs:
    'With ~ trimming goes in steps of 100 entries, or takes all. KEEPREF, DELREF and ACKED are those of Redis 8.2; with ACKED it stops at the first entry that a group needs.',
  run(context, args) {
    add(context, args, OPTIONS_AT)
  },
  rehearse: rehearseAdd(OPTIONS_AT),
  valuesSize(foresight, args) {
    const size = entryRecordSize(args.count, 0) + STATE_RECORD_SIZE
    mayAdd(foresight, args, 1, size + args.buf.length)
    return size + foreseenReferences(foresight, args)
  },
}

/** @param from as {@link add} takes it */
export function rehearseAdd(from: number): (context: Context, args: Args) => void {
  return rehearsal(firstArgument, ({ keyspace }, args) => {
    options.parseAdd(args, from)
    const stream = findStream(keyspace, args, 1)
    if (stream === null) return
    referencesOf(keyspace.log, stream, trimCount(keyspace.log, stream, options.trim, null), options.trim)
  })
}

/**
 * Adds an entry to the stream of key 1, and replies with its id.
 * @param from the first argument behind the key, and what else comes first
 */
export function add({ keyspace, reply }: Context, args: Args, from: number): void {
  const { buf, starts, ends } = args
  const first = options.parseAdd(args, from) + 1
  const count = args.count - first
  if (count < 2 || count % 2 === 1) throw new ReplyError(ERR.arity(from === OPTIONS_AT ? 'xadd' : 'flin.xadd'))
  if (!options.choosesId && !options.choosesSeq && options.id.isZero) {
    throw new ReplyError('ERR The ID specified in XADD must be greater than 0-0')
  }
  const found = findStream(keyspace, args, 1)
  if (found === null && options.noMkStream) {
    reply.nil()
    return
  }
  chooseId(keyspace, found?.lastId ?? none)
  const textSize = textsSize(args, first)
  const { trim } = options
  const surplus = found === null || trim.strategy === 'none' ? 0 : trimCount(keyspace.log, found, trim, id)
  const references = found === null || surplus === 0 ? NOTHING : referencesOf(keyspace.log, found, surplus, trim)
  const size = entryRecordSize(count, textSize)
  keyspace.begin(creationSize(args, 1, RECORD_OVERHEAD) + size + STATE_RECORD_SIZE + referencesSize(references))
  const retained =
    found === null || found.settings === null ? 0 : retentionCountInMemory(keyspace.log, found, keyspace.now, size)
  const stream = found ?? createStream(keyspace, args, 1)
  beginEntry(keyspace, stream, id, encoder, count, textSize)
  for (let i = first; i < args.count; i++) encoder.text(buf, starts[i]!, ends[i]!)
  const trimmed = found === null && trim.strategy !== 'none' ? surplusOfNew(keyspace, stream) : surplus
  trimReferenced(keyspace, stream, Math.max(trimmed, retained), references)
  keyspace.changed(stream)
  keyspace.onReady(buf, starts[1]!, ends[1]!)
  replyId(reply, id)
}

/** Trimming that takes the first entry of a stream, too. */
function surplusOfNew({ log }: Keyspace, stream: Stream): number {
  return trimCount(log, stream, options.trim, null)
}

/** Sets the id that the entry will have. */
function chooseId(keyspace: Keyspace, last: StreamId): void {
  if (last.isMax) {
    throw new ReplyError('ERR The stream has exhausted the last possible ID, unable to add more items')
  }
  if (options.choosesId) {
    nextId(id, last, keyspace.now)
    return
  }
  id.copy(options.id)
  if (options.choosesSeq && id.hasSameMs(last)) {
    id.copy(last)
    if (!id.increment() || !id.hasSameMs(last)) throw tooSmall()
  }
  if (id.compare(last) <= 0) throw tooSmall()
}

function tooSmall(): ReplyError {
  return new ReplyError('ERR The ID specified in XADD is equal or smaller than the target stream top item')
}

function textsSize(args: Args, first: number): number {
  let size = 0
  for (let i = first; i < args.count; i++) size += args.size(i)
  if (size > TEXTS_SIZE_MAX) throw new ReplyError('ERR Elements are too large to be stored')
  return size
}
