import fs from 'node:fs'
import path from 'node:path'
import { DEFAULT_LOG_OPTIONS, Log } from '../../segments/index.js'
import { Keyspace } from '../../src/models/keyspace.js'

/** Opens the log in a folder as the daemon does, and replays it. @param cacheSize bytes */
export async function openLog(folder: string, cacheSize: number): Promise<{ log: Log; keyspace: Keyspace }> {
  const log = await Log.open(folder, { ...DEFAULT_LOG_OPTIONS, fsync: 'no', reserveSize: 0, cacheSize })
  const keyspace = new Keyspace(log)
  await log.replay((record) => keyspace.replay(record))
  await keyspace.settle()
  keyspace.now = log.now()
  return { log, keyspace }
}

/** Removes the side files of a log that is closed: the next restart reads the segments themselves. */
export function removeSideFiles(folder: string): void {
  for (const name of fs.readdirSync(folder)) if (name.endsWith('.side')) fs.rmSync(path.join(folder, name))
}
