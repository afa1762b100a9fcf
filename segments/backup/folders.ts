import fs from 'node:fs/promises'
import { type Disk, writeWhole } from '../disk.js'
import { FlinError } from '../errors.js'
import type { Manifest } from '../manifest.js'
import { LOCK_NAME, parseSegmentName } from '../names.js'
import { unnamedFiles } from '../orphans.js'

/**
 * Sees to it that a backup or a restore does not go into the folder that it comes from, by whatever names.
 * @throws FlinError BAD_SETTING
 */
export async function checkApart(from: string, to: string): Promise<void> {
  const found = await Promise.all([from, to].map((folder) => fs.stat(folder).catch(() => null)))
  if (found[0] === null || found[1] === null) return
  if (found[0]!.dev !== found[1]!.dev || found[0]!.ino !== found[1]!.ino) return
  throw new FlinError('BAD_SETTING', `${to} is the folder ${from} itself: choose another one to write to`)
}

/** Names in a folder that somebody has put there: all but those of its lock. */
export async function contentsOf(disk: Disk): Promise<string[]> {
  return (await disk.list()).filter((name) => name !== LOCK_NAME && name !== `${LOCK_NAME}.takeover`)
}

/** Says, durably, that what comes into a folder is not finished: so it is never taken for a log that has lost its manifest. */
export async function markFolder(disk: Disk, mark: string): Promise<void> {
  await writeWhole(disk, mark)
  await disk.syncFolder()
}

/** Whether a name is one of those that a backup or a restore writes. */
export function isOurs(name: string): boolean {
  return /\.(side|suspect|tmp)$/.test(name) || parseSegmentName(name) !== null
}

/** Removes what the folder's manifest, which is durable, does not name: what was replaced, marks, and what has not been finished. */
export async function clearUnnamed(disk: Disk, manifest: Manifest): Promise<void> {
  for (const name of unnamedFiles(await disk.list(), manifest)) await disk.remove(name)
  await disk.syncFolder()
}
