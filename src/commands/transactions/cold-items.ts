import type { Place } from '../../../segments/index.js'
import type { Keyspace } from '../../models/keyspace.js'
import { ListState } from '../../models/lists/list-state.js'
import { coldPlaces } from '../../models/lists/list-values.js'
import { collectCold } from '../../models/objects/object-copy.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type ItemRange } from '../command.js'
import { forEachKey } from '../keys-of.js'
import type { QueuedCommand } from '../session.js'

/** So many items that are on disk only a transaction may need: they are all held in memory while it runs. */
const COLD_ITEMS_MAX = 100_000

const NONE: ItemRange = { left: 0, right: 0 }

/**
 * Adds the places of all items of lists that the commands may read and memory does not have. They build on each other: what one takes
 * away lets the next one see as much further into a list, so the ranges of all add up. The keys' own records must be in memory.
 * @throws ReplyError when they are too many
 */
export function collectColdItems(
  keyspace: Keyspace,
  queue: readonly QueuedCommand[],
  places: Place[],
  countMax = COLD_ITEMS_MAX,
): void {
  if (queue.every(({ command }) => command.itemsRead === undefined)) return
  keyspace.countsLookups = false // These look-ups are not the client's.
  const ranges = rangesOf(queue)
  for (const { args, i, range } of ranges.values()) {
    if (!keyspace.find(args.buf, args.starts[i]!, args.ends[i]!)) continue
    const object = keyspace.foundObject
    if (object === null) continue
    if (range.left === Infinity) collectCold(keyspace.log, object, places, countMax)
    else if (object instanceof ListState) collectRange(keyspace, object, range, places)
    if (places.length > countMax) {
      throw new ReplyError(
        `EXECABORT Transaction discarded because of: more than ${countMax} items that are on disk only would have to be loaded`,
      )
    }
  }
}

function collectRange({ log }: Keyspace, { items }: ListState, range: ItemRange, places: Place[]): void {
  const left = Math.min(range.left, items.count)
  const right = Math.min(range.right, items.count - left)
  for (const place of coldPlaces(log, items, 0, left)) places.push(place)
  for (const place of coldPlaces(log, items, items.count - right, items.count)) places.push(place)
}

interface KeyRange {
  /** Where the key is named. */
  readonly args: Args
  readonly i: number
  range: ItemRange
}

/** What is read of each key's list. Where lists may get other names by RENAME or COPY, each may be read as all of them together. */
function rangesOf(queue: readonly QueuedCommand[]): Map<string, KeyRange> {
  const ranges = new Map<string, KeyRange>()
  let all = NONE
  let isRenamed = false
  for (const { command, args } of queue) {
    const added = command.itemsRead?.(args) ?? NONE
    all = sum(all, added)
    isRenamed ||= command.passesOn === true
    forEachKey(command, args, (i) => {
      const name = args.buf.toString('latin1', args.starts[i], args.ends[i])
      const range = ranges.get(name)
      if (range === undefined) ranges.set(name, { args, i, range: added })
      else range.range = sum(range.range, added)
    })
  }
  if (isRenamed) for (const range of ranges.values()) range.range = all
  return ranges
}

function sum(a: ItemRange, b: ItemRange): ItemRange {
  return { left: a.left + b.left, right: a.right + b.right }
}
