/** What a connection has under WATCH: marked once one of its keys has changed. */
export interface Watcher {
  dirty: boolean
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

  touchAll(): void {
    for (const watchers of this.#byHash.values()) for (const watcher of watchers) watcher.dirty = true
  }
}
