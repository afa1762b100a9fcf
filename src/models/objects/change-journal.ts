/** So many keys are remembered; a command changes far fewer. */
const KEYS_MAX = 4096

/** An end of a list. */
type Side = 'left' | 'right'

/** What one command has written of one object: its records lie below `end`, behind those of the note before. */
export interface ObjectChange {
  readonly id: number
  /** The key that had the object then. */
  readonly key: Buffer
  readonly end: number
  /** From which end items were taken; null: it was not said. */
  readonly side: Side | null
}

/**
 * What the records of members do not tell by themselves: which key has their object, and where those of one command end and those of
 * the next begin. It is kept while somebody wants to know, until the records have been gone through.
 */
export class ChangeJournal {
  readonly #keys = new Map<number, Buffer>()
  #changes: ObjectChange[] = []
  /** Those in front of it have been let go of. */
  #first = 0
  #side: Side | null = null

  get count(): number {
    return this.#changes.length - this.#first
  }

  /** A key has this object; `key[start..end)`. */
  found(id: number, key: Buffer, start: number, end: number): void {
    if (this.#keys.size >= KEYS_MAX) this.#keys.clear()
    this.#keys.set(id, Buffer.from(key.subarray(start, end)))
  }

  /** What the running command removes next from a list comes from this end. */
  takes(side: Side): void {
    this.#side = side
  }

  /** A command has written what it has to about an object, below this offset. */
  changed(id: number, end: number): void {
    const key = this.#keys.get(id)
    if (key !== undefined) this.#changes.push({ id, key, end, side: this.#side })
    this.#side = null
  }

  /** Lets go of what lies below the offset, and returns what has been noted of the record there; null: nothing. @param id of its object */
  at(offset: number, id: number): ObjectChange | null {
    this.forget(offset)
    const changes = this.#changes
    for (let i = this.#first; i < changes.length; i++) if (changes[i]!.id === id) return changes[i]!
    return null
  }

  /** As {@link at}, for the record that ends an object with its key. */
  endAt(offset: number): ObjectChange | null {
    this.forget(offset)
    const first = this.#changes[this.#first]
    return first?.end === offset + 1 ? first : null
  }

  forget(offset: number): void {
    const changes = this.#changes
    while (this.#first < changes.length && changes[this.#first]!.end <= offset) this.#first++
    if (this.#first * 2 <= changes.length) return
    this.#changes = changes.slice(this.#first)
    this.#first = 0
  }
}
