import { setImmediate as turn } from 'node:timers/promises'
import type { Disk, DiskFile, DiskSpace, OpenMode } from '../../segments/disk.js'

interface Held {
  readonly what: string
  readonly letGo: (error: Error | null) => void
}

/** A disk in front of another: the calls that a test chooses wait until it lets them go, or fails them. */
export class HeldDisk implements Disk {
  readonly #disk: Disk
  readonly #held: Held[] = []
  /** Whether a call, `read NAME` for instance, is to wait. */
  holds: (what: string) => boolean = () => false
  /** All calls, in order. */
  readonly trace: string[] = []
  #syncFailure: Error | null = null

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** The calls that wait now. */
  get held(): string[] {
    return this.#held.map(({ what }) => what)
  }

  /** Waits until so many calls wait. */
  async untilHeld(count: number): Promise<void> {
    while (this.#held.length < count) await turn()
  }

  /** Lets the call go that has waited longest; with an error, it fails. */
  letGo(error: Error | null = null): void {
    this.#held.shift()!.letGo(error)
  }

  /** Holds nothing any more. */
  letAllGo(): void {
    this.holds = () => false
    while (this.#held.length > 0) this.letGo()
  }

  /** From now on writes into segments wait. */
  hold(): void {
    this.holds = (what) => /^write .*\.seg$/.test(what)
  }

  /** All calls that wait fail, without having done anything. */
  fail(code: string): void {
    const error = Object.assign(new Error(`${code}: simulated`), { code })
    while (this.#held.length > 0) this.letGo(error)
  }

  async #call<T>(what: string, job: () => Promise<T>): Promise<T> {
    this.trace.push(what)
    if (this.holds(what)) {
      const error = await new Promise<Error | null>((resolve) => this.#held.push({ what, letGo: resolve }))
      if (error !== null) throw error
    }
    return job()
  }

  /** The next sync of a segment fails; the one after it claims that all is well, as the kernel does. */
  failNextSync(code: string): void {
    this.#syncFailure = Object.assign(new Error(`${code}: simulated`), { code })
  }

  async open(name: string, mode: OpenMode): Promise<DiskFile> {
    const file = await this.#call(`open ${name}`, () => this.#disk.open(name, mode))
    return {
      read: (...args) => this.#call(`read ${name}`, () => file.read(...args)),
      write: (...args) => this.#call(`write ${name}`, () => file.write(...args)),
      sync: () => this.#call(`sync ${name}`, () => this.#sync(file)),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      close: () => this.#call(`close ${name}`, () => file.close()),
    }
  }

  async #sync(file: DiskFile): Promise<void> {
    const failure = this.#syncFailure
    this.#syncFailure = null
    if (failure !== null) throw failure
    await file.sync()
  }

  list(folder?: string): Promise<string[]> {
    return this.#call(`list ${folder ?? ''}`, () => this.#disk.list(folder))
  }

  sizes(folder?: string): Promise<Map<string, number>> {
    return this.#disk.sizes(folder)
  }

  makeFolder(name: string): Promise<void> {
    return this.#disk.makeFolder(name)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call(`rename ${from} ${to}`, () => this.#disk.rename(from, to))
  }

  remove(name: string): Promise<void> {
    return this.#call(`remove ${name}`, () => this.#disk.remove(name))
  }

  syncFolder(folder?: string): Promise<void> {
    return this.#call('syncFolder', () => this.#disk.syncFolder(folder))
  }

  space(): Promise<DiskSpace> {
    return this.#disk.space()
  }

  spaceNow(): DiskSpace {
    return this.#disk.spaceNow()
  }
}
