import { GrowingDigest } from './digest.js'
import type { DiskFile } from './disk.js'
import { writeWhole } from './disk.js'
import { FlinError } from './errors.js'
import type { LogState } from './log-state.js'
import { writeManifest, type Manifest } from './manifest.js'
import { sideFileName, SPARE_NAME } from './names.js'
import { isNodeError } from './node-disk.js'
import { sizeText } from './size-text.js'
import type { Segment } from './segment.js'
import { sideFileParts } from './side-file.js'

const ZERO_SIZE = 1 << 20
const ZEROES = Buffer.alloc(ZERO_SIZE)
/** How far the zeroing of the next file is ahead of the filling of the active one, as a factor and in bytes. */
const ZEROING_LEAD = 1.25
const ZEROING_LEAD_SIZE = 8 << 20
const SPACE_RETRY_MS = 1000
/** Between two looks at the disk on behalf of who has been refused: there may be very many of them. */
const LOOK_PAUSE_MS = 100
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
  /** A segment is being given its file, and so the spare's name is in use until it has been renamed. */
  #isAttaching = false
  /** Making a file has met a full disk, as against one that was given up. */
  #isFoundFull = false
  /** Somebody waits for the spare: it is made at full speed. */
  #isUrgent = false
  #isGivenUp = false
  /** It is looked at the disk for who has been refused, or was just now. */
  #isLooking = false
  #resumeZeroing: (() => void) | null = null
  #sideFiles: Promise<void>[] = []
  #switching: Promise<void> = Promise.resolve()
  /** Called when a sealed segment has its side file, so that its memory may be given up. */
  onSideFile: (segment: Segment) => void = () => undefined

  constructor(state: LogState) {
    this.#state = state
    state.onRefused = () => {
      if (this.#isLooking) return
      this.#isLooking = true
      void this.#look().finally(() => {
        const again = (): void => {
          this.#isLooking = false
        }
        setTimeout(again, LOOK_PAUSE_MS).unref()
      })
    }
  }

  /** Begins to make the next segment's file ready, if that has not begun. */
  prepareSpare(): void {
    // Who waits for it does not wait for the next look. Two may never make it at once: they would write into the same file.
    if (this.#state.closed || (!this.#isUrgent && (this.#spareTimer !== null || this.#isAttaching))) return
    if (this.#spare !== null) return
    this.#spare = this.#makeSpare()
    // Whoever needs it meets the failure; until then the poison tells of it.
    this.#spare.catch(() => undefined)
  }

  async #makeSpare(): Promise<DiskFile | null> {
    const { disk, options, space } = this.#state
    const { segmentSize } = options
    try {
      const freeSize = await space.measure()
      // What somebody waits for has been begun, and counted, already.
      const hasRoom = this.#isUrgent ? space.hasFree('write', segmentSize) : space.hasRoom('write', segmentSize)
      if (!hasRoom) {
        this.#spare = null
        this.#isFoundFull = true
        this.#full(freeSize)
        return null
      }
      if (!this.#isUrgent && !space.hasRoom('ahead', segmentSize)) {
        // The last room is for what is needed, not for what may be. It is made when its time has come.
        this.#hasSpace(freeSize)
        this.#spare = null
        return null
      }
      space.spareSize = segmentSize
      const file = await this.#create(segmentSize)
      this.#hasSpace(freeSize)
      return file
    } catch (error) {
      space.spareSize = 0
      const isGivenUp = error instanceof FlinError && error.code === 'LOG_CLOSED'
      if (!isGivenUp && !isNoSpace(error)) throw this.#state.poisonWith(error, 'making a segment ready')
      await disk.remove(SPARE_NAME).catch(() => undefined)
      if (!isGivenUp) {
        this.#spare = null
        this.#isFoundFull = true
        this.#full(0)
      }
      return null
    }
  }

  #hasSpace(freeSize: number): void {
    const state = this.#state
    if (!state.diskFull) return
    state.diskFull = false
    const { usedSize, sizeMax } = state.space
    const bound = sizeMax > 0 ? { usedSize, diskSizeMax: sizeMax } : {}
    if (!state.isStalled) state.options.onEvent({ type: 'disk-has-space', freeSize, ...bound })
  }

  /** Somebody has been refused a segment: by what was measured last, which may be long ago. */
  async #look(): Promise<void> {
    const { space, options, diskFull, isClosing } = this.#state
    if (diskFull || isClosing) return
    const freeSize = await space.measure().catch(() => 0)
    // One that is ready, or being made, is room for what is refused; left to itself it would keep its file open for ever.
    if (!space.hasRoom('write', options.segmentSize)) await this.#dropSpare().catch(() => undefined)
    if (!space.hasRoom('write', options.segmentSize)) this.#full(freeSize)
  }

  /**
   * Makes the spare's file. Only O_DSYNC gains by blocks that hold zeroes already; under the other policies the size alone is
   * set, and the blocks come with what is written.
   */
  async #create(size: number): Promise<DiskFile> {
    const file = await this.#state.disk.open(SPARE_NAME, { write: true, create: true })
    try {
      await file.truncate(0)
      if (this.#state.options.fsync === 'always') await this.#zero(file, size)
      else await file.truncate(size)
      await file.sync()
      return file
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  /** Writes zeroes in step with the filling of the active segment: all at once they would hold up the commits for their time. */
  async #zero(file: DiskFile, size: number): Promise<void> {
    for (let at = 0; at < size; at += ZERO_SIZE) {
      while (this.#isZeroedAhead(at)) await new Promise<void>((resolve) => (this.#resumeZeroing = resolve))
      if (this.#isUnwanted) throw new FlinError('LOG_CLOSED', 'closed while a segment was made ready')
      await file.write(ZEROES, 0, Math.min(ZERO_SIZE, size - at), at)
      if (!this.#isUrgent) await file.sync()
    }
  }

  /** Its name is needed for another file; or the log is being closed, and its last commit does not need another segment. */
  get #isUnwanted(): boolean {
    return this.#isGivenUp || (this.#state.isClosing && !this.#isUrgent)
  }

  #isZeroedAhead(zeroedSize: number): boolean {
    if (this.#isUrgent || this.#isUnwanted) return false
    const filledSize = this.#state.segments.inOrder.at(-1)?.size ?? 0
    return zeroedSize >= filledSize * ZEROING_LEAD + ZEROING_LEAD_SIZE
  }

  /** The active segment has grown: more of the next file may be zeroed. */
  keepPace(): void {
    const resume = this.#resumeZeroing
    this.#resumeZeroing = null
    resume?.()
  }

  /** The next segment's file, as soon as it can be had; null while the disk is full. */
  async #takeSpare(): Promise<DiskFile | null> {
    this.#isUrgent = true
    this.#isFoundFull = false
    this.keepPace()
    try {
      return await (this.#spare ?? Promise.resolve(null))
    } finally {
      this.#spare = null
      this.#isUrgent = false
    }
  }

  #full(freeSize: number): void {
    const state = this.#state
    if (!state.diskFull) {
      state.diskFull = true
      if (!state.isStalled) this.#tellFull(freeSize)
    }
    if (state.isClosing || this.#spareTimer !== null) return
    this.#spareTimer = setTimeout(() => {
      this.#spareTimer = null
      this.prepareSpare()
    }, SPACE_RETRY_MS)
    this.#spareTimer.unref()
  }

  #tellFull(freeSize: number): void {
    const { options, space } = this.#state
    const { usedSize, sizeMax } = space
    if (space.isBoundReached) {
      const { promisedSize } = space
      options.onEvent({ type: 'bound-reached', usedSize, promisedSize, diskSizeMax: sizeMax })
    } else options.onEvent({ type: 'disk-full', freeSize, reserveSize: options.reserveSize })
  }

  /**
   * Gives the segment its file and makes it part of the log. The one before it, which is durable, is sealed by the same
   * manifest. Waits while the disk is full.
   */
  async attach(segment: Segment, before: Segment | null): Promise<void> {
    this.#isAttaching = true
    try {
      await this.#makeFile(segment, before === null)
    } finally {
      this.#isAttaching = false
    }
    // A manifest that outlives a crash must not name a file that does not.
    await this.#state.disk.syncFolder()
    // Both at once: whatever manifest is written next has exactly one active segment.
    segment.file = await this.openForAppend(segment.name)
    if (before !== null) {
      before.sealed = true
      before.recordCount = before.endOffset - before.baseOffset
    }
    await this.switchManifest()
  }

  /** Gives a segment its file, and that its name. @throws FlinError DISK_FULL where the first one finds no room */
  async #makeFile(segment: Segment, isFirst: boolean): Promise<void> {
    const { disk, options, space } = this.#state
    const needed = segment.memory!.length
    for (;;) {
      let spare: DiskFile | null
      if (needed === options.segmentSize) {
        this.#isUrgent = true
        this.prepareSpare()
        spare = await this.#takeSpare()
      } else {
        spare = await this.#empty(needed)
      }
      if (spare !== null) {
        await spare.close()
        this.goOn()
        break
      }
      // One that was given up, for compaction or since the log is being closed, is made again: it is needed after all.
      if (!this.#isFoundFull) continue
      if (isFirst) throw new FlinError('DISK_FULL', 'there is no room on the disk for the first segment. Free some')
      await this.waitForSpace()
    }
    await disk.rename(SPARE_NAME, segment.name)
    space.spareSize = 0
  }

  /**
   * A file for a segment of unusual size. A large one is not filled ahead, it grows with its one large batch; a small one is for
   * removals, and filled: no space is left for it to grow. Null while it has no room.
   */
  async #empty(size: number): Promise<DiskFile | null> {
    const { space, options } = this.#state
    const isSmall = size < options.segmentSize
    await this.#giveSpareUp()
    this.#isFoundFull = false
    try {
      // The zeroes of the spare go first: they may have taken the space that this segment was promised.
      const file = await this.#create(0)
      const freeSize = await space.measure()
      if (space.hasFree(isSmall ? 'remove' : 'write', size)) return isSmall ? await this.#fill(file, size) : file
      await file.close()
      this.#full(freeSize)
    } catch (error) {
      if (!isNoSpace(error)) throw error
      this.#full(0)
    }
    this.#isFoundFull = true
    return null
  }

  /** Makes a file of this size anew, at once. */
  async #fill(file: DiskFile, size: number): Promise<DiskFile> {
    await file.close()
    this.#isUrgent = true
    try {
      return await this.#create(size)
    } finally {
      this.#isUrgent = false
    }
  }

  /**
   * Promises compaction so many bytes, which it is about to write; the spare gives way for them.
   * @throws FlinError DISK_FULL when there are not so many
   */
  async makeRoom(size: number): Promise<void> {
    const { space } = this.#state
    await space.measure()
    if (space.compactionRoom < size) await this.#dropSpare()
    if (space.compactionRoom < size) {
      const room = `${sizeText(space.compactionRoom)} of the disk are left for compaction, which needs ${sizeText(size)}`
      throw new FlinError('DISK_FULL', room)
    }
    space.compactionSize = size
  }

  /** Gives the space of the spare back. Whoever wants it meanwhile makes another one. */
  async #dropSpare(): Promise<void> {
    const { space, disk } = this.#state
    if (this.#isUrgent || this.#isAttaching || this.#spare === null) return
    const spare = this.#spare
    this.#isGivenUp = true
    this.keepPace()
    const dropping = spare
      .then((file) => file?.close())
      .then(() => disk.remove(SPARE_NAME))
      .catch(() => undefined)
      .then(() => {
        space.spareSize = 0
        this.#isGivenUp = false
        return null
      })
    this.#spare = dropping
    await dropping
    // Nobody may have taken it meanwhile.
    if (this.#spare === dropping) this.#spare = null
    await space.measure()
  }

  /**
   * Waits a while for space to come back. Until {@link goOn} nothing more is taken in: what waits already would fill the memory.
   * @throws FlinError DISK_FULL when the log is being closed: what waits for space is given up.
   */
  async waitForSpace(): Promise<void> {
    const { isClosing, isEnding, isStalled, diskFull } = this.#state
    this.#state.isStalled = true
    if (!isStalled && !diskFull) this.#tellFull(0)
    if (!isClosing && !isEnding) await new Promise((resolve) => setTimeout(resolve, SPACE_RETRY_MS / 4))
    if (this.#state.isClosing || this.#state.isEnding)
      throw new FlinError('DISK_FULL', 'closed while the disk was full')
  }

  /** What has waited for space has got it. */
  goOn(): void {
    const state = this.#state
    if (!state.isStalled) return
    state.isStalled = false
    if (!state.diskFull) state.options.onEvent({ type: 'disk-has-space' })
  }

  /** Ends the making of the spare, or closes it; its file stays, for whoever uses its name next. None is begun until then. */
  async #giveSpareUp(): Promise<void> {
    this.#isGivenUp = true
    if (this.#spareTimer !== null) clearTimeout(this.#spareTimer)
    this.#spareTimer = null
    this.keepPace()
    // A failure has poisoned the log, which tells of it.
    const spare = await this.#spare?.catch(() => null)
    await spare?.close().catch(() => undefined)
    this.#spare = null
    this.#state.space.spareSize = 0
    this.#isGivenUp = false
  }

  openForAppend(name: string): Promise<DiskFile> {
    return this.#state.disk.open(name, { write: true, dsync: this.#state.options.fsync === 'always' })
  }

  /**
   * Writes the manifest that describes the segments as they are; one switch at a time, waiting while the disk is full.
   * @param switched called when it is written, before the next switch looks at the segments
   * @param waiting called when it has met a full disk: nothing is taken in until it is written
   */
  switchManifest(
    changes: ManifestChanges = {},
    switched: () => void = () => undefined,
    waiting: () => void = () => undefined,
  ): Promise<void> {
    const turn = this.#switching.then(async () => {
      const state = this.#state
      for (;;) {
        try {
          const next = state.nextManifest(typeof changes === 'function' ? changes() : changes)
          await writeManifest(state.disk, next)
          state.manifest = next
          switched()
          this.goOn()
          return
        } catch (error) {
          if (!isNoSpace(error)) throw error
          const waited = this.waitForSpace()
          waiting()
          await waited
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
    const { disk, seed, options, space } = this.#state
    const columns = segment.columns!
    const records = columns.count
    segment.digest = await (segment.growingDigest ?? new GrowingDigest()).finish(segment.memory!, segment.size)
    segment.growingDigest = null
    const parts = sideFileParts({ ...sideFacts(segment), digest: segment.digest, columns }, seed)
    const sideSize = parts.reduce((sum, part) => sum + part.length, 0)
    const name = sideFileName(segment.baseOffset, segment.generation)
    try {
      // The side file is disposable: without it the next start reads the segment itself.
      if (space.hasSideRoom) {
        await writeWhole(disk, `${name}.tmp`, ...parts)
        await disk.rename(`${name}.tmp`, name)
        space.noteSideFile(sideSize, segment.size)
      }
    } finally {
      segment.columns = null
      columns.clear()
      this.#state.spareColumns = columns
      this.onSideFile(segment)
    }
    options.onEvent({ type: 'sealed', segment: segment.name, size: segment.size, records })
  }

  /** Waits for all that is under way and gives up the spare. */
  async close(): Promise<void> {
    if (this.#spareTimer !== null) clearTimeout(this.#spareTimer)
    const isSpareNamed = this.#spare !== null
    await this.#giveSpareUp()
    if (isSpareNamed) await this.#state.disk.remove(SPARE_NAME).catch(() => undefined)
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
