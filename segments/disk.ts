/**
 * All file access of the log goes through this interface, so that tests can fail, tear, reorder and forget writes.
 * Names are relative to the folder that the disk stands for; they never hold `..`.
 */
export interface Disk {
  /** Opens an existing file, or with `create` makes it if it is missing. `dsync`: every write is durable when it returns. */
  open(name: string, mode: OpenMode): Promise<DiskFile>
  /** Names in a folder (default: the disk's own), unordered; a missing folder is empty. */
  list(folder?: string): Promise<string[]>
  /** Bytes of each file in a folder (default: the disk's own), by name; a missing folder is empty. */
  sizes(folder?: string): Promise<Map<string, number>>
  makeFolder(name: string): Promise<void>
  /** Replaces `to` atomically. Durable only after {@link Disk.syncFolder}. */
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  /** Makes the folder's entries (created, renamed, removed names) durable. */
  syncFolder(folder?: string): Promise<void>
  /** Free and total bytes of the file system below the folder. */
  space(): Promise<DiskSpace>
  /** As {@link Disk.space}, but at once: for rare decisions that cannot wait. A call to the system, some microseconds. */
  spaceNow(): DiskSpace
}

export interface OpenMode {
  readonly write?: boolean
  readonly create?: boolean
  readonly dsync?: boolean
}

export interface DiskSpace {
  readonly freeSize: number
  readonly totalSize: number
}

export interface DiskFile {
  /** Reads up to `size` bytes; fewer only at the end of the file. */
  read(target: Buffer, start: number, size: number, position: number): Promise<number>
  /** Writes all of it or throws. */
  write(source: Buffer, start: number, size: number, position: number): Promise<void>
  /** fdatasync: data, and the file size if it changed. Never retry a failed one. */
  sync(): Promise<void>
  size(): Promise<number>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

const COPY_SIZE = 1 << 20

/** Opens a file for reading; null when there is none. */
export async function openIfThere(disk: Disk, name: string): Promise<DiskFile | null> {
  try {
    return await disk.open(name, {})
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Memory for one whole file after the other: fresh memory costs more time than reading a file that the kernel has cached. */
export class FileMemory {
  #memory = Buffer.alloc(0)

  take(size: number): Buffer {
    if (this.#memory.length < size) this.#memory = Buffer.allocUnsafeSlow(size)
    return this.#memory.subarray(0, size)
  }
}

/**
 * Reads a whole file.
 * @param memory where to put it; left out: memory of its own
 */
export async function readWhole(disk: Disk, name: string, memory = new FileMemory()): Promise<Buffer> {
  const file = await disk.open(name, {})
  try {
    const size = await file.size()
    const bytes = memory.take(size)
    const got = await readFully(file, bytes, 0, size, 0)
    return got === size ? bytes : bytes.subarray(0, got)
  } finally {
    await file.close()
  }
}

/** Reads `size` bytes in pieces, so that one read does not hold a thread of the pool for long; returns what there was. */
export async function readFully(
  file: DiskFile,
  target: Buffer,
  start: number,
  size: number,
  position: number,
): Promise<number> {
  let done = 0
  while (done < size) {
    const got = await file.read(target, start + done, Math.min(COPY_SIZE, size - done), position + done)
    if (got === 0) break
    done += got
  }
  return done
}

/** Writes a file aside, syncs it, renames it into place and syncs the folder: after a crash it is the old one or the new one. */
export async function replaceFile(disk: Disk, name: string, bytes: Buffer): Promise<void> {
  await writeWhole(disk, `${name}.tmp`, bytes)
  await disk.rename(`${name}.tmp`, name)
  await disk.syncFolder()
}

/** Writes a whole file, one part behind the other, and syncs its bytes; its name is durable only after the folder has been synced. */
export async function writeWhole(disk: Disk, name: string, ...parts: readonly Buffer[]): Promise<void> {
  const file = await disk.open(name, { write: true, create: true })
  try {
    await file.truncate(0)
    let position = 0
    for (const part of parts) {
      for (let at = 0; at < part.length; at += COPY_SIZE) {
        const size = Math.min(COPY_SIZE, part.length - at)
        await file.write(part, at, size, position)
        position += size
      }
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
