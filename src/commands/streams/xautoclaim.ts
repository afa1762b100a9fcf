import type { Keyspace } from '../../models/keyspace.js'
import { ColdRead } from '../../models/cold.js'
import type { Place } from '../../../segments/index.js'
import { collectCold } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import type { Group, Pending } from '../../models/streams/group.js'
import {
  consumerRecordSize,
  PENDING_RECORD_SIZE,
  removePending,
  renewPending,
} from '../../models/streams/group-writes.js'
import { PENDING_SIZE } from '../../models/streams/group-records.js'
import type { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { foreseenCount, integerOr } from './counts.js'
import { deliveriesMax, isDeadLetter, lookAtLetters, planLetters, writeLetters, type Letter } from './dead-letters.js'
import { seekDelivered } from './delivered.js'
import { replyEntry } from './entry-reply.js'
import { findStream, mayAdd } from './find-stream.js'
import { groupArgument, groupText } from './group-arguments.js'
import { intervalStart, replyId } from './id-text.js'
import { consumerOf } from './xclaim.js'
import { firstArgument, rehearsal } from './rehearse.js'

/** So many entries are claimed unless it is said; for each so many are looked at. */
const COUNT = 100
const ATTEMPTS = 10
/** As in Redis. */
const COUNT_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 16)
const COUNT_FAULT = 'ERR COUNT must be > 0'

const start = new StreamId()

/** What has been found to be done. */
interface Plan {
  readonly claimed: { readonly pending: Pending; readonly at: EntryPosition }[]
  /** Those whose entries are gone. */
  readonly gone: Pending[]
  /** Those that have been delivered too often. */
  readonly dead: Letter[]
  /** Where the next call goes on; null: at the beginning. */
  next: StreamId | null
}

export const xautoclaim: Command = {
  name: 'xautoclaim',
  code: 254,
  arity: -6,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '6.2.0',
  summary: 'Gives pending entries that have been idle, from an id on, to another consumer, and returns them.',
  differs:
    'Where FLIN.XCONFIG has set a dead-letter stream, entries that were delivered too often go there, unless JUSTID is given; their ids are told among those that are gone.',
  run({ keyspace, reply }, args) {
    const { log } = keyspace
    const minIdleMs = Math.max(0, integerOr(args, 4, 'ERR Invalid min-idle-time argument for XAUTOCLAIM'))
    intervalStart(args, 5, start)
    const { count, isIdOnly } = parse(args)
    const stream = findStream(keyspace, args, 1)
    const group = groupArgument(stream, args)
    const { claimed, gone, dead, next } = plan(keyspace, stream!, group, minIdleMs, count, isIdOnly)
    const letters = planLetters(keyspace, args, stream!, dead)
    const name = groupText(args, 3)
    const written = (claimed.length + gone.length) * PENDING_RECORD_SIZE + (letters?.size ?? 0)
    keyspace.begin(consumerRecordSize(name.length) + written)
    for (const pending of gone) removePending(keyspace, stream!, pending)
    for (const { pending } of claimed) {
      const consumer = consumerOf(keyspace, stream!, group, name)
      renewPending(keyspace, stream!, pending, consumer, keyspace.now, pending.count + (isIdOnly ? 0 : 1))
    }
    if (letters !== null) writeLetters(keyspace, args, stream!, letters)
    keyspace.changedUnseen(stream!)
    reply.array(3)
    replyId(reply, next ?? start.setZero())
    reply.array(claimed.length)
    for (const { pending, at } of claimed) {
      if (isIdOnly) replyId(reply, pending.id)
      else replyEntry(log, reply, stream!.entries, at)
    }
    // What has gone to the dead-letter stream is gone from here as what was deleted is.
    const lost = [...gone, ...dead.map(({ pending }) => pending)].sort((a, b) => a.id.compare(b.id))
    reply.array(lost.length)
    for (const { id } of lost) replyId(reply, id)
  },
  rehearse: rehearsal(
    firstArgument,
    ({ keyspace }, args) => {
      intervalStart(args, 5, start)
      const stream = findStream(keyspace, args, 1)
      const minIdleMs = integerOr(args, 4, COUNT_FAULT)
      const { count, isIdOnly } = parse(args)
      plan(keyspace, stream!, groupArgument(stream, args), minIdleMs, count, isIdOnly)
    },
    lookAtLetters,
  ),
  // Each that is pending has a record, which is written anew.
  valuesSize(foresight, args) {
    const size = foresight.sizeOf(args, 1)
    const count = Math.min(foreseenCount(args, 6) || COUNT, Math.ceil(size / PENDING_SIZE))
    const letters = foresight.mayDeadLetter(args, 1, count)
    return letters + mayAdd(foresight, args, 1, consumerRecordSize(0) + Math.min(size, count * PENDING_RECORD_SIZE))
  },
}

/** `[COUNT n] [JUSTID]`. @throws ReplyError */
function parse(args: Args): { readonly count: number; readonly isIdOnly: boolean } {
  let count = COUNT
  let isIdOnly = false
  for (let i = 6; i < args.count; i++) {
    if (i + 1 < args.count && args.equalsIgnoreCase(i, 'COUNT')) {
      count = integerOr(args, ++i, COUNT_FAULT)
      if (count < 1 || count > COUNT_MAX) throw new ReplyError(COUNT_FAULT)
    } else if (args.equalsIgnoreCase(i, 'JUSTID')) isIdOnly = true
    else throw new ReplyError(ERR.syntax)
  }
  return { count, isIdOnly }
}

/** Chooses what is claimed, from `start` on. @throws ColdRead */
function plan(
  { log, now }: Keyspace,
  stream: Stream,
  group: Group,
  minIdleMs: number,
  count: number,
  isIdOnly: boolean,
): Plan {
  const chosen: Plan = { claimed: [], gone: [], dead: [], next: null }
  const max = isIdOnly ? Infinity : deliveriesMax(stream)
  const places: Place[] = []
  let attempts = count * ATTEMPTS
  let left = count
  for (const pending of group.pending.from(start)) {
    if (attempts-- === 0 || left === 0) {
      chosen.next = pending.id.clone()
      break
    }
    const at: EntryPosition = { chunk: 0, slot: 0 }
    if (!seekDelivered(log, stream, pending.id, pending, at)) {
      chosen.gone.push(pending)
      left--
    } else if (minIdleMs === 0 || now - pending.timeMs >= minIdleMs) {
      collectCold(log, stream.entries, at, 1, places)
      if (isDeadLetter(pending, max, minIdleMs, now)) chosen.dead.push({ pending, at })
      else chosen.claimed.push({ pending, at })
      left--
    }
  }
  if (places.length > 0) throw new ColdRead(places)
  return chosen
}
