import type { Disk } from './disk.js'
import { FlinError } from './errors.js'
import type { LogState } from './log-state.js'
import { type Manifest, readManifest, writeManifest } from './manifest.js'
import { BACKUP_MARK, parseSegmentName, RESTORE_MARK } from './names.js'
import type { LogOptions } from './options.js'
import { RestartColumns } from './restart-columns.js'
import type { SegmentFiles } from './segment-files.js'
import { allocate } from './segment-memory.js'

/**
 * The manifest of the log in a folder; of a new one where there is none.
 * @throws FlinError BAD_SETTING when it is a backup and would be written to; and as readManifest and createManifest do
 */
export async function findOrCreateManifest(disk: Disk, options: LogOptions): Promise<Manifest> {
  const manifest = await readManifest(disk)
  if (manifest === null) return createManifest(disk, options)
  // Opened under the next epoch, it would give offsets that the log it was made of has given to other records.
  if (manifest.backup !== undefined && !options.readOnly) {
    throw new FlinError('BAD_SETTING', 'this folder is a backup: make a log of it in another one with `flin restore`')
  }
  return manifest
}

/**
 * Begins a log in a folder that holds none: gives it its id and its seeds, which never change, and its first manifest.
 * @throws FlinError LOG_CORRUPT when there are segments already, or what is there is half a restore, BAD_SETTING when the folder is open for reading only
 */
export async function createManifest(disk: Disk, options: LogOptions): Promise<Manifest> {
  const names = await disk.list()
  if (names.includes(RESTORE_MARK) || names.includes(BACKUP_MARK)) {
    throw new FlinError('LOG_CORRUPT', 'a restore or a backup into this folder has not been finished: run it again')
  }
  // The manifest is the first file of a log and the last to go: segments without one are a log that has lost it.
  if (names.some((name) => parseSegmentName(name) !== null)) {
    throw new FlinError(
      'LOG_CORRUPT',
      'the folder holds segments, but no MANIFEST that says what they are: restore it from a copy',
    )
  }
  if (options.readOnly) throw new FlinError('BAD_SETTING', 'there is no log in this folder: it has no MANIFEST')
  const seeds = options.randomBytes(8)
  const manifest: Manifest = {
    logId: options.randomBytes(16).toString('hex'),
    hashSeed: [seeds.readUInt32LE(0), seeds.readUInt32LE(4)],
    compactionHorizon: 0,
    epochs: [],
    segments: [],
  }
  await writeManifest(disk, manifest)
  return manifest
}

/**
 * Begins the first segment of a log.
 * @param files what gives it its file; null: it is to be read only, and stays in memory
 * @throws FlinError DISK_FULL when there is no room for it
 */
export async function beginFirstSegment(state: LogState, files: SegmentFiles | null): Promise<void> {
  const segment = state.segments.create(0, 0)
  segment.memory = allocate(state.options.segmentSize)
  segment.columns = state.options.memorySizeMax > 0 ? null : new RestartColumns()
  state.residentSize += segment.memory.length
  state.segments.inOrder.push(segment)
  await files?.attach(segment, null)
}
