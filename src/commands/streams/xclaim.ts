import type { Keyspace } from '../../models/keyspace.js'
import { checkLoaded } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import type { Consumer, Group, Pending } from '../../models/streams/group.js'
import {
  addPending,
  consumerRecordSize,
  createConsumer,
  groupRecordSize,
  moveGroup,
  PENDING_RECORD_SIZE,
  removePending,
  renewPending,
} from '../../models/streams/group-writes.js'
import type { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Command } from '../command.js'
import { integerOr } from './counts.js'
import { deliveriesMax, isDeadLetter, lookAtLetters, planLetters, writeLetters } from './dead-letters.js'
import { replyEntry } from './entry-reply.js'
import { findStream, mayAdd } from './find-stream.js'
import { groupArgument, groupText } from './group-arguments.js'
import { seekDelivered } from './delivered.js'
import { idArgument, isId, replyId } from './id-text.js'
import { firstArgument, rehearsal } from './rehearse.js'

const FIRST_ID = 5

/** What XCLAIM is asked for. */
interface Claim {
  readonly minIdleMs: number
  readonly ids: readonly StreamId[]
  /** When the entries count as delivered. */
  readonly timeMs: number
  /** How often the entries count as delivered; -1: once more. */
  readonly deliveries: number
  readonly isForced: boolean
  readonly isIdOnly: boolean
  /** The group has been given all up to here. */
  readonly lastId: StreamId
}

export const xclaim: Command = {
  name: 'xclaim',
  code: 253,
  arity: -6,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'stream',
  since: '5.0.0',
  summary: 'Gives pending entries that have been idle to another consumer, and returns them.',
  differs:
    'Where FLIN.XCONFIG has set a dead-letter stream, entries that were delivered too often go there, unless JUSTID is given.',
  run({ keyspace, reply }, args) {
    const { log } = keyspace
    const stream = findStream(keyspace, args, 1)
    const group = groupArgument(stream, args)
    const claim = parse(args, keyspace.now)
    const places = entriesOf(keyspace, stream!, group, claim)
    const dead = deadOf(keyspace, stream!, group, claim, places)
    const letters = planLetters(
      keyspace,
      args,
      stream!,
      Array.from(dead, ([pending, at]) => ({ pending, at })),
    )
    const name = groupText(args, 3)
    keyspace.begin(
      groupRecordSize(group.name.length) +
        consumerRecordSize(name.length) +
        claim.ids.length * PENDING_RECORD_SIZE +
        (letters?.size ?? 0),
    )
    if (claim.lastId.compare(group.lastId) > 0) moveGroup(keyspace, stream!, group, claim.lastId, group.read)
    const claimed: number[] = []
    claim.ids.forEach((id, i) => {
      const isDead = dead.size > 0 && dead.has(group.pending.find(id)!)
      if (!isDead && claimOne(keyspace, stream!, group, name, claim, id, places[i]!)) claimed.push(i)
    })
    if (letters !== null) writeLetters(keyspace, args, stream!, letters)
    keyspace.changedUnseen(stream!)
    reply.array(claimed.length)
    for (const i of claimed) {
      if (claim.isIdOnly) replyId(reply, claim.ids[i]!)
      else replyEntry(log, reply, stream!.entries, places[i]!)
    }
  },
  rehearse: rehearsal(
    firstArgument,
    ({ keyspace }, args) => {
      const stream = findStream(keyspace, args, 1)
      const group = groupArgument(stream, args)
      entriesOf(keyspace, stream!, group, parse(args, keyspace.now))
    },
    lookAtLetters,
  ),
  valuesSize: (foresight, args) =>
    mayAdd(foresight, args, 1, groupRecordSize(0) + consumerRecordSize(0) + args.count * PENDING_RECORD_SIZE) +
    foresight.mayDeadLetter(args, 1, args.count - FIRST_ID),
}

/** The group's consumer with this name, which is made where there is none. */
export function consumerOf(keyspace: Keyspace, stream: Stream, group: Group, name: string): Consumer {
  const consumer = group.consumers.get(name) ?? createConsumer(keyspace, stream, group, name)
  consumer.seenMs = keyspace.now
  return consumer
}

/** Where the entries are, null for those that are gone. @throws ColdRead */
function entriesOf(keyspace: Keyspace, stream: Stream, group: Group, claim: Claim): (EntryPosition | null)[] {
  const { log } = keyspace
  return claim.ids.map((id) => {
    const at: EntryPosition = { chunk: 0, slot: 0 }
    if (!seekDelivered(log, stream, id, group.pending.find(id), at)) return null
    checkLoaded(log, stream.entries, at, 1)
    return at
  })
}

/** What has been delivered too often to be claimed: each entry once. */
function deadOf(
  { now }: Keyspace,
  stream: Stream,
  group: Group,
  { ids, minIdleMs, isIdOnly }: Claim,
  places: readonly (EntryPosition | null)[],
): Map<Pending, EntryPosition> {
  const max = deliveriesMax(stream)
  const dead = new Map<Pending, EntryPosition>()
  if (isIdOnly || max === Infinity) return dead
  ids.forEach((id, i) => {
    const pending = group.pending.find(id)
    const place = places[i] ?? null
    if (pending !== null && place !== null && isDeadLetter(pending, max, minIdleMs, now)) dead.set(pending, place)
  })
  return dead
}

/** Whether the entry is now the consumer's with this name, who is made only then. */
function claimOne(
  keyspace: Keyspace,
  stream: Stream,
  group: Group,
  name: string,
  { minIdleMs, timeMs, deliveries, isForced, isIdOnly }: Claim,
  id: StreamId,
  place: EntryPosition | null,
): boolean {
  const pending = group.pending.find(id)
  if (place === null) {
    if (pending !== null) removePending(keyspace, stream, pending)
    return false
  }
  const once = isIdOnly ? 0 : 1
  if (pending === null) {
    if (!isForced) return false
    const count = deliveries >= 0 ? deliveries : 1 + once
    const consumer = consumerOf(keyspace, stream, group, name)
    addPending(keyspace, stream, consumer, id, stream.entries.offsetAt(place), timeMs, count)
    return true
  }
  if (minIdleMs > 0 && keyspace.now - pending.timeMs < minIdleMs) return false
  const count = deliveries >= 0 ? deliveries : pending.count + once
  const consumer = consumerOf(keyspace, stream, group, name)
  renewPending(keyspace, stream, pending, consumer, timeMs, count)
  return true
}

/** `min-idle id... [IDLE ms | TIME ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]`. @throws ReplyError */
function parse(args: Args, now: number): Claim {
  const minIdleMs = Math.max(0, integerOr(args, 4, 'ERR Invalid min-idle-time argument for XCLAIM'))
  const ids: StreamId[] = []
  let i = FIRST_ID
  for (let id = new StreamId(); i < args.count && isId(args, i, id); i++, id = new StreamId()) ids.push(id)
  const lastId = new StreamId()
  let timeMs = -1
  let deliveries = -1
  let isForced = false
  let isIdOnly = false
  for (; i < args.count; i++) {
    const hasMore = i + 1 < args.count
    if (args.equalsIgnoreCase(i, 'FORCE')) isForced = true
    else if (args.equalsIgnoreCase(i, 'JUSTID')) isIdOnly = true
    else if (hasMore && args.equalsIgnoreCase(i, 'IDLE')) timeMs = now - integerOr(args, ++i, invalid('IDLE'))
    else if (hasMore && args.equalsIgnoreCase(i, 'TIME')) timeMs = integerOr(args, ++i, invalid('TIME'))
    else if (hasMore && args.equalsIgnoreCase(i, 'RETRYCOUNT')) deliveries = integerOr(args, ++i, invalid('RETRYCOUNT'))
    else if (hasMore && args.equalsIgnoreCase(i, 'LASTID')) idArgument(args, ++i, lastId)
    else throw new ReplyError(`ERR Unrecognized XCLAIM option '${args.text(i)}'`)
  }
  // A time that cannot be is taken for now: clients calculate it by their own clocks.
  if (timeMs < 0 || timeMs > now) timeMs = now
  return {
    minIdleMs,
    ids,
    timeMs,
    deliveries: Math.min(deliveries, Number.MAX_SAFE_INTEGER),
    isForced,
    isIdOnly,
    lastId,
  }
}

function invalid(option: string): string {
  return `ERR Invalid ${option} option argument for XCLAIM`
}
