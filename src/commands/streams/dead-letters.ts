import { FlinError } from '../../../segments/index.js'
import type { Keyspace } from '../../models/keyspace.js'
import { KIND, RECORD_OVERHEAD } from '../../models/kinds.js'
import {
  EntryEncoder,
  ENTRY_HEADER_SIZE,
  forEachText,
  TEXT_HEADER_SIZE,
  textCountAt,
} from '../../models/streams/entry-record.js'
import { readEntry } from '../../models/streams/entry-search.js'
import type { EntryPosition } from '../../models/streams/entry-table.js'
import type { Pending } from '../../models/streams/group.js'
import { removePending } from '../../models/streams/group-writes.js'
import { nextId } from '../../models/streams/next-id.js'
import { Stream } from '../../models/streams/stream.js'
import { StreamId } from '../../models/streams/stream-id.js'
import { addEntry, entryRecordSize, TOMBSTONE_SIZE } from '../../models/streams/stream-writes.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Context } from '../command.js'
import { findStream } from './find-stream.js'

/*
 * Dead letters: an entry that has been delivered as often as the stream's settings allow, and is claimed once more, goes to the
 * dead-letter stream instead, and is no longer pending. Behind its own fields it has these:
 */
const FIELDS = [
  'dead-letter-stream',
  'dead-letter-group',
  'dead-letter-consumer',
  'dead-letter-id',
  'dead-letter-deliveries',
]
const FIELDS_SIZE = FIELDS.join('').length

/** An entry that is given up. */
export interface Letter {
  readonly pending: Pending
  readonly at: EntryPosition
}

/** What goes to the dead-letter stream, and where that is. */
export interface Letters {
  readonly key: Buffer
  /** Null: it has to be made. */
  readonly target: Stream | null
  readonly letters: readonly Letter[]
  /** Bytes that all of it takes. */
  readonly size: number
}

/** How often an entry of the stream may be delivered to a group; Infinity: as often as it is claimed. */
export function deliveriesMax({ settings }: Stream): number {
  const after = settings?.values.deadLetterAfter ?? 0
  return after === 0 ? Infinity : after
}

/**
 * Finds out where entries go of the stream of argument 1; that one has to be looked for again then. Their records are in memory.
 * @returns null when there are none
 * @throws ColdRead; ReplyError when they cannot go there
 */
export function planLetters(
  keyspace: Keyspace,
  args: Args,
  stream: Stream,
  letters: readonly Letter[],
): Letters | null {
  if (letters.length === 0) return null
  const key = letterKey(stream)
  const target = targetOf(keyspace, key, stream)
  if (target !== null) checkIds(target, letters.length)
  let size = 2 * (key.length + RECORD_OVERHEAD)
  for (const { pending, at } of letters) {
    const { bytes, valueStart, valueEnd } = readEntry(keyspace.log, stream.entries, at)
    const count = textCountAt(bytes, valueStart) + 2 * FIELDS.length
    const own = valueEnd - valueStart - ENTRY_HEADER_SIZE
    size += entryRecordSize(count, own + FIELDS_SIZE + valuesSize(args, pending)) + TOMBSTONE_SIZE
  }
  findStream(keyspace, args, 1)
  return { key, target, letters, size }
}

/** Before a transaction: sees to it that the key of the dead-letter stream can be looked up. */
export function lookAtLetters({ keyspace }: Context, args: Args): void {
  const stream = findStream(keyspace, args, 1)
  if (stream === null || deliveriesMax(stream) === Infinity) return
  const key = letterKey(stream)
  keyspace.find(key, 0, key.length)
}

function letterKey({ settings }: Stream): Buffer {
  return Buffer.from(settings!.values.deadLetter, 'latin1')
}

function targetOf(keyspace: Keyspace, key: Buffer, stream: Stream): Stream | null {
  let found
  try {
    found = keyspace.findObject(KIND.stream, key, 0, key.length)
  } catch (error) {
    if (!(error instanceof FlinError) || error.code !== 'WRONG_TYPE') throw error
    throw new ReplyError(
      `WRONGTYPE The dead-letter stream '${key.toString()}' of the key holds the wrong kind of value`,
    )
  }
  if (found === stream) throw new ReplyError('ERR The dead-letter stream of the key is the stream itself')
  return found instanceof Stream ? found : null
}

function checkIds({ lastId }: Stream, count: number): void {
  id.copy(lastId)
  for (let left = count; left > 0; left--) {
    if (!id.increment()) throw new ReplyError('ERR The dead-letter stream has exhausted the last possible ID')
  }
}

/** Values of {@link FIELDS}. */
function values(args: Args, { consumer, id, count }: Pending): Buffer[] {
  const { group } = consumer
  const key = args.buf.subarray(args.starts[1], args.ends[1])
  const names = [group.name, consumer.name].map((name) => Buffer.from(name, 'latin1'))
  return [key, ...names, Buffer.from(id.toString()), Buffer.from(String(count))]
}

function valuesSize(args: Args, pending: Pending): number {
  return values(args, pending).reduce((size, { length }) => size + length, 0)
}

/** Writes all of it. The key of argument 1 is the one looked for last before and after. */
export function writeLetters(keyspace: Keyspace, args: Args, stream: Stream, { key, letters }: Letters): void {
  const found = keyspace.findObject(KIND.stream, key, 0, key.length)
  const target = found ?? keyspace.createObject(KIND.stream, key, 0, key.length)
  if (!(target instanceof Stream)) throw new TypeError('an object of this kind is a stream')
  for (const letter of letters) writeLetter(keyspace, args, stream, target, letter)
  keyspace.changed(target)
  keyspace.onReady(key, 0, key.length)
  findStream(keyspace, args, 1)
  for (const { pending } of letters) removePending(keyspace, stream, pending)
}

function writeLetter(keyspace: Keyspace, args: Args, stream: Stream, target: Stream, { pending, at }: Letter): void {
  nextId(id, target.lastId, keyspace.now)
  const { bytes, valueStart, valueEnd } = readEntry(keyspace.log, stream.entries, at)
  const count = textCountAt(bytes, valueStart)
  const textSize = valueEnd - valueStart - ENTRY_HEADER_SIZE - count * TEXT_HEADER_SIZE
  const more = values(args, pending)
  const moreSize = FIELDS_SIZE + valuesSize(args, pending)
  encoder.begin(id, target.added + 1, count + 2 * FIELDS.length, textSize + moreSize)
  forEachText(bytes, valueStart, (start, end) => {
    encoder.text(bytes, start, end)
  })
  FIELDS.forEach((field, i) => {
    const name = Buffer.from(field)
    encoder.text(name, 0, name.length)
    encoder.text(more[i]!, 0, more[i]!.length)
  })
  addEntry(keyspace, target, id, encoder)
}

/** Whether a group has delivered what is pending as often as it may, and it has been idle for long enough. */
export function isDeadLetter(pending: Pending, max: number, minIdleMs: number, nowMs: number): boolean {
  return pending.count >= max && (minIdleMs === 0 || nowMs - pending.timeMs >= minIdleMs)
}

const id = new StreamId()
const encoder = new EntryEncoder()
