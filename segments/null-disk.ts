import type { Disk, DiskFile, DiskSpace, OpenMode } from './disk.js'

/** The disk of a log that is kept in memory only: takes everything and keeps nothing, for the log never reads it back. */
export class NullDisk implements Disk {
  /** What is opened for reading only was never kept: it is missing. */
  open(name: string, mode: OpenMode): Promise<DiskFile> {
    if (mode.write === true) return Promise.resolve(NOTHING)
    return Promise.reject(Object.assign(new Error(`${name} is not kept`), { code: 'ENOENT' }))
  }

  list(): Promise<string[]> {
    return Promise.resolve([])
  }

  sizes(): Promise<Map<string, number>> {
    return Promise.resolve(new Map<string, number>())
  }

  makeFolder(): Promise<void> {
    return Promise.resolve()
  }

  rename(): Promise<void> {
    return Promise.resolve()
  }

  remove(): Promise<void> {
    return Promise.resolve()
  }

  syncFolder(): Promise<void> {
    return Promise.resolve()
  }

  space(): Promise<DiskSpace> {
    return Promise.resolve(this.spaceNow())
  }

  spaceNow(): DiskSpace {
    return { freeSize: Number.MAX_SAFE_INTEGER, totalSize: Number.MAX_SAFE_INTEGER }
  }
}

const NOTHING: DiskFile = {
  read: () => Promise.resolve(0),
  write: () => Promise.resolve(),
  sync: () => Promise.resolve(),
  size: () => Promise.resolve(0),
  truncate: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
