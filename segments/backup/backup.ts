import type { Disk } from '../disk.js'
import { diskFailure } from '../errors.js'
import { FolderLock } from '../lock.js'
import { readLogFolder } from '../log-folder.js'
import { type Manifest, writeManifest } from '../manifest.js'
import { BACKUP_MARK } from '../names.js'
import { NodeDisk } from '../node-disk.js'
import { checkApart, clearUnnamed, markFolder } from './folders.js'
import { type CopyOptions, DEFAULT_COPY_OPTIONS, Mirror, type Share } from './mirror.js'
import { formerBackup } from './former.js'

export interface BackupOptions extends CopyOptions {
  /** Reads what the backup has already, too, and copies anew what is not as it was written. */
  readonly verify: boolean
}

export interface BackupReport {
  readonly logId: string
  /** In ms since 1970. */
  readonly madeAtMs: number
  readonly startOffset: number
  /** Behind the last record in it. */
  readonly endOffset: number
  readonly compactionHorizon: number
  readonly segmentCount: number
  /** What was copied, and what the former backup had already. */
  readonly copied: Share
  readonly kept: Share
  /** Where the former backup ended; null when there was none. */
  readonly formerEndOffset: number | null
  /** The former backup ended below the compaction horizon: nothing of it was kept. */
  readonly isRenewed: boolean
}

/**
 * Makes a backup of the log in a folder, or brings the one that is in `to` up to date: what `flin backup` does. The log may
 * have a running owner.
 * @throws FlinError FOLDER_LOCKED when another backup into that folder is under way; and as {@link backupLog} does
 */
export async function backupFolder(
  from: string,
  to: string,
  options: Partial<BackupOptions> = {},
): Promise<BackupReport> {
  try {
    const source = new NodeDisk(from)
    await readLogFolder(source) // taking a folder makes it: nothing is made when there is nothing to copy
    await checkApart(from, to)
    const lock = await FolderLock.take(to)
    try {
      return await backupLog(source, new NodeDisk(to), options)
    } finally {
      await lock.release()
    }
  } catch (error) {
    throw diskFailure(error, `the backup into ${to}`)
  }
}

/**
 * Makes a backup on another disk, or brings the one there up to date: sealed segments that it has already stay as they are,
 * files and all. All that was acknowledged before the call is in it. Whatever ends the call, the former backup is whole or
 * the new one is. The caller sees to it that there is one at a time.
 * @throws FlinError LOG_CORRUPT when the log is damaged, which leaves the former backup; BAD_SETTING when the target holds
 *   something else than a backup of this log's past, or when there is no log
 */
export async function backupLog(
  source: Disk,
  target: Disk,
  options: Partial<BackupOptions> = {},
): Promise<BackupReport> {
  const { verify = false, ...copyOptions } = options
  const complete = { ...DEFAULT_COPY_OPTIONS, ...copyOptions }
  const { manifest: now } = await readLogFolder(source)
  const former = await formerBackup(target, now)
  if (former === null) await markFolder(target, BACKUP_MARK)
  const isRenewed = former !== null && isBelowHorizon(former, now)
  const rules = { former, isRenewed, isVerified: verify, tailGeneration: null }
  const { folder, segments, tail, copied, kept } = await new Mirror(source, target, rules, complete).run()
  const endOffset = tail?.endOffset ?? 0
  const backup = { madeAtMs: complete.now(), endOffset, tailSize: tail?.size ?? 0 }
  const manifest: Manifest = { ...folder.manifest, segments, backup }
  // A manifest that outlives a crash must not name a file that does not.
  await target.syncFolder()
  await writeManifest(target, manifest)
  await clearUnnamed(target, manifest)
  return {
    logId: manifest.logId,
    madeAtMs: backup.madeAtMs,
    startOffset: segments[0]?.baseOffset ?? 0,
    endOffset,
    compactionHorizon: manifest.compactionHorizon,
    segmentCount: segments.length,
    ...{ copied, kept, isRenewed },
    formerEndOffset: former?.backup?.endOffset ?? null,
  }
}

/**
 * Whether compaction has dropped a tombstone that the backup has not got: whoever brought it up to date by what was written
 * since would keep what that tombstone buried.
 */
function isBelowHorizon({ backup }: Manifest, { compactionHorizon }: Manifest): boolean {
  return compactionHorizon > 0 && compactionHorizon >= (backup?.endOffset ?? 0)
}
