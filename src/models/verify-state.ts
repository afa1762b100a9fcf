import type { LogSnapshot } from '../../segments/index.js'
import { sumState, type StateSum } from './digest.js'
import { withState } from './replay-state.js'

/** A state that was rebuilt in two ways. */
export interface StateReport {
  readonly withSideFiles: StateSum
  readonly withoutSideFiles: StateSum
  /** Whether both are the same, and each is made of exactly what its index holds. */
  readonly isEqual: boolean
}

/**
 * Rebuilds the state twice, as a start of the daemon would, and without the side files, from what the segments say alone; and
 * compares the two. One after the other: memory for one index is needed.
 * @param now time in ms since 1970: what has expired by then does not count
 * @param onProgress told of bytes that have been gone through; two rounds make the whole
 */
export async function verifyState(
  snapshot: LogSnapshot,
  now: number,
  onProgress: (size: number) => void = () => undefined,
): Promise<StateReport> {
  const sumOf = (disk: LogSnapshot): Promise<StateSum> =>
    withState(disk, now, (_log, keyspace) => sumState(disk, keyspace, onProgress))
  const withSideFiles = await sumOf(snapshot)
  const withoutSideFiles = await sumOf(snapshot.withoutSideFiles())
  const isSame = withSideFiles.digest === withoutSideFiles.digest
  return { withSideFiles, withoutSideFiles, isEqual: isSame && isWhole(withSideFiles) && isWhole(withoutSideFiles) }
}

/** An index that holds more than was met names what is not there. */
function isWhole({ indexedCount, liveCount }: StateSum): boolean {
  return indexedCount === liveCount
}
