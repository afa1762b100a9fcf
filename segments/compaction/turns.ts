/** A slice of work lasts this share of the time that others had before it ... */
const SHARE = 0.5
/** ... within these bounds: an idle loop asks for no more than the first, and no reply waits longer than the second for it. */
const SLICE_MS_MIN = 0.25
const SLICE_MS_MAX = 2

/**
 * Slices of long work on the loop's own thread. Others have their turn in between; the busier the loop is, the longer that takes,
 * and the longer is the next slice: so the work goes on at a share of the loop's time, where slices of a fixed size would come to
 * a stand under load, just when it is needed most.
 */
export class Turns {
  readonly #now: () => number
  readonly #others: () => Promise<unknown>
  #sliceMs = SLICE_MS_MIN
  #began: number

  /**
   * @param now time in ms
   * @param others resolves when others have had their turn
   */
  constructor(
    now: () => number = () => performance.now(),
    others: () => Promise<unknown> = () => new Promise(setImmediate),
  ) {
    this.#now = now
    this.#others = others
    this.#began = now()
  }

  /** Whether the slice has lasted long enough: then {@link give}. To be asked every 0.1 ms or so. */
  get isOver(): boolean {
    return this.#now() - this.#began >= this.#sliceMs
  }

  /** Lets others have their turn, and begins the next slice. */
  async give(): Promise<void> {
    const gave = this.#now()
    await this.#others()
    this.#began = this.#now()
    this.#sliceMs = Math.min(SLICE_MS_MAX, Math.max(SLICE_MS_MIN, (this.#began - gave) * SHARE))
  }
}
