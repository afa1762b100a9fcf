import type { Disk } from './disk.js'
import { FlinError } from './errors.js'
import { type Manifest, writeManifest } from './manifest.js'
import { parseSegmentName } from './names.js'
import type { LogOptions } from './options.js'

/**
 * Begins a log in a folder that holds none: gives it its id and its seeds, which never change, and its first manifest.
 * @throws FlinError LOG_CORRUPT when there are segments already, BAD_SETTING when the folder is open for reading only
 */
export async function createManifest(disk: Disk, options: LogOptions): Promise<Manifest> {
  // The manifest is the first file of a log and the last to go: segments without one are a log that has lost it.
  if ((await disk.list()).some((name) => parseSegmentName(name) !== null)) {
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
