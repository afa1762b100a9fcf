import type { ObjectState } from './object-state.js'

/** The hash of an object's key: the name of the key is in the log. */
export interface KeyHash {
  readonly hi: number
  readonly lo: number
}

/** The objects of which something may go by itself, so that nobody has to look for them among all. */
export class RetainedObjects {
  /** In the order in which they were looked at: the first one longest ago. */
  readonly #hashes = new Map<ObjectState, KeyHash>()

  get count(): number {
    return this.#hashes.size
  }

  /** An object is there, of the key with this hash, and may have got other settings. */
  note(object: ObjectState, hi: number, lo: number): void {
    if (object.isRetaining === true) this.#hashes.set(object, { hi, lo })
    else this.forget(object)
  }

  /** An object is gone. */
  forget(object: ObjectState): void {
    if (this.#hashes.size > 0) this.#hashes.delete(object)
  }

  clear(): void {
    this.#hashes.clear()
  }

  /** So many of those that were looked at longest ago, which are the last ones then. */
  take(countMax: number): (readonly [ObjectState, KeyHash])[] {
    const taken: (readonly [ObjectState, KeyHash])[] = []
    for (const entry of this.#hashes) {
      if (taken.length === countMax) break
      taken.push(entry)
    }
    for (const [object, hash] of taken) {
      this.#hashes.delete(object)
      this.#hashes.set(object, hash)
    }
    return taken
  }
}
