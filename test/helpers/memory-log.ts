import { Log, type Disk, type LogOptions } from '../../segments/index.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { replayState } from '../../src/models/replay-state.js'

/** Options of a small log with a clock that stands still and random bytes that are not. */
export function smallLogOptions(options: Partial<LogOptions> = {}): LogOptions {
  let seed = 1
  return {
    fsync: 'always',
    segmentSize: 8192,
    cacheSize: 16 * 8192,
    undurableSizeMax: 1 << 20,
    reserveSize: 0,
    diskSizeMax: 0,
    history: 'none',
    memorySizeMax: 0,
    serveDamaged: false,
    readOnly: false,
    now: () => 1_700_000_000_000,
    randomBytes: (size) => Buffer.alloc(size, seed++),
    onEvent: () => undefined,
    ...options,
  }
}

/** Opens a log in a folder, or on a disk, with the key-value state that it holds. */
export async function openKeyspace(
  place: string | Disk,
  options: Partial<LogOptions> = {},
): Promise<{ log: Log; keyspace: Keyspace }> {
  const all = smallLogOptions(options)
  const log = typeof place === 'string' ? await Log.open(place, all) : await Log.openOn(place, all)
  return { log, keyspace: await replayState(log) }
}
