import type { FlinError, Log } from '../../segments/index.js'

/** Bytes at which a commit does not wait for the end of the turn. */
const EARLY_SIZE = 64 * 1024

/** Somebody who waits for commits: told after each one until it says that it waits no more. */
export interface CommitWaiter {
  committed: (offset: number) => void
}

/**
 * Group commit: one commit is in flight at a time, what arrives meanwhile forms the next one. Starts at the end of the turn
 * of the event loop in which something was written, so that all connections that were read in it share the commit; no
 * timer.
 */
export class Committer {
  readonly #log: Log
  readonly #onPoison: (error: FlinError) => void
  #waiters: CommitWaiter[] = []
  #released: CommitWaiter[] = []
  #isScheduled = false
  #inFlight: Promise<void> | null = null
  /** Told after each commit, before those who wait. */
  onCommit: (offset: number) => void = () => undefined
  commitCount = 0
  /** When a commit ended last, in ms since 1970; before the first, when this was made. */
  lastCommitMs: number

  constructor(log: Log, onPoison: (error: FlinError) => void) {
    this.#log = log
    this.#onPoison = onPoison
    this.lastCommitMs = log.now()
  }

  get isInFlight(): boolean {
    return this.#inFlight !== null
  }

  /**
   * Something was appended: sees to its commit, at the end of the turn, or now when there is enough for a commit of its own:
   * then the disk works while the rest of the turn's requests are run.
   */
  schedule(): void {
    if (this.#inFlight !== null) return
    if (this.#log.undurableSize >= EARLY_SIZE) this.#begin()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#beginScheduled)
  }

  /** Tells the waiter once, after the next commit; it asks again if that did not suffice. */
  wait(waiter: CommitWaiter): void {
    this.#waiters.push(waiter)
  }

  readonly #beginScheduled = (): void => {
    this.#isScheduled = false
    this.#begin()
  }

  readonly #begin = (): void => {
    if (this.#inFlight !== null || !this.#log.isPending) return
    this.#inFlight = this.#log.flush().then(this.#finished, this.#failed)
  }

  readonly #finished = (): void => {
    this.#inFlight = null
    this.commitCount++
    this.lastCommitMs = this.#log.now()
    const offset = this.#log.committedOffset
    this.onCommit(offset)
    const waiters = this.#waiters
    this.#waiters = this.#released
    for (const waiter of waiters) waiter.committed(offset)
    waiters.length = 0
    this.#released = waiters
    this.#begin()
  }

  readonly #failed = (): void => {
    this.#inFlight = null
    // Nothing is acknowledged from here on; who waits will see the connection end.
    if (this.#log.poison !== null) this.#onPoison(this.#log.poison)
  }

  /** Waits until nothing is in flight and nothing pending. */
  async drain(): Promise<void> {
    while (this.#inFlight !== null || (this.#log.isPending && this.#log.poison === null)) {
      this.#begin()
      await this.#inFlight
    }
  }

  /**
   * Runs something that must not meet a commit, if nothing is in flight or pending now: under load the wait for such a
   * moment would have no end.
   */
  async ifIdle(job: () => Promise<void>): Promise<void> {
    if (this.#inFlight !== null || this.#log.isPending) return
    this.#inFlight = job().then(
      () => {
        this.#inFlight = null
        if (this.#log.isPending) this.#begin()
      },
      () => {
        this.#failed()
      },
    )
    await this.#inFlight
  }
}
