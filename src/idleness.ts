import os from 'node:os'
import { performance, type EventLoopUtilization } from 'node:perf_hooks'

/** Where {@link Idleness} reads what has been used; tests hand in their own. */
export interface UsageSources {
  /** Time in ms. */
  readonly now: () => number
  /** Time that all threads of the process have had a core, in microseconds. */
  readonly cpu: () => number
  /** How the event loop has spent its time. */
  readonly loop: () => EventLoopUtilization
  /** Cores that the process may use: those that it is bound to, where it is. */
  readonly cores: number
}

export const PROCESS_USAGE: UsageSources = {
  now: () => performance.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  loop: () => performance.eventLoopUtilization(),
  cores: os.availableParallelism(),
}

const US_PER_MS = 1000

/**
 * How much of a core a thread beside the event loop may use without taking it from the loop. The loop's own idle time is not
 * all: where the process has one core, what a thread uses is what the loop does not get, and the loop calls itself busy or
 * idle all the same. So the cores that nobody in the process uses count as well. What other processes use is not seen.
 */
export class Idleness {
  readonly #sources: UsageSources
  #nowMs: number
  #cpuUs: number
  #loop: EventLoopUtilization
  #share = 1

  constructor(sources: UsageSources = PROCESS_USAGE) {
    this.#sources = sources
    this.#nowMs = sources.now()
    this.#cpuUs = sources.cpu()
    this.#loop = sources.loop()
  }

  /**
   * A share of a core, 0 to 1, since the last look. What the thread itself uses is among what is used, so that the share falls
   * when it is taken: half of the way at a time, or it would swing between all and nothing.
   */
  share(): number {
    const { now, cpu, loop, cores } = this.#sources
    const nowMs = now()
    const cpuUs = cpu()
    const usage = loop()
    const passedMs = nowMs - this.#nowMs
    if (passedMs <= 0) return this.#share
    const { utilization } = performance.eventLoopUtilization(usage, this.#loop)
    const unused = cores - (cpuUs - this.#cpuUs) / (passedMs * US_PER_MS)
    this.#nowMs = nowMs
    this.#cpuUs = cpuUs
    this.#loop = usage
    const left = Math.min(1, Math.max(0, Math.min(1 - utilization, unused)))
    this.#share = (this.#share + left) / 2
    return this.#share
  }
}
