import type { Disk, DiskFile, DiskSpace, OpenMode } from './disk.js'
import { QUARANTINE_FOLDER } from './names.js'

/** A file takes whole blocks of the file system. */
export const BLOCK_SIZE = 4096

/** Bytes that a file of this size takes on the disk, more or less: file systems have their own ways to keep small ones. */
export function blocksOf(size: number): number {
  return Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE
}

/**
 * A disk in front of another that knows how much lies in the folder: what was there when it was measured, and what has been
 * written, cut, renamed and removed through it since. A hole in a file counts as if it had been filled.
 */
export class MeteredDisk implements Disk {
  readonly #disk: Disk
  /** Of each file, by its name. */
  readonly #sizes = new Map<string, number>()
  #usedSize = 0

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Bytes that all files take, in whole blocks. */
  get usedSize(): number {
    return this.#usedSize
  }

  /** Bytes in a file; 0 when there is none. */
  sizeOf(name: string): number {
    return this.#sizes.get(name) ?? 0
  }

  /** Looks anew what lies in a folder: not while anybody writes there. */
  async measure(folder?: string): Promise<void> {
    const sizes = await this.#disk.sizes(folder)
    const prefix = folder === undefined ? '' : `${folder}/`
    for (const name of [...this.#sizes.keys()]) {
      const isWithin = folder === undefined ? !name.includes('/') : name.startsWith(prefix)
      if (isWithin && !sizes.has(name.slice(prefix.length))) this.#forget(name)
    }
    for (const [name, size] of sizes) this.note(`${prefix}${name}`, size)
  }

  /** Looks anew what lies in the folder of a log and in its quarantine. */
  async measureAll(): Promise<void> {
    await this.measure()
    await this.measure(QUARANTINE_FOLDER)
  }

  /** A file has this size now, whoever has made it so. */
  note(name: string, size: number): void {
    this.#usedSize += blocksOf(size) - blocksOf(this.sizeOf(name))
    this.#sizes.set(name, size)
  }

  /** What is written there reaches up to here. */
  grow(name: string, end: number): void {
    if (end > this.sizeOf(name)) this.note(name, end)
  }

  #forget(name: string): void {
    this.#usedSize -= blocksOf(this.sizeOf(name))
    this.#sizes.delete(name)
  }

  async open(name: string, mode: OpenMode): Promise<DiskFile> {
    const file = await this.#disk.open(name, mode)
    if (mode.write !== true) return file
    this.grow(name, 0)
    return new MeteredFile(this, name, file)
  }

  list(folder?: string): Promise<string[]> {
    return this.#disk.list(folder)
  }

  sizes(folder?: string): Promise<Map<string, number>> {
    return this.#disk.sizes(folder)
  }

  makeFolder(name: string): Promise<void> {
    return this.#disk.makeFolder(name)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#disk.rename(from, to)
    const size = this.sizeOf(from)
    this.#forget(from)
    this.note(to, size)
  }

  async remove(name: string): Promise<void> {
    await this.#disk.remove(name)
    this.#forget(name)
  }

  syncFolder(folder?: string): Promise<void> {
    return this.#disk.syncFolder(folder)
  }

  space(): Promise<DiskSpace> {
    return this.#disk.space()
  }

  spaceNow(): DiskSpace {
    return this.#disk.spaceNow()
  }
}

/** A file that is written to. It keeps its name while it is open. */
class MeteredFile implements DiskFile {
  readonly #meter: MeteredDisk
  readonly #name: string
  readonly #file: DiskFile

  constructor(meter: MeteredDisk, name: string, file: DiskFile) {
    this.#meter = meter
    this.#name = name
    this.#file = file
  }

  read(target: Buffer, start: number, size: number, position: number): Promise<number> {
    return this.#file.read(target, start, size, position)
  }

  write(source: Buffer, start: number, size: number, position: number): Promise<void> {
    // Also where it fails: what it leaves then, nobody knows.
    this.#meter.grow(this.#name, position + size)
    return this.#file.write(source, start, size, position)
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  async truncate(size: number): Promise<void> {
    this.#meter.grow(this.#name, size)
    await this.#file.truncate(size)
    this.#meter.note(this.#name, size)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
