import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { backupLog } from '../../segments/backup/backup.js'
import { restoreLog } from '../../segments/backup/restore.js'
import type { Disk, DiskFile, OpenMode } from '../../segments/disk.js'
import { type Manifest, readManifest } from '../../segments/manifest.js'
import type { LogOptions } from '../../segments/options.js'
import { untilReady } from './compactions.js'
import { type Entry, History } from './log-history.js'
import { logOptions, LogSession } from './log-session.js'
import { valueFor } from './log-workload.js'
import { SimDisk } from './sim-disk.js'
import type { Files } from './small-log.js'

/** A log at some time of its life: its files, and what of it has been acknowledged. */
export interface Snapshot {
  readonly files: Files
  readonly history: History
  /** Behind the last record. */
  readonly endOffset: number
}

export function emptyDisk(): SimDisk {
  return new SimDisk({ isQuick: true })
}

/** A backup of what lies on a disk, on one of its own. */
export async function backupOf(disk: Disk): Promise<SimDisk> {
  const backup = emptyDisk()
  await backupLog(disk, backup)
  return backup
}

export async function manifestOf(disk: Disk): Promise<Manifest> {
  return (await readManifest(disk))!
}

/** A log on a disk in memory that grows step by step. */
export class GrowingLog {
  readonly disk = emptyDisk()
  session!: LogSession
  readonly history = new History()
  readonly #options: LogOptions

  private constructor(options: LogOptions) {
    this.#options = options
  }

  /** @param seed logs of one seed have one id */
  static async begin(seed = 7): Promise<GrowingLog> {
    const log = new GrowingLog(logOptions({ randomBytes: (size) => Buffer.alloc(size, seed) }))
    await log.open()
    return log
  }

  /** One that holds so many keys. */
  static async of(count: number): Promise<GrowingLog> {
    const log = await GrowingLog.begin()
    await log.write('a', 0, count)
    return log
  }

  async open(): Promise<void> {
    this.session = await LogSession.open(this.disk, this.#options, this.history)
  }

  /** Writes and acknowledges some values, each by a commit of its own; a value is told from all others by the tag. */
  async write(tag: string, from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) {
      await this.session.put(`key${i}`, valueFor(`${tag}-${i}`, 800))
      await this.session.flush()
    }
    await untilReady(this.session.log)
  }

  async remove(from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) await this.session.remove(`key${i}`)
    await this.session.flush()
  }

  snapshot(): Snapshot {
    const { endOffset } = this.session.log
    return { files: this.disk.files(), history: this.history.cutAt(endOffset), endOffset }
  }
}

export function diskOf({ files }: Snapshot): SimDisk {
  return SimDisk.of(files, { isQuick: true })
}

/** The state of the log that a backup gives when it is restored; every digest is looked at on the way. */
export async function restored(backup: Disk): Promise<{ endOffset: number; state: Map<string, Entry> }> {
  const target = new SimDisk({ isQuick: true })
  const { endOffset } = await restoreLog(backup, target)
  const session = await LogSession.open(target, logOptions())
  assert.equal(session.log.endOffset, endOffset)
  return { endOffset, state: await stateOf(session) }
}

export async function stateOf(session: LogSession): Promise<Map<string, Entry>> {
  const state = new Map<string, Entry>()
  for (const key of await session.keys()) state.set(key, (await session.read(key))!)
  await session.close()
  return state
}

/** The number of the snapshot that a backup holds: it must hold one, and all of it. */
export async function heldBy(backup: Disk, snapshots: readonly Snapshot[]): Promise<number> {
  const { endOffset, state } = await restored(backup)
  const number = snapshots.findIndex((it) => it.endOffset === endOffset && isSame(it.history.stateAt(endOffset), state))
  assert.notEqual(number, -1, `what is restored, up to ${endOffset}, is no state that there was`)
  return number
}

function isSame(a: ReadonlyMap<string, Entry>, b: ReadonlyMap<string, Entry>): boolean {
  return (
    a.size === b.size &&
    [...a].every(([key, { value, offset }]) => {
      const other = b.get(key)
      return other?.offset === offset && other.value.equals(value)
    })
  )
}

/** Runs a job on a disk that may stop: whether it came to its end. Throws what it throws. */
export async function endsOn(disk: SimDisk, job: Promise<unknown>): Promise<boolean> {
  const isOver = await Promise.race([job.then(() => true), disk.stopped.then(() => false)])
  await turn()
  return isOver
}

/** A disk on which something happens before a file is opened. */
export class WatchedDisk implements Disk {
  readonly #disk: Disk
  readonly #beforeOpen: (name: string) => Promise<void>

  constructor(disk: Disk, beforeOpen: (name: string) => Promise<void>) {
    this.#disk = disk
    this.#beforeOpen = beforeOpen
  }

  async open(name: string, mode: OpenMode): Promise<DiskFile> {
    await this.#beforeOpen(name)
    return this.#disk.open(name, mode)
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

  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to)
  }

  remove(name: string): Promise<void> {
    return this.#disk.remove(name)
  }

  syncFolder(folder?: string): Promise<void> {
    return this.#disk.syncFolder(folder)
  }

  space(): ReturnType<Disk['space']> {
    return this.#disk.space()
  }

  spaceNow(): ReturnType<Disk['spaceNow']> {
    return this.#disk.spaceNow()
  }
}
