import { ColdRead } from '../../models/cold.js'
import type { ListState } from '../../models/lists/list-state.js'
import { coldPlaces, itemRecord } from '../../models/lists/list-values.js'
import type { Context } from '../command.js'
import { KeyWalk } from '../keys/key-walk.js'
import type { Session } from '../session.js'

/** Items that are loaded, and replied, at once. */
export const RANGE_SLICE_COUNT = 4096
/** So often does a walk begin again because the list has changed; then all is loaded at once. */
const STARTS_MAX = 4

/**
 * How far an LRANGE has come whose items are on disk: it reads some, keeps what it will reply with, and lets go of them before it reads
 * the next. What it tells is the list at one moment: it begins again when that has changed meanwhile.
 */
export class RangeWalk extends KeyWalk {
  readonly #list: ListState
  readonly #changedEnd: number
  readonly #starts: number

  constructor(list: ListState, first: number, before: RangeWalk | null) {
    super()
    this.#list = list
    this.#changedEnd = list.changedEnd
    this.#starts = before === null ? 1 : before.#starts + 1
    this.cursor = first
  }

  /** Whether it had to begin too often: the list never rests, and all has to be in memory at once. */
  get isGivenUp(): boolean {
    return this.#starts > STARTS_MAX
  }

  /** Whether what it has found is a part of the list as it is now. */
  isOf(list: ListState): boolean {
    return this.#list === list && this.#changedEnd === list.changedEnd
  }
}

/** The walk that goes on here, or begins. */
export function walkOf(session: Session, list: ListState, first: number): RangeWalk {
  const { walk } = session
  const before = walk instanceof RangeWalk ? walk : null
  if (before !== null && (before.isGivenUp || before.isOf(list))) return before
  before?.drop()
  const begun = new RangeWalk(list, first, before)
  session.walk = begun
  return begun
}

/** The request needs no walk, or no longer. */
export function endWalk(session: Session): void {
  session.walk?.drop()
  session.walk = null
}

/**
 * Reads on up to the item with the index `end` (exclusive).
 * @throws ColdRead when items have to be loaded first, and when it is others' turn
 */
export function readOn({ keyspace, reply }: Context, walk: RangeWalk, list: ListState, end: number): void {
  const { items } = list
  const to = Math.min(end, walk.cursor + RANGE_SLICE_COUNT)
  const cold = coldPlaces(keyspace.log, items, walk.cursor, to)
  if (cold.length > 0) throw new ColdRead(cold)
  for (items.seek(walk.cursor); walk.cursor < to; walk.cursor++, items.next()) {
    const { bytes, valueStart, valueEnd } = itemRecord(keyspace.log, items)
    walk.add(bytes, valueStart, valueEnd)
  }
  walk.isOver = to === end || walk.size > reply.sizeMax
  if (!walk.isOver) throw new ColdRead([])
}
