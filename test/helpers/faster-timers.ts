import { mock } from 'node:test'

const TIMES = 20

/**
 * From here on timers of this thread run out twenty times as fast, in the order in which they would: for files whose disks are
 * simulated, where no other process is waited for.
 */
export function fasterTimers(): void {
  const { setTimeout } = globalThis
  const faster = (job: () => void, ms = 0): NodeJS.Timeout => setTimeout(job, ms / TIMES)
  mock.method(globalThis, 'setTimeout', faster as typeof setTimeout)
}
