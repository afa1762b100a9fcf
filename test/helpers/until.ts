import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

const WAIT_MS_MAX = 60_000
const STEP_MS = 5

/** Waits for what no event tells of, by looking again and again. Fails when it does not come. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX
  while (!(await holds())) {
    assert.ok(Date.now() < end, `never: ${what}`)
    await sleep(STEP_MS)
  }
}
