import { RECORD_OVERHEAD } from '../../models/kinds.js'
import type { Keyspace } from '../../models/keyspace.js'
import { ListState } from '../../models/lists/list-state.js'
import { copiedSize } from '../../models/objects/object-copy.js'
import { entryRecordSize } from '../../models/streams/stream-writes.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command, ForeseenLetters, Foresight } from '../command.js'
import { forEachKey, keyName, mayAppend } from '../keys-of.js'
import { xadd } from '../streams/xadd.js'
import type { QueuedCommand } from '../session.js'
import { ForeseenItems } from './foreseen-items.js'
import { keyArgs, LETTER_SIZE, lettersOf } from './foreseen-letters.js'

/** A removal of what has expired, the value, and its expiry: a command appends no more than these for one key. */
const RECORDS_PER_KEY = 3
/** Digits of an int64 with its sign, and more. */
const NUMBER_SIZE = 24

/**
 * At most so many bytes will a transaction append, all of it, with the headers of its records. Looks keys up when some command
 * copies or rewrites what keys hold: their records must be in memory.
 * @param valueSizeMax bytes that a value may have while the transaction runs
 */
export function foreseenSize(keyspace: Keyspace, queue: readonly QueuedCommand[], valueSizeMax: number): number {
  // What keys may come to hold is of interest only if something is made of it.
  const sizes = queue.some(({ command }) => command.valuesSize !== undefined)
    ? new ForeseenSizes(keyspace, valueSizeMax)
    : null
  let total = 0
  for (const { command, args } of queue) {
    if (!mayAppend(command, args)) continue
    total += argumentsSize(command, args)
    if (sizes !== null) total += sizes.add(command, args)
  }
  return total
}

/** What a command appends that writes its arguments: each key up to three times, values once, or a number. */
function argumentsSize(command: Command, args: Args): number {
  let size = args.buf.length + NUMBER_SIZE + RECORDS_PER_KEY * RECORD_OVERHEAD
  forEachKey(command, args, (i) => {
    size += (RECORDS_PER_KEY - 1) * args.size(i) + RECORDS_PER_KEY * RECORD_OVERHEAD
  })
  return size
}

/** How large the values of keys may be when a command's turn comes: as they are now, or as those before it may leave them. */
class ForeseenSizes implements Foresight {
  readonly valueSizeMax: number
  readonly #keyspace: Keyspace
  readonly #sizes = new Map<string, number>()
  readonly #lists = new Map<string, ForeseenItems>()
  readonly #letters = new Map<string, ForeseenLetters>()
  /** Bytes of the largest request so far that may have made a group or a consumer: no name of one is longer. */
  #requestSize = 0
  /** The same of requests that may have added an entry. */
  #entrySize = 0

  constructor(keyspace: Keyspace, valueSizeMax: number) {
    this.#keyspace = keyspace
    this.valueSizeMax = valueSizeMax
  }

  /** Bytes of values that the command may write beside its arguments. */
  add(command: Command, args: Args): number {
    if (command.group === 'stream' && command !== xadd) this.#requestSize = Math.max(this.#requestSize, args.buf.length)
    if (command.group === 'stream') {
      this.#entrySize = Math.max(this.#entrySize, entryRecordSize(args.count, args.buf.length))
    }
    if (command.valuesSize !== undefined) return command.valuesSize(this, args)
    let longest = NUMBER_SIZE
    for (let i = 1; i < args.count; i++) longest = Math.max(longest, args.size(i))
    forEachKey(command, args, (i) => {
      this.mayGet(args, i, longest)
    })
    return 0
  }

  sizeOf(args: Args, i: number): number {
    const name = keyName(args, i)
    const size = this.#sizes.get(name) ?? this.#currentSize(args, i)
    this.#sizes.set(name, size)
    return size
  }

  mayGet(args: Args, i: number, size: number): void {
    // It may as well be refused, and then the key keeps what it has.
    if (size > this.sizeOf(args, i)) this.#sizes.set(keyName(args, i), size)
  }

  listOf(args: Args, i: number): ForeseenItems {
    const name = keyName(args, i)
    let list = this.#lists.get(name)
    if (list === undefined) {
      const keyspace = this.#keyspace
      const object = keyspace.find(args.buf, args.starts[i]!, args.ends[i]!) ? keyspace.foundObject : null
      list = new ForeseenItems(object instanceof ListState ? object : null, keyspace.log.endOffset)
      this.#lists.set(name, list)
    }
    return list
  }

  lettersOf(args: Args, i: number): ForeseenLetters {
    const name = keyName(args, i)
    let letters = this.#letters.get(name)
    if (letters === undefined) {
      const { buf, starts, ends } = args
      const keyspace = this.#keyspace
      letters = lettersOf(keyspace.find(buf, starts[i]!, ends[i]!) ? keyspace.foundObject : null)
      this.#letters.set(name, letters)
    }
    return letters
  }

  mayDeadLetter(args: Args, i: number, count: number): number {
    const { keys, nameSizeMax, entrySizeMax } = this.lettersOf(args, i)
    if (keys.size === 0) return 0
    const entrySize = Math.max(entrySizeMax, this.#entrySize)
    const more = LETTER_SIZE + args.size(i) + 2 * Math.max(nameSizeMax, this.#requestSize)
    // No more than all entries, but of a large stream a few are far less.
    let size = Math.min(this.sizeOf(args, i), count * entrySize) + count * more
    for (const key of keys) {
      const letters = keyArgs(key)
      const dead = this.lettersOf(letters, 0)
      dead.entrySizeMax = Math.max(dead.entrySizeMax, entrySize + more)
      this.mayGet(letters, 0, this.sizeOf(letters, 0) + size)
    }
    // The stream itself may have to be made.
    for (const key of keys) size += RECORDS_PER_KEY * (key.length + RECORD_OVERHEAD)
    return size
  }

  mayTake(args: Args, from: number, to: number): void {
    this.mayGet(args, to, this.sizeOf(args, from))
    const letters = this.lettersOf(args, to)
    const { keys, nameSizeMax, entrySizeMax } = this.lettersOf(args, from)
    for (const key of keys) letters.keys.add(key)
    letters.nameSizeMax = Math.max(letters.nameSizeMax, nameSizeMax)
    letters.entrySizeMax = Math.max(letters.entrySizeMax, entrySizeMax)
    this.listOf(args, to).mayBe(this.listOf(args, from))
  }

  #currentSize({ buf, starts, ends }: Args, i: number): number {
    const keyspace = this.#keyspace
    if (!keyspace.find(buf, starts[i]!, ends[i]!)) return 0
    const { record, foundObject } = keyspace
    return foundObject === null ? record.valueEnd - record.valueStart : copiedSize(foundObject)
  }
}
