import { setImmediate as turn } from 'node:timers/promises'
import type { Run, Select } from '../../segments/compaction/select.js'
import type { Durable } from '../../segments/compaction/liveness.js'
import type { Log } from '../../segments/log.js'

/** Chooses `length` segments, or as many as there are, from `share` of the sealed ones on: tests want other runs than the best. */
export function runAt(share: number, length: number): Select {
  return (segments): Run | null => {
    const stop = segments.findIndex((segment) => !segment.sealed || segment.columns !== null)
    if (stop === 0) return null
    const start = Math.min(stop - 1, Math.floor(share * stop))
    return { start, count: Math.min(length, stop - start) }
  }
}

/** Commits of a log that several may ask for: one at a time. */
export class Commits {
  readonly #log: Log
  #running: Promise<void> | null = null

  constructor(log: Log) {
    this.#log = log
  }

  /** Commits, and syncs, all that has been appended by now. */
  readonly durable: Durable = async (offset) => {
    while (this.#log.durableOffset < offset) await this.flush()
  }

  async flush(): Promise<void> {
    while (this.#running !== null) await this.#running
    this.#running = this.#flush().finally(() => (this.#running = null))
    await this.#running
  }

  async #flush(): Promise<void> {
    await this.#log.flush()
    if (this.#log.fsync !== 'always') await this.#log.sync()
  }
}

/** Waits until every sealed segment has its side file: only those are rewritten. */
export async function untilReady(log: Log): Promise<void> {
  while (log.segments.some((it) => it.sealed && it.columns !== null)) await turn()
}
