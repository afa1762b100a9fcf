import { digestInSlices } from './digest.js'
import type { DiskFile } from './disk.js'
import { writeWhole } from './disk.js'
import { FlinError } from './errors.js'
import type { LogState } from './log-state.js'
import { writeManifest, type Manifest } from './manifest.js'
import { sideFileName, SPARE_NAME } from './names.js'
import { isNodeError } from './node-disk.js'
import type { Segment } from './segment.js'
import { encodeSideFile } from './side-file.js'

const ZERO_SIZE = 1 << 20
const ZEROES = Buffer.alloc(ZERO_SIZE)
const SPACE_RETRY_MS = 1000
/** Side files that may be waiting to be written before sealing waits for them: each holds its segment in memory. */
const SIDE_FILE_BACKLOG_MAX = 2

/** What a manifest has besides the segments as they are; a function is called when its turn has come. */
type ManifestChanges = Partial<Manifest> | (() => Partial<Manifest>)

/**
 * Makes, names and seals the files of segments. A file of zeroes is made ready ahead, because writing into zeroed blocks
 * needs no change of the file system's own records; it becomes part of the log by a rename and a manifest.
 */
export class SegmentFiles {
  readonly #state: LogState
  #spare: Promise<DiskFile | null> | null = null
  #spareTimer: NodeJS.Timeout | null = null
  #sideFiles: Promise<void>[] = []
  #switching: Promise<void> = Promise.resolve()
  /** Called when a sealed segment has its side file, so that its memory may be given up. */
  onSideFile: (segment: Segment) => void = () => undefined

  constructor(state: LogState) {
    this.#state = state
  }

  /** Begins to make the next segment's file ready, if that has not begun. */
  prepareSpare(): void {
    if (this.#state.closed || this.#spareTimer !== null) return
    if (this.#spare !== null) return
    this.#spare = this.#makeSpare()
    // Whoever needs it meets the failure; until then the poison tells of it.
    this.#spare.catch(() => undefined)
  }

  async #makeSpare(): Promise<DiskFile | null> {
    const { disk, options } = this.#state
    try {
      const { freeSize } = await disk.space()
      if (freeSize < options.reserveSize + options.segmentSize) {
        this.#full(freeSize)
        return null
      }
      const file = await this.#zeroFilled(SPARE_NAME, options.segmentSize)
      if (this.#state.diskFull) {
        this.#state.diskFull = false
        options.onEvent({ type: 'disk-has-space', freeSize })
      }
      return file
    } catch (error) {
      if (!isNoSpace(error)) throw this.#state.poisonWith(error, 'making a segment ready')
      await disk.remove(SPARE_NAME).catch(() => undefined)
      this.#full(0)
      return null
    }
  }

  async #zeroFilled(name: string, size: number): Promise<DiskFile> {
    const file = await this.#state.disk.open(name, { write: true, create: true })
    try {
      await file.truncate(0)
      for (let at = 0; at < size; at += ZERO_SIZE) await file.write(ZEROES, 0, Math.min(ZERO_SIZE, size - at), at)
      await file.sync()
      return file
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  #full(freeSize: number): void {
    const state = this.#state
    if (!state.diskFull) {
      state.diskFull = true
      state.options.onEvent({ type: 'disk-full', freeSize, reserveSize: state.options.reserveSize })
    }
    this.#spare = null
    if (state.closed || this.#spareTimer !== null) return
    this.#spareTimer = setTimeout(() => {
      this.#spareTimer = null
      this.prepareSpare()
    }, SPACE_RETRY_MS)
    this.#spareTimer.unref()
  }

  /**
   * Gives the segment its file and makes it part of the log. The one before it, which is durable, is sealed by the same
   * manifest. Waits while the disk is full.
   */
  async attach(segment: Segment, before: Segment | null): Promise<void> {
    const { disk, options } = this.#state
    const needed = segment.memory!.length
    for (;;) {
      let spare: DiskFile | null
      if (needed === options.segmentSize) {
        this.prepareSpare()
        spare = await (this.#spare ?? Promise.resolve(null))
        this.#spare = null
      } else {
        spare = await this.#empty(needed)
      }
      if (spare !== null) {
        await spare.close()
        break
      }
      await new Promise((resolve) => setTimeout(resolve, SPACE_RETRY_MS / 4))
      if (this.#state.closed) throw new FlinError('DISK_FULL', 'closed while the disk was full')
    }
    await disk.rename(SPARE_NAME, segment.name)
    // A manifest that outlives a crash must not name a file that does not.
    await disk.syncFolder()
    // Both at once: whatever manifest is written next has exactly one active segment.
    segment.file = await this.openForAppend(segment.name)
    if (before !== null) before.sealed = true
    await this.switchManifest()
  }

  /** A file for a segment of unusual size: it is not filled ahead, it grows with its one large batch. Null while it has no room. */
  async #empty(size: number): Promise<DiskFile | null> {
    const { disk, options } = this.#state
    const ready = await (this.#spare ?? Promise.resolve(null))
    this.#spare = null
    if (ready !== null) await ready.close()
    const { freeSize } = await disk.space()
    if (freeSize < options.reserveSize + size) {
      this.#full(freeSize)
      return null
    }
    return this.#zeroFilled(SPARE_NAME, 0)
  }

  openForAppend(name: string): Promise<DiskFile> {
    return this.#state.disk.open(name, { write: true, dsync: this.#state.options.fsync === 'always' })
  }

  /** Writes the manifest that describes the segments as they are; one switch at a time, waiting while the disk is full. */
  switchManifest(changes: ManifestChanges = {}): Promise<void> {
    const turn = this.#switching.then(async () => {
      const state = this.#state
      for (;;) {
        try {
          const next = state.nextManifest(typeof changes === 'function' ? changes() : changes)
          await writeManifest(state.disk, next)
          state.manifest = next
          return
        } catch (error) {
          if (!isNoSpace(error) || state.closed) throw error
          await new Promise((resolve) => setTimeout(resolve, SPACE_RETRY_MS / 4))
        }
      }
    })
    this.#switching = turn.catch(() => undefined)
    return turn
  }

  /** Writes the side file of a sealed segment in the background; waits only when too many are under way. */
  async beginSideFile(segment: Segment): Promise<void> {
    if (segment.columns === null) return // in memory only
    const job = this.#writeSideFile(segment)
      .catch((error: unknown) => {
        // The side file is disposable: without it the next start reads the segment itself.
        if (!isNoSpace(error)) this.#state.poisonWith(error, 'writing a side file')
      })
      .then(() => {
        this.#sideFiles = this.#sideFiles.filter((other) => other !== job)
      })
    this.#sideFiles.push(job)
    if (this.#sideFiles.length > SIDE_FILE_BACKLOG_MAX) await this.#sideFiles[0]
  }

  async #writeSideFile(segment: Segment): Promise<void> {
    const { disk, seed, options } = this.#state
    const columns = segment.columns!
    segment.digest = await digestInSlices(segment.memory!, segment.size)
    const bytes = encodeSideFile({ ...sideFacts(segment), digest: segment.digest, columns }, seed)
    const name = sideFileName(segment.baseOffset, segment.generation)
    try {
      await writeWhole(disk, `${name}.tmp`, bytes)
      await disk.rename(`${name}.tmp`, name)
    } finally {
      segment.columns = null
      this.onSideFile(segment)
    }
    options.onEvent({ type: 'sealed', segment: segment.name, size: segment.size, records: columns.count })
  }

  /** Waits for all that is under way and gives up the spare. */
  async close(): Promise<void> {
    if (this.#spareTimer !== null) clearTimeout(this.#spareTimer)
    const spare = await (this.#spare ?? Promise.resolve(null))
    if (spare !== null) {
      await spare.close()
      await this.#state.disk.remove(SPARE_NAME)
    }
    await Promise.all(this.#sideFiles)
    await this.#switching
  }
}

/** What a side file says of its segment besides digest and columns. */
export function sideFacts(segment: Segment) {
  return {
    generation: segment.generation,
    baseOffset: segment.baseOffset,
    endOffset: segment.endOffset,
    segmentSize: segment.size,
    tombstoneCount: segment.tombstoneCount,
    firstTimestampMs: segment.firstTimestampMs,
    lastTimestampMs: segment.lastTimestampMs,
    lastEpoch: segment.lastEpoch,
    sparse: segment.sparse,
  }
}

export function isNoSpace(error: unknown): boolean {
  return isNodeError(error) && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}
