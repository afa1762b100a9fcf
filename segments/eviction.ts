import type { LogState } from './log-state.js'
import type { Reader } from './reader.js'

/**
 * Gives up the memory of the oldest sealed segments beyond the cache's share: their records are read from disk from then on. A
 * log in memory keeps everything.
 */
export function evict(state: LogState, reader: Reader): void {
  if (state.options.memorySizeMax > 0) return
  const { budget } = state.memory
  for (const segment of state.segments.inOrder) {
    if (state.residentSize <= budget) break
    if (!segment.sealed || segment.memory === null || segment.columns !== null || segment.isPinned) continue
    const memory = segment.memory
    segment.memory = null
    state.residentSize -= memory.length
    const file = segment.file
    segment.file = null // the next cold read opens it for reading
    // All of it is synced: whatever closing says, it takes nothing back.
    file?.close().catch(() => undefined)
    state.memory.give(memory, state.residentSize)
  }
  reader.trim()
  noteCold(state)
}

/** Notes whether any record has to be read from disk. */
export function noteCold(state: LogState): void {
  state.hasCold = state.segments.inOrder.some((segment) => segment.memory === null && segment.size > 0)
}
