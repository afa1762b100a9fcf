import type { Disk, DiskFile, DiskSpace, OpenMode } from '../../segments/disk.js'

interface Held {
  readonly go: () => void
  readonly fail: (error: Error) => void
}

/** A disk whose writes into segments can be held back, let go one by one, and failed. Everything else goes through. */
export class HeldDisk implements Disk {
  readonly #disk: Disk
  #isHolding = false
  #held: Held[] = []
  #waiting: (() => void)[] = []
  #syncFailure: Error | null = null

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** From now on writes wait. */
  hold(): void {
    this.#isHolding = true
  }

  /** Resolves when some write waits. */
  async whenHeld(): Promise<void> {
    if (this.#held.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Lets the oldest write that waits go; those behind it go on waiting. */
  releaseOne(): void {
    this.#held.shift()!.go()
  }

  /** Lets all writes go, those that come later too. */
  release(): void {
    this.#isHolding = false
    for (const { go } of this.#held.splice(0)) go()
  }

  /** All writes that wait fail, without having written anything. */
  fail(code: string): void {
    const error = Object.assign(new Error(`${code}: simulated`), { code })
    for (const held of this.#held.splice(0)) held.fail(error)
  }

  /** The next sync of a segment fails; the one after it claims that all is well, as the kernel does. */
  failNextSync(code: string): void {
    this.#syncFailure = Object.assign(new Error(`${code}: simulated`), { code })
  }

  async open(name: string, mode: OpenMode): Promise<DiskFile> {
    const file = await this.#disk.open(name, mode)
    if (!name.endsWith('.seg') || mode.write !== true) return file
    return {
      read: (...args) => file.read(...args),
      write: async (...args) => {
        if (this.#isHolding) await this.#wait()
        await file.write(...args)
      },
      sync: () => this.#sync(file),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    }
  }

  async #sync(file: DiskFile): Promise<void> {
    const failure = this.#syncFailure
    this.#syncFailure = null
    if (failure !== null) throw failure
    await file.sync()
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held.push({ go: resolve, fail: reject })
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  list(folder?: string): Promise<string[]> {
    return this.#disk.list(folder)
  }

  makeFolder(name: string): Promise<void> {
    return this.#disk.makeFolder(name)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to)
  }

  remove(name: string): Promise<void> {
    return this.#disk.remove(name)
  }

  syncFolder(folder?: string): Promise<void> {
    return this.#disk.syncFolder(folder)
  }

  space(): Promise<DiskSpace> {
    return this.#disk.space()
  }
}
