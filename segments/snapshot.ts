import { type Disk, type DiskFile, type DiskSpace, openIfThere } from './disk.js'
import { FlinError } from './errors.js'
import { aligned } from './format.js'
import { readLogFolder, SegmentLoader, segmentSteps, settle, type LogFolder } from './log-folder.js'
import { encodeManifest, type Manifest } from './manifest.js'
import { MANIFEST_NAME, QUARANTINE_FOLDER, segmentName, sideFileName, suspectName } from './names.js'
import { lastNonZero } from './walk.js'

/** So often a manifest is read again whose files its owner has rewritten meanwhile: those that stay are open by then. */
const TRIES = 100

/**
 * A log as it was at one moment, to be read for as long as one likes, also beside an owner that writes and compacts: all files
 * of one manifest, held open, so that they stay readable when their owner removes them; what the active segment held then is in
 * memory. A disk to be read only, on which `Log.openOn` (`readOnly`), `listSegments` and `verifyLog` see nothing change. Takes two
 * descriptors a segment.
 */
export class LogSnapshot implements Disk {
  readonly #disk: Disk
  readonly #files: ReadonlyMap<string, DiskFile>
  readonly manifest: Manifest
  private constructor(disk: Disk, files: ReadonlyMap<string, DiskFile>, manifest: Manifest) {
    this.#disk = disk
    this.#files = files
    this.manifest = manifest
  }

  /** The same without its side files: a log is rebuilt from its segments alone then. Close the one that was taken. */
  withoutSideFiles(): LogSnapshot {
    const files = new Map([...this.#files].filter(([name]) => !name.includes('.side')))
    return new LogSnapshot(this.#disk, files, this.manifest)
  }

  /** @throws FlinError as readLogFolder does; DISK_FAILED when the owner rewrites faster than files can be opened */
  static async take(disk: Disk): Promise<LogSnapshot> {
    const files = new Map<string, DiskFile>()
    try {
      for (let i = 0; i < TRIES; i++) {
        const folder = await readLogFolder(disk)
        const { manifest } = folder
        // A file that is missing may have been replaced: then the manifest does not name it any more.
        if (!(await openSealed(folder, files)) && !(await isStill(disk, manifest))) continue
        if (!(await addActive(folder, files)) && !(await isStill(disk, manifest))) continue
        files.set(MANIFEST_NAME, new MemoryFile(encodeManifest(manifest)))
        return new LogSnapshot(disk, files, manifest)
      }
      throw new FlinError('DISK_FAILED', 'the files of the log change faster than they can be opened')
    } catch (error) {
      for (const file of files.values()) await file.close().catch(() => undefined)
      throw error
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
  }

  open(name: string): Promise<DiskFile> {
    const file = this.#files.get(name)
    if (file !== undefined) return Promise.resolve(new HeldFile(file))
    return Promise.reject(Object.assign(new Error(`there is no file ${name}`), { code: 'ENOENT' }))
  }

  list(folder?: string): Promise<string[]> {
    if (folder === QUARANTINE_FOLDER) return this.#disk.list(folder)
    return Promise.resolve([...this.#files.keys()])
  }

  async sizes(folder?: string): Promise<Map<string, number>> {
    if (folder === QUARANTINE_FOLDER) return this.#disk.sizes(folder)
    const sizes = new Map<string, number>()
    for (const [name, file] of this.#files) sizes.set(name, await file.size())
    return sizes
  }

  space(): Promise<DiskSpace> {
    return this.#disk.space()
  }

  spaceNow(): DiskSpace {
    return this.#disk.spaceNow()
  }

  makeFolder(): Promise<void> {
    return refused()
  }

  rename(): Promise<void> {
    return refused()
  }

  remove(): Promise<void> {
    return refused()
  }

  syncFolder(): Promise<void> {
    return refused()
  }
}

function refused(): Promise<never> {
  return Promise.reject(new FlinError('LOG_READ_ONLY', 'a snapshot of a log is for reading only'))
}

/** Makes `files` the sealed ones of this manifest; false when a segment is missing. */
async function openSealed({ disk, manifest }: LogFolder, files: Map<string, DiskFile>): Promise<boolean> {
  const wanted = new Set<string>()
  let isWhole = true
  for (const { baseOffset, generation, sealed } of manifest.segments) {
    if (sealed === null) continue
    const segment = segmentName(baseOffset, generation)
    const side = sideFileName(baseOffset, generation)
    for (const name of [segment, side, suspectName(side)]) {
      wanted.add(name)
      if (files.has(name)) continue
      const file = await openIfThere(disk, name)
      if (file !== null) files.set(name, file)
      else if (name === segment) isWhole = false
    }
  }
  for (const [name, file] of files) {
    if (wanted.has(name)) continue
    files.delete(name)
    await file.close()
  }
  return isWhole
}

/** Adds what the last segment holds, read until it is whole; false when its file is missing. */
async function addActive(folder: LogFolder, files: Map<string, DiskFile>): Promise<boolean> {
  const entry = folder.manifest.segments.at(-1)
  if (entry === undefined || entry.sealed !== null) return true
  const loaded = await new SegmentLoader().load(folder, entry)
  if (loaded.fileSize === null) return false
  await settle(folder, loaded)
  // What a file does not have counts as zeroes: there is no need to keep those.
  let size = aligned(lastNonZero(loaded.bytes, 0, loaded.bytes.length))
  for (const step of segmentSteps(folder, loaded)) {
    if (step.type === 'batch') size = Math.max(size, step.position + step.header.size)
  }
  files.set(loaded.name, new MemoryFile(Buffer.from(loaded.bytes.subarray(0, size))))
  return true
}

async function isStill(disk: Disk, manifest: Manifest): Promise<boolean> {
  const now = await readLogFolder(disk)
  return encodeManifest(now.manifest).equals(encodeManifest(manifest))
}

abstract class ReadOnlyFile {
  write(): Promise<void> {
    return refused()
  }

  sync(): Promise<void> {
    return refused()
  }

  truncate(): Promise<void> {
    return refused()
  }

  /** Others read it, too: whoever closes it has done with it, and no more. */
  close(): Promise<void> {
    return Promise.resolve()
  }
}

class HeldFile extends ReadOnlyFile implements DiskFile {
  readonly #file: DiskFile

  constructor(file: DiskFile) {
    super()
    this.#file = file
  }

  read(target: Buffer, start: number, size: number, position: number): Promise<number> {
    return this.#file.read(target, start, size, position)
  }

  size(): Promise<number> {
    return this.#file.size()
  }
}

class MemoryFile extends ReadOnlyFile implements DiskFile {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    super()
    this.#bytes = bytes
  }

  read(target: Buffer, start: number, size: number, position: number): Promise<number> {
    return Promise.resolve(this.#bytes.copy(target, start, position, position + size))
  }

  size(): Promise<number> {
    return Promise.resolve(this.#bytes.length)
  }
}
