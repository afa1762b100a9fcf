import fs from 'node:fs'
import path from 'node:path'
import type { Disk, DiskFile, DiskSpace, OpenMode } from '../disk.js'

/**
 * A folder by synchronous calls, for a thread of its own: the pool of threads behind asynchronous ones has four for the whole
 * process, and commits need one.
 */
export class SyncDisk implements Disk {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  open(name: string, mode: OpenMode): Promise<DiskFile> {
    const { O_RDWR, O_RDONLY, O_CREAT, O_DSYNC } = fs.constants
    let flags = mode.write === true ? O_RDWR : O_RDONLY
    if (mode.create === true) flags |= O_CREAT
    if (mode.dsync === true) flags |= O_DSYNC
    return attempt(() => new SyncFile(fs.openSync(this.#path(name), flags, 0o640)))
  }

  list(folder = '.'): Promise<string[]> {
    return attempt(() => fs.readdirSync(this.#path(folder)))
  }

  sizes(folder = '.'): Promise<Map<string, number>> {
    return attempt(() => {
      const entries = fs.readdirSync(this.#path(folder), { withFileTypes: true }).filter((entry) => entry.isFile())
      return new Map(entries.map(({ name }) => [name, fs.statSync(this.#path(path.join(folder, name))).size]))
    })
  }

  makeFolder(name: string): Promise<void> {
    return attempt(() => void fs.mkdirSync(this.#path(name), { recursive: true }))
  }

  rename(from: string, to: string): Promise<void> {
    return attempt(() => {
      fs.renameSync(this.#path(from), this.#path(to))
    })
  }

  remove(name: string): Promise<void> {
    return attempt(() => {
      fs.unlinkSync(this.#path(name))
    })
  }

  syncFolder(folder = '.'): Promise<void> {
    return attempt(() => {
      const descriptor = fs.openSync(this.#path(folder), fs.constants.O_RDONLY)
      try {
        fs.fsyncSync(descriptor)
      } finally {
        fs.closeSync(descriptor)
      }
    })
  }

  space(): Promise<DiskSpace> {
    return attempt(() => this.spaceNow())
  }

  spaceNow(): DiskSpace {
    const { bavail, blocks, bsize } = fs.statfsSync(this.#folder)
    return { freeSize: bavail * bsize, totalSize: blocks * bsize }
  }

  #path(name: string): string {
    return path.join(this.#folder, name)
  }
}

class SyncFile implements DiskFile {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  read(target: Buffer, start: number, size: number, position: number): Promise<number> {
    return attempt(() => fs.readSync(this.#descriptor, target, start, size, position))
  }

  write(source: Buffer, start: number, size: number, position: number): Promise<void> {
    return attempt(() => {
      // A write may be short; what made it so says so at the next try.
      for (let done = 0; done < size;) {
        done += fs.writeSync(this.#descriptor, source, start + done, size - done, position + done)
      }
    })
  }

  sync(): Promise<void> {
    return attempt(() => {
      fs.fdatasyncSync(this.#descriptor)
    })
  }

  size(): Promise<number> {
    return attempt(() => fs.fstatSync(this.#descriptor).size)
  }

  truncate(size: number): Promise<void> {
    return attempt(() => {
      fs.ftruncateSync(this.#descriptor, size)
    })
  }

  close(): Promise<void> {
    return attempt(() => {
      fs.closeSync(this.#descriptor)
    })
  }
}

/** Does it now; a failure rejects. */
async function attempt<T>(job: () => T): Promise<T> {
  await DONE
  return job()
}

const DONE = Promise.resolve()
