import { ColdRead } from '../../models/cold.js'
import type { ListState } from '../../models/lists/list-state.js'
import { ItemSearch } from '../../models/lists/list-values.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Context } from '../command.js'
import { walkOf } from './range-walk.js'

export interface SearchOptions {
  readonly isBackward: boolean
  /** So many matches are enough. */
  readonly matchesMax: number
  /** So many items are compared at most. */
  readonly comparedMax: number
}

/**
 * Indexes of the items that are equal to argument `i`, or their orders. Where items are on disk it gets on piece by piece, and whoever
 * calls ends its walk in the end.
 * @throws ColdRead when items have to be loaded first
 */
export function findMatches(
  { keyspace, session }: Context,
  { buf, starts, ends }: Args,
  i: number,
  list: ListState,
  { isBackward, matchesMax, comparedMax }: SearchOptions,
  what: 'index' | 'order',
): readonly number[] {
  const { log } = keyspace
  const { items } = list
  const walk = session.queue === null && log.hasCold ? walkOf(session, list, 0) : null
  if (walk?.isGivenUp === true) walk.matches = []
  const matches = walk?.matches ?? []
  const search = new ItemSearch(log, items, buf, starts[i]!, ends[i]!, isBackward, walk?.cursor)
  try {
    while (matches.length < matchesMax && search.next(comparedMax)) {
      matches.push(what === 'order' ? items.order : search.index)
    }
  } catch (error) {
    if (error instanceof ColdRead && walk?.isGivenUp === false) walk.cursor = search.count
    throw error
  }
  if (walk?.isGivenUp === false) walk.cursor = search.count
  return matches
}
