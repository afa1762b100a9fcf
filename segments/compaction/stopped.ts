import { diskFailure } from '../errors.js'
import type { Log } from '../log.js'
import type { Liveness } from './liveness.js'

/** What compacting a log has come to. Sizes in bytes of all segments' contents. */
export interface StoppedCompaction {
  readonly sizeBefore: number
  readonly sizeAfter: number
  readonly recordsDropped: number
  /** Rewrites, or looks at what was found to be alive altogether. */
  readonly runs: number
}

/** How often progress is told, in ms. */
const PROGRESS_MS = 100

/**
 * Compacts a log to which nobody else writes: all that is sealed, or what is worth its cost.
 * @param log has been replayed; `liveness` is that of its state
 * @param onProgress told of bytes that have been read, and of those that are in sealed segments
 * @throws FlinError as `Log.compact` does; DISK_FULL, DISK_FAILED. What had been rewritten until then stays so.
 */
export async function compactStopped(
  log: Log,
  liveness: Liveness,
  isAll: boolean,
  onProgress: (doneSize: number, totalSize: number) => void = () => undefined,
): Promise<StoppedCompaction> {
  const counts = log.compactionCounts
  const sizeBefore = log.size
  const sealedSize = log.segments.reduce((size, it) => size + (it.sealed ? it.size : 0), 0)
  const tell = (): void => {
    onProgress(counts.sizeRead, Math.max(counts.sizeRead, sealedSize))
  }
  const timer = setInterval(tell, PROGRESS_MS)
  const durable = async (): Promise<void> => {
    await log.flush()
    await log.sync()
  }
  try {
    if (isAll) await log.compact(liveness, durable)
    else while ((await log.compactNext(liveness, durable)) !== null) tell()
  } catch (error) {
    throw diskFailure(error, 'compacting the log')
  } finally {
    clearInterval(timer)
  }
  return { sizeBefore, sizeAfter: log.size, recordsDropped: counts.recordsDropped, runs: counts.runs }
}
