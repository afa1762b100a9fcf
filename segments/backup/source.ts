import { readWhole, type Disk, type DiskFile } from '../disk.js'
import { FlinError } from '../errors.js'
import { judgeSideFile, type LogFolder, openIfThere } from '../log-folder.js'
import type { ManifestSegment } from '../manifest.js'
import { segmentName, sideFileName } from '../names.js'
import { isNodeError } from '../node-disk.js'
import { claimedDigest, SIDE_HEADER_SIZE } from '../side-file.js'

/** Segments that are held open at a time, the one that is copied among them. */
const OPEN_MAX = 512

/**
 * Hands out the files of some segments, one after the other. They are opened long before their turn: a file that is open
 * stays, although the log's owner has rewritten and removed it.
 */
export class OpenAhead {
  readonly #disk: Disk
  readonly #entries: readonly ManifestSegment[]
  readonly #files = new Map<ManifestSegment, DiskFile>()
  #opened = 0

  constructor(disk: Disk, entries: readonly ManifestSegment[]) {
    this.#disk = disk
    this.#entries = entries
  }

  /** Opens as many as may be open; a segment that is gone, null when all are there. */
  async open(): Promise<ManifestSegment | null> {
    for (; this.#opened < this.#entries.length && this.#files.size < OPEN_MAX; this.#opened++) {
      const entry = this.#entries[this.#opened]!
      const file = await openIfThere(this.#disk, segmentName(entry.baseOffset, entry.generation))
      if (file === null) return entry
      this.#files.set(entry, file)
    }
    return null
  }

  file(entry: ManifestSegment): DiskFile {
    return this.#files.get(entry)!
  }

  async close(entry: ManifestSegment): Promise<void> {
    const file = this.#files.get(entry)
    this.#files.delete(entry)
    await file?.close()
  }

  async closeAll(): Promise<void> {
    for (const entry of [...this.#files.keys()]) await this.close(entry)
  }
}

/** The digest that a sealed segment is said to have; null when nothing says it. */
export async function saidDigest({ disk }: LogFolder, entry: ManifestSegment): Promise<string | null> {
  if (entry.digest !== undefined) return entry.digest
  const file = await openIfThere(disk, sideFileName(entry.baseOffset, entry.generation))
  if (file === null) return null
  try {
    const header = Buffer.alloc(SIDE_HEADER_SIZE)
    const got = await file.read(header, 0, header.length, 0)
    return claimedDigest(header.subarray(0, got))
  } finally {
    await file.close()
  }
}

/** A segment's side file if it is whole and the segment's own: its bytes, and the digest that it tells. */
export async function intactSideFile(
  folder: LogFolder,
  entry: ManifestSegment,
): Promise<{ bytes: Buffer; digest: string } | null> {
  try {
    const bytes = await readWhole(folder.disk, sideFileName(entry.baseOffset, entry.generation))
    const it = judgeSideFile(bytes, folder, entry)
    return it.state === 'ok' ? { bytes, digest: it.side.digest } : null
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return null
    throw error
  }
}

/** A segment that the manifest names and goes on naming, and that is not there. */
export function missing({ baseOffset, generation }: ManifestSegment): FlinError {
  return new FlinError(
    'LOG_CORRUPT',
    `segment ${segmentName(baseOffset, generation)} is missing: see \`flin log verify\``,
  )
}
