import type { Disk } from '../disk.js'
import { writeWhole } from '../disk.js'
import { FlinError } from '../errors.js'
import { type LogFolder, openIfThere, readLogFolder } from '../log-folder.js'
import type { Manifest, ManifestSegment } from '../manifest.js'
import { segmentName, sideFileName } from '../names.js'
import { type Copied, Copier, otherThan } from './copier.js'
import { CopyPace, type PaceClock } from './pace.js'
import { intactSideFile, missing, OpenAhead, saidDigest } from './source.js'

/**
 * Where a generation would name two different contents, before and after the switch, the copy gets one from here on. No log
 * comes that far by itself.
 */
export const COPY_GENERATION = 1_000_000_000
/** How often the log may have been rewritten under the copying. */
const PASSES_MAX = 100

export interface CopyProgress {
  readonly segment: string
  readonly doneSize: number
  /** Changes while the log's owner writes. */
  readonly totalSize: number
}

export interface CopyOptions {
  /** Bytes a second that are read, at most; 0: no bound. */
  readonly rate: number
  readonly onProgress: (progress: CopyProgress) => void
  /** In ms since 1970. */
  readonly now: () => number
  readonly paceClock?: PaceClock
}

export const DEFAULT_COPY_OPTIONS: CopyOptions = { rate: 0, onProgress: () => undefined, now: Date.now }

/** Segments, and their bytes. */
export interface Share {
  count: number
  size: number
}

/** What is made of what the target has already. */
export interface MirrorRules {
  /** What it names is not changed. */
  readonly former: Manifest | null
  /** Nothing is kept. */
  readonly isRenewed: boolean
  /** What is kept is read, and copied anew unless it has its digest. */
  readonly isVerified: boolean
  /** Of the active segment's copy; null: one that nothing has. */
  readonly tailGeneration: number | null
}

/** What stands in the target now, all of it synced but for the names. */
export interface Mirrored {
  /** The log as it was copied. */
  readonly folder: LogFolder
  /** Its segments under the names that they have in the target, each with its digest. */
  readonly segments: readonly ManifestSegment[]
  /** The active segment; null when the log has none yet. */
  readonly tail: Copied | null
  readonly copied: Share
  readonly kept: Share
}

/**
 * Brings all segments of a log that may be changing into another folder, consistently: what one manifest names, and the
 * active segment at least as far as it was committed when that manifest was read. Whatever compaction had left out by then is
 * dead by records that were durable before it switched to that manifest, so they are there, too.
 *
 * Nothing that the target's own manifest names is changed: a name that it uses for other bytes is left alone.
 */
export class Mirror {
  readonly #source: Disk
  readonly #target: Disk
  readonly #rules: MirrorRules
  readonly #formerByBase: ReadonlyMap<number, ManifestSegment>
  readonly #copier: Copier
  readonly #onProgress: CopyOptions['onProgress']
  /** Sealed segments that are in the target, by their name in the log. */
  readonly #done = new Map<string, ManifestSegment>()
  #names: ReadonlySet<string> = new Set()
  readonly #kept = new Set<string>()
  readonly #copied: Share = { count: 0, size: 0 }
  /** What was found missing, and in which log: so that it is told from what has been rewritten meanwhile. */
  #gone = ''
  #movedSize = 0
  #totalSize = 0
  #current = ''

  constructor(source: Disk, target: Disk, rules: MirrorRules, options: CopyOptions) {
    this.#source = source
    this.#target = target
    this.#rules = rules
    this.#formerByBase = new Map(rules.former?.segments.map((it) => [it.baseOffset, it]))
    this.#onProgress = options.onProgress
    this.#copier = new Copier(target, new CopyPace(options.rate, options.paceClock), (size) => {
      this.#movedSize += size
      this.#tell()
    })
  }

  /** @throws FlinError LOG_CORRUPT when the log is damaged; BAD_SETTING when it changes faster than it is copied */
  async run(): Promise<Mirrored> {
    this.#names = new Set(await this.#target.list())
    for (let i = 0; i < PASSES_MAX; i++) {
      const made = await this.#pass(await readLogFolder(this.#source))
      if (made !== null) return made
    }
    throw new FlinError('BAD_SETTING', 'compaction replaces segments faster than they are copied: let --rate be higher')
  }

  /** Null when the log has been rewritten meanwhile. */
  async #pass(folder: LogFolder): Promise<Mirrored | null> {
    const { segments } = folder.manifest
    const active = segments.at(-1)
    const todo: ManifestSegment[] = active === undefined ? [] : [active]
    for (const entry of segments) if (entry.sealed !== null && !(await this.#isDone(folder, entry))) todo.push(entry)
    this.#totalSize = this.#movedSize + todo.reduce((size, { sealed }) => size + (sealed?.size ?? 0), 0)
    const open = new OpenAhead(this.#source, todo)
    try {
      for (const entry of todo) {
        const gone = await open.open()
        if (gone !== null) {
          this.#noteGone(folder, gone)
          return null
        }
        if (entry.sealed === null) continue
        await this.#copySealed(folder, entry, open)
        await open.close(entry)
      }
      // The last of all, so that as much is in it as can be.
      const tail = active === undefined ? null : await this.#copyTail(folder, active, open)
      // Its owner has been replaced by another, whose epoch this manifest does not know.
      if (tail !== null && tail.lastEpoch > (folder.manifest.epochs.at(-1)?.[0] ?? 0)) return null
      return await this.#result(folder, active, tail)
    } finally {
      await open.closeAll()
    }
  }

  /** Files go after the manifest has changed: what is missing twice under the same one is lost. */
  #noteGone({ manifest }: LogFolder, entry: ManifestSegment): void {
    const gone = JSON.stringify([entry, manifest.segments])
    if (gone === this.#gone) throw missing(entry)
    this.#gone = gone
  }

  /** Whether the target has a segment's bytes already, as far as that is taken on trust. */
  async #isDone(folder: LogFolder, entry: ManifestSegment): Promise<boolean> {
    const name = segmentName(entry.baseOffset, entry.generation)
    if (this.#done.has(name)) return true
    if (this.#rules.isRenewed) return false
    const digest = await saidDigest(folder, entry)
    if (digest === null) return false
    const former = this.#formerByBase.get(entry.baseOffset)
    const isNamed = former !== undefined && isSame(former, entry, digest)
    const generation = isNamed ? former.generation : entry.generation
    if (!isNamed && this.#isTaken(entry.baseOffset, generation)) return false
    // One that no manifest names was left by a run that did not end: it is believed when it has been read.
    const isRead = !isNamed || this.#rules.isVerified
    if (!(await this.#holds(entry, generation, digest, isRead))) return false
    this.#done.set(name, { ...entry, generation, digest })
    this.#kept.add(name)
    if (isRead || !this.#names.has(sideFileName(entry.baseOffset, generation))) {
      await this.#copySideFile(folder, entry, generation, digest)
    }
    return true
  }

  async #holds(entry: ManifestSegment, generation: number, digest: string, isRead: boolean): Promise<boolean> {
    const name = segmentName(entry.baseOffset, generation)
    const file = this.#names.has(name) ? await openIfThere(this.#target, name) : null
    if (file === null) return false
    try {
      const { size } = entry.sealed!
      return (await file.size()) >= size && (!isRead || (await this.#copier.digestOf(file, size)) === digest)
    } finally {
      await file.close()
    }
  }

  async #copySealed(folder: LogFolder, entry: ManifestSegment, open: OpenAhead): Promise<void> {
    const name = segmentName(entry.baseOffset, entry.generation)
    this.#current = name
    const aside = `${name}.tmp`
    const { digest, size } = await this.#copier.copySealed(folder, entry, open.file(entry), aside)
    const expected = entry.digest ?? (await intactSideFile(folder, entry))?.digest ?? digest
    if (digest !== expected) throw otherThan(entry, digest, expected)
    const generation = this.#isTaken(entry.baseOffset, entry.generation, digest)
      ? this.#freeGeneration(entry.baseOffset)
      : entry.generation
    await this.#target.rename(aside, segmentName(entry.baseOffset, generation))
    this.#done.set(name, { ...entry, generation, digest })
    this.#copied.count++
    this.#copied.size += size
    await this.#copySideFile(folder, entry, generation, digest)
  }

  /** A side file is disposable: one that is not to be had, or would be of another generation, is left out. */
  async #copySideFile(folder: LogFolder, entry: ManifestSegment, generation: number, digest: string): Promise<void> {
    const name = sideFileName(entry.baseOffset, generation)
    const side = generation === entry.generation ? await intactSideFile(folder, entry) : null
    if (side?.digest === digest) {
      await writeWhole(this.#target, `${name}.tmp`, side.bytes)
      await this.#target.rename(`${name}.tmp`, name)
    } else if (this.#names.has(name)) await this.#target.remove(name)
  }

  async #copyTail(folder: LogFolder, active: ManifestSegment, open: OpenAhead): Promise<Copied> {
    this.#current = segmentName(active.baseOffset, active.generation)
    return this.#copier.copyTail(folder, active, open.file(active), `${this.#current}.tmp`)
  }

  async #result(folder: LogFolder, active: ManifestSegment | undefined, tail: Copied | null): Promise<Mirrored> {
    const segments: ManifestSegment[] = []
    const kept: Share = { count: 0, size: 0 }
    for (const entry of folder.manifest.segments) {
      if (entry.sealed === null) continue
      const name = segmentName(entry.baseOffset, entry.generation)
      const { generation, digest } = this.#done.get(name)!
      // What the manifest says of a segment that stays may have changed: see cleanOffset.
      segments.push({ ...entry, generation, digest: digest! })
      if (!this.#kept.has(name)) continue
      kept.count++
      kept.size += entry.sealed.size
    }
    if (active !== undefined && tail !== null) {
      const { baseOffset } = active
      // It is another file each time: that of the former backup stays until nothing names it.
      const generation = this.#rules.tailGeneration ?? this.#freeGeneration(baseOffset)
      await this.#target.rename(`${this.#current}.tmp`, segmentName(baseOffset, generation))
      segments.push({ ...active, generation, digest: tail.digest })
      this.#copied.count++
      this.#copied.size += tail.size
    }
    return { folder, segments, tail, copied: this.#copied, kept }
  }

  /** Whether the former backup uses a name, for other bytes than those of this digest if one is given. */
  #isTaken(baseOffset: number, generation: number, digest?: string): boolean {
    const named = this.#formerByBase.get(baseOffset)
    return named?.generation === generation && (digest === undefined || named.digest !== digest)
  }

  #freeGeneration(baseOffset: number): number {
    let generation = COPY_GENERATION
    while (this.#isTaken(baseOffset, generation)) generation++
    return generation
  }

  #tell(): void {
    const doneSize = this.#movedSize
    this.#onProgress({ segment: this.#current, doneSize, totalSize: Math.max(doneSize, this.#totalSize) })
  }
}

/** Whether two entries are of one content. */
function isSame(a: ManifestSegment, b: ManifestSegment, digest: string): boolean {
  return (
    a.baseOffset === b.baseOffset &&
    a.digest === digest &&
    a.sealed !== null &&
    b.sealed !== null &&
    a.sealed.size === b.sealed.size &&
    a.sealed.endOffset === b.sealed.endOffset
  )
}
