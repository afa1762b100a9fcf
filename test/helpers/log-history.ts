import assert from 'node:assert/strict'

/** The newest value of a key. */
export interface Entry {
  readonly value: Buffer
  /** In ms since 1970; 0: it does not expire. */
  readonly expireAt: number
  /** Offset of the value's record. */
  readonly offset: number
}

interface Written {
  /** null: every key. */
  readonly key: string | null
  readonly entry: Entry | null
  /** Offset behind the records of this write. */
  readonly endOffset: number
}

/** The naive reference: a list of all that was written, and what of it was told to somebody. */
export class History {
  #written: Written[] = []
  readonly #boundaries = new Set([0])
  #epoch = 0
  /** Everything below has been acknowledged. */
  acknowledged = 0

  get endOffset(): number {
    return this.#written.at(-1)?.endOffset ?? 0
  }

  wrote(key: string, entry: Entry | null, endOffset: number): void {
    this.#written.push({ key, entry, endOffset })
  }

  cleared(endOffset: number): void {
    this.#written.push({ key: null, entry: null, endOffset })
  }

  /** A batch ends before this offset. */
  noteBoundary(offset: number): void {
    this.#boundaries.add(offset)
  }

  isBoundary(offset: number): boolean {
    return this.#boundaries.has(offset)
  }

  noteAcknowledged(offset: number): void {
    this.acknowledged = Math.max(this.acknowledged, offset)
  }

  /** Whoever opens a log for writing does it in a later epoch than all before. */
  noteEpoch(epoch: number): void {
    assert.ok(epoch > this.#epoch, `the log was opened in epoch ${epoch} after epoch ${this.#epoch}`)
    this.#epoch = epoch
  }

  /** The state after the records below an offset. */
  stateAt(endOffset: number): Map<string, Entry> {
    return this.stateOf((end) => end <= endOffset)
  }

  /** The state that comes of some of the writes only: those of which `isThere` says so, told the offset behind their records. */
  stateOf(isThere: (endOffset: number) => boolean): Map<string, Entry> {
    const state = new Map<string, Entry>()
    for (const { key, entry, endOffset } of this.#written) {
      if (!isThere(endOffset)) continue
      if (key === null) state.clear()
      else if (entry === null) state.delete(key)
      else state.set(key, entry)
    }
    return state
  }

  /** Every key that was there at some time. */
  get keys(): string[] {
    return [...new Set(this.#written.flatMap((it) => (it.key === null ? [] : [it.key])))].sort()
  }

  /** Every value that a key had at some time. */
  valuesOf(key: string): Buffer[] {
    return this.#written.flatMap((it) => (it.key === key && it.entry !== null ? [it.entry.value] : []))
  }

  /** What became of the log when a crash left it at this offset; the history itself stays as it is. */
  cutAt(endOffset: number): History {
    const history = new History()
    history.#written = this.#written.filter((it) => it.endOffset <= endOffset)
    for (const boundary of this.#boundaries) if (boundary <= endOffset) history.#boundaries.add(boundary)
    history.#epoch = this.#epoch
    history.acknowledged = Math.min(this.acknowledged, endOffset)
    return history
  }
}
