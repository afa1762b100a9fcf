import type { Disk } from '../disk.js'
import { FlinError } from '../errors.js'
import { type Manifest, readManifest } from '../manifest.js'
import { BACKUP_MARK } from '../names.js'
import { contentsOf, isOurs } from './folders.js'

/**
 * The manifest of the backup that a folder holds; null when it holds none, and one may be made there.
 * @param now the manifest of the log
 * @throws FlinError BAD_SETTING when it holds anything else, or a backup of what is not this log's past; LOG_CORRUPT,
 *   FORMAT_UNKNOWN when its manifest cannot be read
 */
export async function formerBackup(target: Disk, now: Manifest): Promise<Manifest | null> {
  const former = await readManifest(target)
  if (former === null) {
    const names = await contentsOf(target)
    if (names.length === 0 || (names.includes(BACKUP_MARK) && names.every(isOurs))) return null
    throw refused('it is not empty, and it is no backup')
  }
  if (former.backup === undefined) throw refused('it holds a log, and no backup')
  if (former.logId !== now.logId) throw refused(`it is a backup of the log ${former.logId}, and this is ${now.logId}`)
  const fork = forkOf(former, now)
  if (fork !== null) throw refused(fork)
  return former
}

/** Why a backup holds what was never in this log, and would be lost with it; null when it is of this log's past. */
function forkOf(former: Manifest, now: Manifest): string | null {
  const before = former.restores ?? []
  const restores = now.restores ?? []
  const endOffset = former.backup!.endOffset
  const isPrefix = before.every(([epoch, offset], i) => restores[i]?.[0] === epoch && restores[i][1] === offset)
  const next = restores[before.length]
  if (!isPrefix || (next !== undefined && next[1] < endOffset)) {
    return `its backup, which ends at offset ${endOffset}, holds what this log has not: this log was restored from another one`
  }
  const epochs = [former, now].map(({ epochs }) => epochs.at(-1)?.[0] ?? 0)
  return epochs[0]! > epochs[1]!
    ? `its backup is of epoch ${epochs[0]!}, this log of epoch ${epochs[1]!}: it is older`
    : null
}

function refused(why: string): FlinError {
  return new FlinError('BAD_SETTING', `the folder given with --to cannot take this backup: ${why}. Choose another`)
}
