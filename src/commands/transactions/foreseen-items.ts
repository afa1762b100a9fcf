import { insertionsLeft } from '../../models/lists/list-orders.js'
import { ItemSequence } from '../../models/lists/item-sequence.js'
import type { ListState } from '../../models/lists/list-state.js'
import { copiedSize } from '../../models/objects/object-copy.js'
import type { ForeseenList } from '../command.js'

const EMPTY = new ItemSequence()

/** What the list of a key may be: the one that it has, one that another key has and may pass on, or one that is made. */
export class ForeseenItems implements ForeseenList {
  count: number
  itemSize: number
  readonly #endOffset: number
  /** Lists that the key may have by then. */
  readonly #lists = new Set<ListState>()
  #insertions = 0
  /** What the lists allow; null: not looked at yet. */
  #insertionsMax: number | null = null

  constructor(list: ListState | null, endOffset: number) {
    this.count = list?.count ?? 0
    this.itemSize = list === null ? 0 : copiedSize({ recordsSize: list.itemSizeMax })
    this.#endOffset = endOffset
    if (list !== null) this.#lists.add(list)
  }

  /** The key may be given what another one has. */
  mayBe(other: ForeseenItems): void {
    this.count = Math.max(this.count, other.count)
    this.itemSize = Math.max(this.itemSize, other.itemSize)
    this.#insertions = Math.max(this.#insertions, other.#insertions)
    for (const list of other.#lists) this.#lists.add(list)
    this.#insertionsMax = null
  }

  mayGrow(count: number, itemSize: number): void {
    this.count += count
    this.itemSize = Math.max(this.itemSize, itemSize)
  }

  mayInsert(): boolean {
    this.#insertionsMax ??= this.#lookAtLists()
    return ++this.#insertions > this.#insertionsMax
  }

  #lookAtLists(): number {
    const all = [EMPTY, ...Array.from(this.#lists, ({ items }) => items)]
    return Math.min(...all.map((items) => insertionsLeft(items, this.#endOffset)))
  }
}
