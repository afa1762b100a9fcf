import { Log, SEGMENT_SIZE_MIN, type LogSnapshot } from '../../segments/index.js'
import { Keyspace } from './keyspace.js'

/** Memory for what is read again while a state is rebuilt: few keys collide. */
const CACHE_SIZE = 16 * 1024 * 1024

/**
 * Builds the state from a log that has just been opened.
 * @param keyspace what to build it in; left out: a new one
 * @throws FlinError as `Log.replay` does: the log can then only be closed
 */
export async function replayState(log: Log, keyspace: Keyspace = new Keyspace(log)): Promise<Keyspace> {
  keyspace.now = log.now()
  await log.replay((record) => keyspace.replay(record))
  await keyspace.settle()
  return keyspace
}

/**
 * Builds the state that a snapshot holds, for reading, and hands it to a job. Damage is passed by: `log.damages` names it.
 * Takes up to 32 bytes of memory a key.
 * @param now time in ms since 1970: what has expired by then is not there
 */
export async function withState<T>(
  snapshot: LogSnapshot,
  now: number,
  job: (log: Log, keyspace: Keyspace) => Promise<T>,
): Promise<T> {
  const options = { readOnly: true, segmentSize: SEGMENT_SIZE_MIN, cacheSize: CACHE_SIZE, now: () => now }
  const log = await Log.openOn(snapshot, options)
  try {
    return await job(log, await replayState(log))
  } finally {
    await log.close()
  }
}
