import type { StreamId } from './stream-id.js'

/**
 * Sets `id` to that of an entry that is added now: the time in ms and 0, or the one behind the last where that is not lower, whoever
 * chose it. False: there is none behind the last one.
 */
export function nextId(id: StreamId, last: StreamId, nowMs: number): boolean {
  id.setMs(nowMs).setSeq(0)
  return id.compare(last) > 0 || id.copy(last).increment()
}
