import type { Bug, TestChoice } from './bugs.js'

const state = (tests: string): TestChoice[] => [{ file: 'test/src/models/lists/list-state.test.ts', tests }]
const sequence = (tests: string): TestChoice[] => [{ file: 'test/src/models/lists/item-sequence.test.ts', tests }]
const orders = (tests: string): TestChoice[] => [{ file: 'test/src/models/lists/list-orders.test.ts', tests }]
const lives = (tests: string): TestChoice[] => [{ file: 'test/src/models/lists/list-lives.test.ts', tests }]
const commands = (tests: string): TestChoice[] => [{ file: 'test/src/commands/lists/lists.test.ts', tests }]
const cold = (tests: string): TestChoice[] => [{ file: 'test/src/commands/lists/cold.test.ts', tests }]
const foresight = (tests: string): TestChoice[] => [{ file: 'test/src/commands/transactions/foresight.test.ts', tests }]

/** Mistakes in lists and in the commands over them. */
export const LIST_BUGS: readonly Bug[] = [
  {
    name: 'item-moved-unasked',
    why: 'Compaction moves an item that was set meanwhile back to its older value.',
    file: 'src/models/lists/list-state.ts',
    find: `if (!this.isLive(record)) return false`,
    replace: `if (!this.items.find(record.datum)) return false`,
    caughtBy: state('only that one moves'),
  },
  {
    name: 'item-replaced-not-dead',
    why: 'What LSET and pops leave behind is never chosen for compaction.',
    file: 'src/models/lists/list-state.ts',
    find: `    this.#deadSizes[items.segment]! += size
`,
    replace: ``,
    caughtBy: state('is dead, by segment'),
  },
  {
    name: 'item-starts-kept',
    why: 'After an insertion in its middle a long list finds other items by their indexes.',
    file: 'src/models/lists/item-sequence.ts',
    find: `    this.#counted = Math.min(this.#counted, at + 1)
    if (chunks[at]!.isFull) {`,
    replace: `    if (chunks[at]!.isFull) {`,
    caughtBy: sequence('mostly in between'),
  },
  {
    name: 'item-order-given-twice',
    why: 'Where no number is left between two items a new one takes the place of one of them.',
    file: 'src/models/lists/list-orders.ts',
    find: `return low < middle && middle < high ? middle : NaN`,
    replace: `return middle`,
    caughtBy: orders('until none is left'),
  },
  {
    name: 'renumbered-item-comes-twice',
    why: 'Items that make room for another one come back under their old orders when the log is replayed.',
    file: 'src/models/lists/list-edits.ts',
    find: `    removeItem(keyspace, list)
  }
  for (let i = 0`,
    replace: `    list.remove()
  }
  for (let i = 0`,
    caughtBy: lives('replayed once or twice'),
  },
  {
    name: 'move-unseen',
    why: 'A transaction that watches a list runs although LMOVE has given it an item.',
    file: 'src/commands/lists/lmove.ts',
    find: `    keyspace.changed(target)
`,
    replace: ``,
    caughtBy: commands('watches a list'),
  },
  {
    name: 'transaction-items-not-loaded',
    why: 'A command of a transaction fails half-way because an item is on disk only.',
    file: 'src/commands/transactions/exec.ts',
    find: `  collectColdItems(keyspace, queue, places)
`,
    replace: ``,
    caughtBy: cold('pops at both ends'),
  },
  {
    name: 'range-of-two-moments',
    why: 'A long range is told in part as it was before a pop, in part as it is after it.',
    file: 'src/commands/lists/range-walk.ts',
    find: `return this.#list === list && this.#changedEnd === list.changedEnd`,
    replace: `return this.#list === list && this.#changedEnd > 0`,
    caughtBy: cold('at one moment'),
  },
  {
    name: 'renumbering-not-foreseen',
    why: 'A transaction writes more than the log was promised: items that make room are not counted.',
    file: 'src/commands/lists/list-foresight.ts',
    find: `list.mayInsert() ? foresight.sizeOf(args, 1)`,
    replace: `list.mayInsert() && i < 0 ? foresight.sizeOf(args, 1)`,
    caughtBy: foresight('make all other items give way'),
  },
]
