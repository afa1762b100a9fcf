import type { Disk } from '../disk.js'
import type { KeyHasher } from '../key-hash.js'
import { LoopPace } from './pace.js'
import { type Asked, type Rewritten, rewriteRun, type RewriteTask } from './rewrite.js'
import { Scratch } from './scratch.js'

/** Memory is given back when nothing was rewritten for so long. */
export const IDLE_MS = 10_000

/** Where rewriting is done: in a thread of its own, or on the loop's. One run at a time. */
export interface Rewriter {
  /** @throws as {@link rewriteRun}; and whatever what is asked throws */
  rewrite: (task: RewriteTask, asked: Asked) => Promise<Rewritten>
  /** Bytes a second that may be read and written; 0: no bound. */
  setRate: (bytesPerSecond: number) => void
  /** The run under way ends before its next step, with LOG_CLOSED. */
  stop: () => void
  /** Once nothing is under way any more. */
  close: () => Promise<void>
}

/**
 * Rewrites on the loop's own thread, giving way often: what is in memory, where only this thread sees it, and disks that are not a
 * folder.
 */
export class LoopRewriter implements Rewriter {
  readonly #disk: Disk
  readonly #hasher: KeyHasher
  #isStopped = false
  #rate = 0
  /** Kept for the next run if that comes soon: fresh memory costs more than the copying, and calls for the garbage collector. */
  #scratch: Scratch | null = null
  #idleTimer: NodeJS.Timeout | null = null

  /** @param hasher of its own: another one's state would change in the middle of a command */
  constructor(disk: Disk, hasher: KeyHasher) {
    this.#disk = disk
    this.#hasher = hasher
  }

  rewrite(task: RewriteTask, asked: Asked): Promise<Rewritten> {
    const pace = new LoopPace(
      () => this.#isStopped,
      () => this.#rate,
    )
    // A log in memory has no more than its bound while nothing runs.
    if (!task.hasFile) return rewriteRun(this.#disk, this.#hasher, task, asked, pace, new Scratch())
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#scratch ??= new Scratch()
    return rewriteRun(this.#disk, this.#hasher, task, asked, pace, this.#scratch).finally(() => {
      this.#idleTimer = setTimeout(() => (this.#scratch = null), IDLE_MS).unref()
    })
  }

  setRate(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond
  }

  stop(): void {
    this.#isStopped = true
  }

  close(): Promise<void> {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    return Promise.resolve()
  }
}
