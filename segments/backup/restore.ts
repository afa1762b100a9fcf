import crypto from 'node:crypto'
import type { Disk } from '../disk.js'
import { diskFailure, FlinError } from '../errors.js'
import { FolderLock } from '../lock.js'
import { type LogFolder, readLogFolder } from '../log-folder.js'
import { type Manifest, type ManifestSegment, writeManifest } from '../manifest.js'
import { MANIFEST_NAME, RESTORE_MARK } from '../names.js'
import { NodeDisk } from '../node-disk.js'
import { otherThan } from './copier.js'
import { checkApart, clearUnnamed, contentsOf, isOurs, markFolder } from './folders.js'
import { type CopyOptions, DEFAULT_COPY_OPTIONS, Mirror, type Mirrored, type Share } from './mirror.js'

/**
 * How far the epoch of a restored log is ahead of the backup's, at least, and as much again by chance: so that neither the
 * log that the backup was made of nor another one restored from it ever has the same.
 */
export const EPOCH_LEAP = 1 << 20
const EPOCH_MAX = 0xffff_ffff

export interface RestoreOptions extends CopyOptions {
  readonly randomBytes: (size: number) => Buffer
}

export interface RestoreReport {
  readonly logId: string
  /** When the backup was made, in ms since 1970. */
  readonly madeAtMs: number
  readonly startOffset: number
  readonly endOffset: number
  /** The restored log is opened in later ones only. */
  readonly epoch: number
  readonly copied: Share
}

/**
 * Makes a log of a backup, in a folder that is empty or not there: what `flin restore` does.
 * @throws FlinError FOLDER_LOCKED when another process has that folder; and as {@link restoreLog} does
 */
export async function restoreFolder(
  from: string,
  to: string,
  options: Partial<RestoreOptions> = {},
): Promise<RestoreReport> {
  try {
    const source = new NodeDisk(from)
    await readBackup(source)
    await checkApart(from, to)
    const lock = await FolderLock.take(to)
    try {
      return await restoreLog(source, new NodeDisk(to), options)
    } finally {
      await lock.release()
    }
  } catch (error) {
    throw diskFailure(error, `the restore into ${to}`)
  }
}

/**
 * Makes a log of a backup on another disk, whose every byte is compared with the backup's digests. The manifest comes last:
 * until then no log is there, and the same call begins again.
 * @throws FlinError LOG_CORRUPT when the backup is damaged; BAD_SETTING when there is none, or the target is not empty
 */
export async function restoreLog(
  source: Disk,
  target: Disk,
  options: Partial<RestoreOptions> = {},
): Promise<RestoreReport> {
  const { randomBytes = crypto.randomBytes, ...copyOptions } = options
  await readBackup(source)
  await prepare(target)
  const rules = { former: null, isRenewed: true, isVerified: false, tailGeneration: 0 }
  const mirrored = await new Mirror(source, target, rules, { ...DEFAULT_COPY_OPTIONS, ...copyOptions }).run()
  const { folder, segments, tail, copied } = mirrored
  checkTail(mirrored)
  const endOffset = tail?.endOffset ?? 0
  const epoch = leap(folder.manifest, randomBytes)
  const manifest = restoredManifest(folder.manifest, segments, epoch, endOffset)
  await target.syncFolder()
  await writeManifest(target, manifest)
  await clearUnnamed(target, manifest)
  return {
    logId: manifest.logId,
    madeAtMs: folder.manifest.backup!.madeAtMs,
    startOffset: segments[0]?.baseOffset ?? 0,
    ...{ endOffset, epoch, copied },
  }
}

async function readBackup(disk: Disk): Promise<LogFolder> {
  const folder = await readLogFolder(disk)
  if (folder.manifest.backup === undefined) {
    throw new FlinError(
      'BAD_SETTING',
      'the folder to restore from holds a log, and no backup: see `flin backup --help`',
    )
  }
  return folder
}

/** Makes the target ready: it is empty, or what is in it a restore has left that did not end. */
async function prepare(target: Disk): Promise<void> {
  const names = await contentsOf(target)
  const isLeft = names.includes(RESTORE_MARK) && !names.includes(MANIFEST_NAME) && names.every(isOurs)
  if (names.length > 0 && !isLeft) {
    throw new FlinError('BAD_SETTING', 'the folder given with --to is not empty: choose another, or an empty one')
  }
  if (!isLeft) await markFolder(target, RESTORE_MARK)
  for (const name of names) if (name !== RESTORE_MARK) await target.remove(name)
}

/** The digest of a tail says, too, that it is whole: batches that are missing at its end leave no other trace. */
function checkTail({ folder, tail }: Mirrored): void {
  const entry = folder.manifest.segments.at(-1)
  if (entry?.digest !== undefined && tail!.digest !== entry.digest) throw otherThan(entry, tail!.digest, entry.digest)
}

function leap({ epochs }: Manifest, randomBytes: (size: number) => Buffer): number {
  const epoch = (epochs.at(-1)?.[0] ?? 0) + EPOCH_LEAP + (randomBytes(4).readUInt32LE(0) % EPOCH_LEAP)
  if (epoch > EPOCH_MAX - EPOCH_LEAP) {
    throw new FlinError('BAD_SETTING', 'this log was restored, and that restored again, until no epoch is left')
  }
  return epoch
}

/** That of the log, which has the offsets of the backup and goes on in an epoch of its own. */
function restoredManifest(
  { logId, hashSeed, compactionHorizon, epochs, restores = [] }: Manifest,
  segments: readonly ManifestSegment[],
  epoch: number,
  endOffset: number,
): Manifest {
  return {
    ...{ logId, hashSeed, compactionHorizon },
    // Epochs in which nothing was written say nothing.
    epochs: [...epochs.filter(([, first]) => first < endOffset), [epoch, endOffset]],
    segments: segments.map(({ baseOffset, generation, sealed, cleanOffset }) => ({
      ...{ baseOffset, generation, sealed },
      ...(cleanOffset === undefined ? {} : { cleanOffset }),
    })),
    restores: [...restores, [epoch, endOffset]],
  }
}
