import assert from 'node:assert/strict'
import type { Disk, DiskFile, DiskSpace, OpenMode } from '../../segments/disk.js'
import { Random } from './random.js'
import { SimFile, type Survival } from './sim-file.js'
import { ROOT, SimFolders } from './sim-folders.js'

/** `short`: part of the bytes is written, then the call fails. */
export type FaultKind = 'EIO' | 'ENOSPC' | 'short'

export interface SimDiskOptions {
  /** Chooses when calls complete, and what a failed one leaves. */
  readonly seed?: number
  /** The process dies in this call, counted from 1: neither it nor anything later completes. */
  readonly stopAt?: number
  /** The first call from `at` on that can fail in this way does, once. */
  readonly fault?: { readonly at: number; readonly kind: FaultKind }
  /** Calls complete after some turns of the event loop, or, to be quick, in microtasks. */
  readonly isQuick?: boolean
}

/** What a call does: at once, to what the kernel shows; when it completes; and when it is chosen to fail. */
interface Call<T> {
  readonly begin?: () => void
  readonly finish: () => T
  readonly fail?: (kind: FaultKind) => void
  /** The write under way, so that the end of the process may leave a part of it. */
  readonly writing?: { readonly file: SimFile; readonly position: number; readonly size: number }
}

interface InFlightWrite {
  readonly file: SimFile
  readonly position: number
  readonly before: Buffer
  readonly beforeSize: number
}

const SPACE_CALLS = /^(open|write|truncate|sync|rename|makeFolder|syncFolder)/
const SIZE = 1 << 30

/**
 * A disk in memory that remembers what has been made durable and what has not, and can lose the difference:
 * {@link SimDisk.crash} is a power cut, {@link SimDisk.kill} the end of the process under a kernel that lives on. It can stop
 * or fail at any call, and every call completes later than it was made, so that whoever does not wait is found out.
 */
export class SimDisk implements Disk {
  readonly #options: SimDiskOptions
  readonly #folders: SimFolders
  readonly #rng: Random
  readonly #inFlight = new Set<InFlightWrite>()
  #seq = 0
  #announceStop: () => void = () => undefined
  /** Calls made so far. */
  calls = 0
  /** What they were. */
  readonly trace: string[] = []
  /** Number of the call that was made to fail; 0 if none was. */
  faultedAt = 0
  isStopped = false
  /** Resolves when `stopAt` is reached and everything that could still run has run. */
  readonly stopped: Promise<void>
  /** Files that are open. */
  openCount = 0
  /** Bytes that the disk says are free; nothing else comes of it. */
  freeSize = SIZE

  constructor(options: SimDiskOptions = {}, folders = new SimFolders()) {
    this.#options = options
    this.#folders = folders
    this.#rng = new Random(options.seed ?? 0)
    this.stopped = new Promise((resolve) => {
      this.#announceStop = () => setImmediate(() => setImmediate(resolve))
    })
  }

  /** A disk that durably holds these files. */
  static of(files: Iterable<readonly [path: string, bytes: Buffer]>, options: SimDiskOptions = {}): SimDisk {
    const entries = [...files].map(([path, bytes]) => [path, SimFile.of(bytes)] as const)
    return new SimDisk(options, SimFolders.of(entries))
  }

  /** What all files hold, as the kernel shows it. */
  files(): Map<string, Buffer> {
    return new Map([...this.#folders.entries()].map(([path, file]) => [path, file.contents()]))
  }

  /** Bytes in each file, as the kernel shows them. */
  get fileSizes(): number[] {
    return [...this.#folders.entries()].map(([, { size }]) => size)
  }

  /** The disk after a power cut: of what was not synced, the seed says what survived. */
  crash(seed: number, options: SimDiskOptions = {}): SimDisk {
    const rng = new Random(seed)
    const survival = rng.pick<Survival>(['all', 'none', 'prefix', 'random', 'random', 'random'])
    return new SimDisk({ seed, ...options }, this.#folders.survivor(rng, survival))
  }

  /** The disk after the process was killed: all that was written is there, and still not synced. */
  kill(seed: number, options: SimDiskOptions = {}): SimDisk {
    const rng = new Random(seed)
    const { folders, twins } = this.#folders.clone()
    for (const { file, position, before, beforeSize } of this.#inFlight) {
      const done = rng.chance(0.3) ? before.length : rng.chance(0.3) ? 0 : rng.below(before.length)
      twins.get(file)?.revert(before.subarray(done), Math.max(beforeSize, position + done), position + done, this.#seq)
    }
    const disk = new SimDisk({ seed, ...options }, folders)
    disk.#seq = this.#seq
    return disk
  }

  async open(name: string, mode: OpenMode): Promise<DiskFile> {
    let file: SimFile | undefined
    return this.#call(`open ${name}${mode.dsync === true ? ' dsync' : ''}`, {
      begin: () => {
        file = this.#folders.find(name)
        if (file !== undefined || mode.create !== true) return
        file = new SimFile()
        this.#folders.create(name, file, ++this.#seq)
      },
      finish: () => {
        if (file === undefined) throw systemError('ENOENT', `open ${name}`)
        this.openCount++
        return this.#handle(name, file, mode)
      },
    })
  }

  list(folder = ROOT): Promise<string[]> {
    return this.#call(`list ${folder}`, { finish: () => this.#folders.list(folder) })
  }

  sizes(folder = ROOT): Promise<Map<string, number>> {
    const paths = () => this.#folders.list(folder).map((name) => [name, folder === ROOT ? name : `${folder}/${name}`])
    return this.#call(`sizes ${folder}`, {
      finish: () => new Map(paths().map(([name, path]) => [name!, this.#folders.find(path!)?.size ?? 0])),
    })
  }

  makeFolder(name: string): Promise<void> {
    return this.#call(`makeFolder ${name}`, {
      begin: () => this.#folders.makeFolder(name, ++this.#seq),
      finish: () => undefined,
    })
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.#folders.find(from) === undefined) throw systemError('ENOENT', `rename ${from}`)
    return this.#call(`rename ${from} ${to}`, {
      begin: () => this.#folders.rename(from, to, ++this.#seq),
      finish: () => undefined,
    })
  }

  async remove(name: string): Promise<void> {
    if (this.#folders.find(name) === undefined) throw systemError('ENOENT', `remove ${name}`)
    return this.#call(`remove ${name}`, {
      begin: () => this.#folders.remove(name, ++this.#seq),
      finish: () => undefined,
    })
  }

  syncFolder(folder = ROOT): Promise<void> {
    const seq = this.#seq
    return this.#call(`syncFolder ${folder}`, {
      finish: () => {
        if (!this.#folders.hasFolder(folder)) throw systemError('ENOENT', `syncFolder ${folder}`)
        this.#folders.sync(folder, seq)
      },
    })
  }

  space(): Promise<DiskSpace> {
    return this.#call('space', { finish: () => this.spaceNow() })
  }

  /** Fails with no call: whoever asks does without an answer. */
  spaceNow(): DiskSpace {
    return { freeSize: this.freeSize, totalSize: SIZE }
  }

  #handle(name: string, file: SimFile, mode: OpenMode): DiskFile {
    let isOpen = true
    const call = async <T>(what: string, job: Call<T>): Promise<T> => {
      if (!isOpen) throw systemError('EBADF', `${what} ${name}`)
      return this.#call(`${what} ${name}`, job)
    }
    return {
      read: (target, start, size, position) => call('read', { finish: () => file.read(target, start, size, position) }),
      write: (source, start, size, position) => {
        assert.ok(mode.write, `${name} is written but was opened for reading`)
        const bytes = Buffer.from(source.subarray(start, start + size))
        const seq = ++this.#seq
        return call(`write ${position}+${size}`, {
          writing: { file, position, size },
          begin: () => file.write(bytes, position, seq),
          finish: () => {
            assert.ok(bytes.equals(source.subarray(start, start + size)), `${name} changed while it was being written`)
            if (mode.dsync === true) file.settle(seq, position, position + size)
          },
          fail: (kind) => this.#failWrite(file, mode, bytes, position, seq, kind),
        })
      },
      sync: () => {
        const seq = this.#seq
        return call('sync', { finish: () => file.settle(seq), fail: () => file.lose(seq, this.#rng) })
      },
      size: () => call('size', { finish: () => file.size }),
      truncate: (size) => call('truncate', { begin: () => file.truncate(size, ++this.#seq), finish: () => undefined }),
      close: () => {
        const closed = call('close', { finish: () => undefined })
        if (isOpen) this.openCount--
        isOpen = false
        return closed
      },
    }
  }

  #failWrite(file: SimFile, mode: OpenMode, bytes: Buffer, position: number, seq: number, kind: FaultKind): void {
    const done = kind === 'EIO' ? this.#rng.pick([0, bytes.length]) : this.#rng.below(bytes.length + 1)
    file.write(bytes.subarray(0, done), position, seq)
    // What failed on its way to the platter is shown by the kernel, counts as clean and is not there.
    if (kind === 'EIO' && mode.dsync === true && done > 0) file.lose(seq, this.#rng, position, position + done)
  }

  async #call<T>(what: string, call: Call<T>): Promise<T> {
    if (this.isStopped) return never()
    this.calls++
    this.trace.push(what)
    const kind = this.#chosenToFail(what)
    if (kind !== null) {
      call.fail?.(kind)
      await this.#pass()
      throw systemError(kind === 'short' ? 'EIO' : kind, what)
    }
    const write = call.writing && this.#noteWrite(call.writing)
    call.begin?.()
    if (this.calls === this.#options.stopAt) {
      this.isStopped = true
      this.#announceStop()
    }
    await this.#pass()
    if (this.isStopped) return never()
    if (write !== undefined) this.#inFlight.delete(write)
    return call.finish()
  }

  #noteWrite({ file, position, size }: NonNullable<Call<unknown>['writing']>): InFlightWrite {
    const write = { file, position, before: file.peek(position, size), beforeSize: file.size }
    this.#inFlight.add(write)
    return write
  }

  #chosenToFail(what: string): FaultKind | null {
    const { fault } = this.#options
    if (fault === undefined || this.faultedAt > 0 || this.calls < fault.at) return null
    if (fault.kind === 'short' && !what.startsWith('write')) return null
    if (fault.kind === 'ENOSPC' && !SPACE_CALLS.test(what)) return null
    this.faultedAt = this.calls
    return fault.kind
  }

  #pass(): Promise<void> | undefined {
    if (this.#options.isQuick === true) return undefined
    const isLong = this.#rng.below(2) === 1
    return new Promise((resolve) => setImmediate(isLong ? () => setImmediate(resolve) : resolve))
  }
}

/** What was asked of a process that is dead. A fresh one each time: nobody must be kept alive by waiting for it. */
function never(): Promise<never> {
  return new Promise(() => undefined)
}

function systemError(code: string, what: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${code}: simulated, ${what}`)
  error.code = code
  return error
}
