/** What a connection has under WATCH: marked once one of its keys has changed. */
export interface Watcher {
  dirty: boolean
}

/** A key that is watched. */
export interface Watched {
  readonly hi: number
  readonly lo: number
  /** When it was to expire when it was watched, in ms since 1970; 0: never, or there was none. */
  readonly expireAt: number
}

/** Who watches which keys, by hash: a foreign key with the same hash only makes a transaction try again. */
export class Watches {
  readonly #byHash = new Map<string, Set<Watcher>>()

  get isEmpty(): boolean {
    return this.#byHash.size === 0
  }

  add(hi: number, lo: number, watcher: Watcher): void {
    const key = `${hi}:${lo}`
    const watchers = this.#byHash.get(key)
    if (watchers === undefined) this.#byHash.set(key, new Set([watcher]))
    else watchers.add(watcher)
  }

  remove(hi: number, lo: number, watcher: Watcher): void {
    const key = `${hi}:${lo}`
    const watchers = this.#byHash.get(key)
    if (watchers?.delete(watcher) === true && watchers.size === 0) this.#byHash.delete(key)
  }

  touch(hi: number, lo: number): void {
    const watchers = this.#byHash.get(`${hi}:${lo}`)
    if (watchers !== undefined) for (const watcher of watchers) watcher.dirty = true
  }

  /** Every key is going: touches those that are there. */
  touchAll(isThere: (hi: number, lo: number) => boolean): void {
    for (const [key, watchers] of this.#byHash) {
      const colon = key.indexOf(':')
      if (!isThere(Number(key.slice(0, colon)), Number(key.slice(colon + 1)))) continue
      for (const watcher of watchers) watcher.dirty = true
    }
  }
}
