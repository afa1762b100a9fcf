/** A clock that nobody sets, and a bell. */
export interface Timer {
  /** In ms, from any beginning; never goes back. */
  now: () => number
  /** Calls `job` once, after so many ms or a little later; the function that is returned prevents it. */
  after: (ms: number, job: () => void) => () => void
}

/** The real one. It does not keep the process. */
export const TIMER: Timer = {
  now: () => performance.now(),
  after: (ms, job) => {
    const timer = setTimeout(job, ms).unref()
    return () => {
      clearTimeout(timer)
    }
  },
}

/** Something whose time will come. */
export interface Timed {
  /** When, as the timer's `now` tells it. */
  readonly dueMs: number
  /** Where it stands; -1 outside. */
  heapIndex: number
}

/** What Node's timers take; more would ring at once. */
const TIMER_MS_MAX = 0x7fff_ffff

/** What waits for its time, in a binary heap, so that putting in and taking out cost little however many there are; one timer for all. */
export class Timeouts<T extends Timed> {
  readonly #timer: Timer
  readonly #onDue: (item: T) => void
  readonly #heap: T[] = []
  /** When the timer rings; Infinity: it does not. */
  #ringsMs = Infinity
  #cancel: () => void = () => undefined

  /** @param onDue told of each when its time has come; it is no longer in then */
  constructor(timer: Timer, onDue: (item: T) => void) {
    this.#timer = timer
    this.#onDue = onDue
  }

  get count(): number {
    return this.#heap.length
  }

  add(item: T): void {
    this.#heap.push(item)
    this.#rise(item, this.#heap.length - 1)
    if (item.dueMs < this.#ringsMs) this.#arm()
  }

  /** Nothing happens where it is not in. */
  remove(item: T): void {
    const at = item.heapIndex
    if (at < 0) return
    item.heapIndex = -1
    const last = this.#heap.pop()!
    if (last === item) return
    // The last one may belong above the gap as well as below it.
    this.#rise(last, at)
    this.#sink(last, last.heapIndex)
  }

  /** Rings no more. */
  stop(): void {
    this.#cancel()
    this.#ringsMs = Infinity
  }

  /** The first may have left in the meantime: then the bell rings for nobody, which costs less than to put it off each time. */
  readonly #ring = (): void => {
    this.#ringsMs = Infinity
    const now = this.#timer.now()
    for (let [first] = this.#heap; first !== undefined && first.dueMs <= now; [first] = this.#heap) {
      this.remove(first)
      this.#onDue(first)
    }
    this.#arm()
  }

  #arm(): void {
    const [first] = this.#heap
    if (first === undefined || first.dueMs >= this.#ringsMs) return
    this.#cancel()
    this.#ringsMs = first.dueMs
    const ms = Math.ceil(first.dueMs - this.#timer.now())
    this.#cancel = this.#timer.after(Math.min(Math.max(ms, 0), TIMER_MS_MAX), this.#ring)
  }

  /** Puts an item at a place, or above it. */
  #rise(item: T, from: number): void {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]!
      if (parent.dueMs <= item.dueMs) break
      heap[at] = parent
      parent.heapIndex = at
      at = above
    }
    heap[at] = item
    item.heapIndex = at
  }

  /** Puts an item at a place, or below it. */
  #sink(item: T, from: number): void {
    const heap = this.#heap
    let at = from
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]!.dueMs < heap[below]!.dueMs) below++
      const child = heap[below]!
      if (child.dueMs >= item.dueMs) break
      heap[at] = child
      child.heapIndex = at
      at = below
    }
    heap[at] = item
    item.heapIndex = at
  }
}
