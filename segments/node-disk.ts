import fs from 'node:fs'
import { constants } from 'node:fs'
import fsp from 'node:fs/promises'
import path from 'node:path'
import { FlinError } from './errors.js'
import type { Disk, DiskFile, DiskSpace, OpenMode } from './disk.js'

/** What one call writes: Node takes lengths of 31 bits. */
const WRITE_SIZE_MAX = 1 << 30

/** The real disk, rooted at one folder. */
export class NodeDisk implements Disk {
  readonly folder: string

  constructor(folder: string) {
    this.folder = path.resolve(folder)
  }

  async open(name: string, mode: OpenMode): Promise<DiskFile> {
    let flags = mode.write === true ? constants.O_RDWR : constants.O_RDONLY
    if (mode.create === true) flags |= constants.O_CREAT
    if (mode.dsync === true) flags |= constants.O_DSYNC
    const file = path.join(this.folder, name)
    return new Promise((resolve, reject) => {
      fs.open(file, flags, 0o640, (error, descriptor) => {
        if (error) reject(error)
        else resolve(new NodeFile(descriptor))
      })
    })
  }

  async list(folder = '.'): Promise<string[]> {
    try {
      return await fsp.readdir(path.join(this.folder, folder))
    } catch (error) {
      if (isNodeError(error) && error.code === 'ENOENT') return []
      throw error
    }
  }

  async sizes(folder = '.'): Promise<Map<string, number>> {
    const sizes = new Map<string, number>()
    for (const name of await this.list(folder)) {
      try {
        const stats = await fsp.lstat(path.join(this.folder, folder, name))
        if (stats.isFile()) sizes.set(name, stats.size)
      } catch (error) {
        // Gone meanwhile.
        if (!isNodeError(error) || error.code !== 'ENOENT') throw error
      }
    }
    return sizes
  }

  async makeFolder(name: string): Promise<void> {
    await fsp.mkdir(path.join(this.folder, name), { recursive: true })
  }

  async rename(from: string, to: string): Promise<void> {
    await fsp.rename(path.join(this.folder, from), path.join(this.folder, to))
  }

  async remove(name: string): Promise<void> {
    await fsp.unlink(path.join(this.folder, name))
  }

  async syncFolder(folder = '.'): Promise<void> {
    const handle = await fsp.open(path.join(this.folder, folder), constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async space(): Promise<DiskSpace> {
    return spaceOf(await fsp.statfs(this.folder))
  }

  spaceNow(): DiskSpace {
    return spaceOf(fs.statfsSync(this.folder))
  }
}

function spaceOf({ bavail, bsize, blocks }: fs.StatsFs): DiskSpace {
  return { freeSize: bavail * bsize, totalSize: blocks * bsize }
}

class NodeFile implements DiskFile {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  read(target: Buffer, start: number, size: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, target, start, size, position, (error, got) => {
        if (error) reject(error)
        else resolve(got)
      })
    })
  }

  write(source: Buffer, start: number, size: number, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const rest = (from: number, left: number, at: number) => {
        fs.write(this.#descriptor, source, from, Math.min(left, WRITE_SIZE_MAX), at, (error, done) => {
          if (error) reject(error)
          else if (done === left) resolve()
          else if (done === 0) reject(new FlinError('DISK_FAILED', 'a write made no progress'))
          else rest(from + done, left - done, at + done) // a short write: what failed says so at the next try
        })
      }
      rest(start, size, position)
    })
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#descriptor, (error, stats) => {
        if (error) reject(error)
        else resolve(stats.size)
      })
    })
  }

  truncate(size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.ftruncate(this.#descriptor, size, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.close(this.#descriptor, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }
}

export function isNodeError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error
}
