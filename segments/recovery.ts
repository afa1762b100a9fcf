import { ALIGNMENT, aligned, BATCH_HEADER_SIZE, firstBuried, RECORD_FLAG } from './format.js'
import { allocate } from './segment-memory.js'
import type { BatchHeader } from './batch.js'
import { digestInSlices } from './digest.js'
import { type Disk, readFully, readWhole, replaceFile, type DiskFile } from './disk.js'
import { FlinError } from './errors.js'
import type { LogState } from './log-state.js'
import { type ManifestSegment, vouchedOffset } from './manifest.js'
import { parseSegmentName, QUARANTINE_FOLDER, sideFileName, suspectName } from './names.js'
import { BLOCK_SIZE } from './metered-disk.js'
import { isNodeError } from './node-disk.js'
import { hasAllSegments, isBehind, isCompactedAway, isUnwritten, unnamedFiles } from './orphans.js'
import { RecordView } from './record.js'
import { RestartColumns } from './restart-columns.js'
import type { Segment } from './segment.js'
import { isNoSpace, sideFacts } from './segment-files.js'
import { decodeSideFile, encodeSideFile, type SideFile } from './side-file.js'
import { lastNonZero, lostOffsets, walkSegment, type Damage } from './walk.js'

/** What a restart is told of each record, in the order of the log. One object is reused for all of them. */
export interface ReplayedRecord {
  kind: number
  flags: number
  hi: number
  lo: number
  segmentNumber: number
  position: number
  datum: number
  /** Bytes that it takes, a multiple of 8; told by a side file, the header of the batch behind it may be among them. */
  size: number
}

/** One to be filled, and filled again: whoever is handed it uses it before the call returns. */
export function emptyRecord(): ReplayedRecord {
  return { kind: 0, flags: 0, hi: 0, lo: 0, segmentNumber: 0, position: 0, datum: 0, size: 0 }
}

/** Applies a record to the state that is being rebuilt. A promise is awaited: it may load records to compare keys. */
export type Replay = (record: ReplayedRecord) => Promise<void> | undefined

/**
 * Rebuilds the running log from the files that the manifest names: sealed segments from their side files, read ahead of
 * their being applied; segments without a good side file and the active one from their batches.
 */
export class Recovery {
  readonly #state: LogState
  readonly #replay: Replay
  readonly #record = emptyRecord()
  readonly damages: { segment: string; damage: Damage }[] = []
  /** What is in the folder. */
  #names: ReadonlySet<string> = new Set()
  /** Everything below was durable, as the newest batches say. */
  #durableOffset = 0

  constructor(state: LogState, replay: Replay) {
    this.#state = state
    this.#replay = replay
  }

  /** @throws FlinError LOG_CORRUPT unless damaged logs are to be served. */
  async run(): Promise<void> {
    const { disk, manifest, segments } = this.#state
    const listed = manifest.segments
    this.#names = new Set(await disk.list())
    let ahead = this.#readSideFile(listed[0])
    for (let i = 0; i < listed.length; i++) {
      const entry = listed[i]!
      const side = await ahead
      ahead = this.#readSideFile(listed[i + 1])
      const segment = segments.create(entry.baseOffset, entry.generation)
      segment.cleanOffset = entry.cleanOffset ?? 0
      segments.inOrder.push(segment)
      if (!this.#names.has(segment.name)) this.#missing(segment, entry)
      else if (side !== null && entry.sealed !== null && side.lastEpoch >= this.#state.epoch) {
        adopt(segment, side)
        await this.#applyColumns(segment, side.columns)
      } else {
        await this.#readSegment(segment, entry)
      }
      this.#state.endOffset = segment.endOffset
      this.#state.lastTimestampMs = Math.max(this.#state.lastTimestampMs, segment.lastTimestampMs)
      this.#state.epoch = Math.max(this.#state.epoch, segment.lastEpoch)
    }
  }

  async #readSideFile(entry: ManifestSegment | undefined): Promise<SideFile | null> {
    if (entry === undefined || entry.sealed === null) return null
    const { readOnly, serveDamaged } = this.#state.options
    const usual = sideFileName(entry.baseOffset, entry.generation)
    const suspect = suspectName(usual)
    const name = (readOnly || serveDamaged) && this.#names.has(suspect) ? suspect : usual
    try {
      const side = decodeSideFile(await readWhole(this.#state.disk, name), this.#state.seed)
      if (
        side.baseOffset === entry.baseOffset &&
        side.generation === entry.generation &&
        side.segmentSize === entry.sealed.size &&
        side.endOffset === entry.sealed.endOffset
      ) {
        return side
      }
      this.#event(name, 'it belongs to another segment')
    } catch (error) {
      if (error instanceof FlinError) this.#event(name, error.message)
      else if (isNodeError(error) && error.code === 'ENOENT') this.#event(name, 'it is missing')
      else throw error
    }
    return null
  }

  #event(segment: string, reason: string): void {
    this.#state.options.onEvent({ type: 'side-file-rebuilt', segment, reason })
  }

  async #applyColumns(segment: Segment, columns: RestartColumns): Promise<void> {
    const record = this.#record
    const { words, kinds, count } = columns
    let nextDatum = 0
    record.segmentNumber = segment.number
    for (let i = 0; i < count; i++) {
      const kindAndFlags = kinds[i]!
      record.kind = kindAndFlags & 0xff
      record.flags = kindAndFlags >>> 8
      record.hi = words[i * 3]!
      record.lo = words[i * 3 + 1]!
      record.position = words[i * 3 + 2]! >>> 0
      record.datum = (record.flags & RECORD_FLAG.datum) === 0 ? 0 : columns.data[nextDatum++]!
      record.size = (i + 1 < count ? words[i * 3 + 5]! >>> 0 : segment.size) - record.position
      if ((record.flags & RECORD_FLAG.tombstone) !== 0) {
        segment.noteTombstone(record.size, firstBuried(record.flags, record.datum))
      }
      const waiting = this.#replay(record)
      if (waiting !== undefined) await waiting
    }
  }

  /** Nothing is left of it but what the manifest says. */
  #missing(segment: Segment, entry: ManifestSegment): void {
    const { options } = this.#state
    // How much an active segment held, nobody can tell.
    const endOffset = entry.sealed?.endOffset ?? null
    const damage = { position: 0, size: 0, firstOffset: segment.baseOffset, endOffset, vouched: true }
    this.#note(segment, damage, 'is missing')
    if (entry.sealed === null) {
      segment.memory = allocate(options.segmentSize)
      this.#keepActive(segment, segment.memory)
    } else seal(segment, entry.sealed)
  }

  async #readSegment(segment: Segment, entry: ManifestSegment): Promise<void> {
    const state = this.#state
    const isActive = entry.sealed === null
    const { options } = state
    const file = await state.disk.open(segment.name, {
      write: isActive && !options.readOnly,
      dsync: isActive && options.fsync === 'always' && !options.readOnly,
    })
    const fileSize = await file.size()
    const capacity = isActive
      ? Math.max(fileSize, state.options.segmentSize) + ((ALIGNMENT - (fileSize % ALIGNMENT)) % ALIGNMENT)
      : entry.sealed.size
    const bytes = allocate(capacity)
    const got = await readFully(file, bytes, 0, Math.min(fileSize, capacity), 0)
    bytes.fill(0, got)
    segment.file = file
    segment.memory = bytes
    segment.columns = new RestartColumns()
    const end = isActive ? capacity : entry.sealed.size
    const view = new RecordView()
    let torn: Damage | null = null
    let isBehindDamage = false
    // Up to here all is accounted for, by batches or by damage.
    const accounted = { position: 0, offset: segment.baseOffset }
    for (const step of walkSegment(bytes, 0, end, state.seed, segment.baseOffset)) {
      if (step.type === 'damage') {
        torn = this.#judge(segment, step.damage, entry)
        if (torn !== null) break
        // What is intact before and behind it must be found, and loaded, without it.
        segment.sparse.add(step.damage.position, step.damage.firstOffset, true)
        isBehindDamage = true
        const { position, size, endOffset } = step.damage
        accounted.position = endOffset === null ? end : position + size
        accounted.offset = endOffset ?? Infinity
        continue
      }
      const { header, position } = step
      accounted.position = position + header.size
      accounted.offset = header.lastOffset + 1
      const lastEpoch = Math.max(segment.lastEpoch, state.epoch)
      if (header.epoch < lastEpoch) {
        this.#noteFallenEpoch(segment, position, header, lastEpoch)
        segment.sparse.add(position, header.baseOffset, true)
        isBehindDamage = true
        continue
      }
      segment.sparse.add(position, header.baseOffset, isBehindDamage)
      isBehindDamage = false
      segment.size = position + header.size
      segment.endOffset = header.lastOffset + 1
      segment.lastEpoch = header.epoch
      segment.lastTimestampMs = header.timestampMs
      segment.headerSize += BATCH_HEADER_SIZE
      segment.recordCount += header.count
      this.#durableOffset = Math.max(this.#durableOffset, header.durableOffset)
      if (segment.firstTimestampMs === 0) segment.firstTimestampMs = header.timestampMs
      let at = position + BATCH_HEADER_SIZE
      for (let i = 0; i < header.count; i++) {
        view.at(bytes, at)
        const waiting = this.#applyRecord(segment, view)
        if (waiting !== undefined) await waiting
        at = view.next
      }
    }
    const vouched = vouchedOffset(state.manifest)
    if (isActive && accounted.offset < vouched) {
      const { position, offset } = accounted
      this.#judge(segment, { position, size: 0, firstOffset: offset, endOffset: vouched, vouched: true }, entry)
    }
    if (torn !== null) await this.#cut(segment, bytes, torn, file)
    if (isActive) this.#keepActive(segment, bytes)
    else await this.#finishSealed(segment, bytes, entry, accounted)
  }

  #applyRecord(segment: Segment, view: RecordView): Promise<void> | undefined {
    const { hasher } = this.#state
    const record = this.#record
    view.identify(hasher)
    record.kind = view.kind
    record.flags = view.flags
    record.hi = hasher.hi
    record.lo = hasher.lo
    record.segmentNumber = segment.number
    record.position = view.start
    record.datum = view.datum
    record.size = view.next - view.start
    segment.columns!.add(record.hi, record.lo, view.start, view.kind, view.flags)
    if ((view.flags & RECORD_FLAG.datum) !== 0) segment.columns!.addDatum(record.datum)
    if (view.isTombstone) segment.noteTombstone(record.size, firstBuried(record.flags, record.datum))
    return this.#replay(record)
  }

  /** Returns the damage when it is a torn tail, which is cut; throws, or notes and goes on, when it is corruption. */
  #judge(segment: Segment, damage: Damage, entry: ManifestSegment): Damage | null {
    const isActive = entry.sealed === null
    if (isActive && !damage.vouched && damage.firstOffset >= vouchedOffset(this.#state.manifest)) return damage
    const known = entry.sealed?.endOffset ?? vouchedOffset(this.#state.manifest)
    this.#note(segment, { ...damage, endOffset: damage.endOffset ?? known })
    return null
  }

  /** Throws unless what is intact is to be served without what is lost. */
  #note(segment: Segment, damage: Damage, what?: string): void {
    const { options } = this.#state
    const { position, size, firstOffset, endOffset } = damage
    this.damages.push({ segment: segment.name, damage })
    options.onEvent({ type: 'damage', segment: segment.name, position, size, firstOffset, endOffset })
    if (!options.serveDamaged && !options.readOnly) throw corrupt(segment.name, damage, what)
  }

  /** Whole as it is, it was not written by who had the log then: nothing of it is taken for true. */
  #noteFallenEpoch(segment: Segment, position: number, header: BatchHeader, lastEpoch: number): void {
    const { size, baseOffset, lastOffset, epoch } = header
    const damage = { position, size, firstOffset: baseOffset, endOffset: lastOffset + 1, vouched: true }
    this.#note(segment, damage, `holds a batch of epoch ${epoch} at position ${position}, behind epoch ${lastEpoch}`)
  }

  #isDamaged(segment: Segment): boolean {
    return this.damages.some((d) => d.segment === segment.name)
  }

  /** Keeps what is cut, then makes sure that nothing of it can come back behind the next write. */
  async #cut(segment: Segment, bytes: Buffer, damage: Damage, file: DiskFile): Promise<void> {
    const { disk, options } = this.#state
    const end = lastNonZero(bytes, damage.position, bytes.length)
    const quarantine = await this.#freeQuarantine(`${segment.name}.${damage.position}`)
    if (!options.readOnly && !options.serveDamaged) {
      await disk.makeFolder(QUARANTINE_FOLDER)
      await replaceFile(disk, quarantine, bytes.subarray(damage.position, end))
      await disk.syncFolder(QUARANTINE_FOLDER)
      await file.write(Buffer.alloc(end - damage.position), 0, end - damage.position, damage.position)
      await file.sync()
    }
    bytes.fill(0, damage.position, end)
    options.onEvent({
      type: 'torn-tail',
      segment: segment.name,
      position: damage.position,
      size: end - damage.position,
      firstOffset: damage.firstOffset,
      quarantine,
    })
  }

  /** A name that nothing kept has: a log can be torn at one position twice, or a crash can interrupt the cutting. */
  async #freeQuarantine(name: string): Promise<string> {
    const taken = new Set(await this.#state.disk.list(QUARANTINE_FOLDER))
    let free = `${name}.torn`
    for (let i = 2; taken.has(free); i++) free = `${name}.${i}.torn`
    return `${QUARANTINE_FOLDER}/${free}`
  }

  /**
   * Makes durable what was read of the active segment, for it is told to readers from now on: it may lie in the kernel's
   * cache only, if the last owner was killed. What no batch vouches for, the last one always among it, is written again,
   * because after a sync that failed the kernel takes its pages for clean, and no further sync would write them; the same
   * goes for the size of a file that was not preallocated, and only a size that changes is written.
   */
  async secure(active: Segment): Promise<void> {
    const file = active.file!
    if (active.size > 0) {
      const fileSize = await file.size()
      if (fileSize !== this.#state.options.segmentSize) await file.truncate(aligned(fileSize + 1))
      const from = active.sparse.positions[active.sparse.entryOfOffset(this.#durableOffset)]!
      await file.write(active.memory!, from, active.size - from, from)
    }
    await file.sync()
    await this.#fit(active)
  }

  /** A segment whose file has not got all of its space gets no further than that, when there is no room for the rest now. */
  async #fit(active: Segment): Promise<void> {
    const state = this.#state
    const { space, meter } = state
    await space.measure()
    if (meter === null || space.hasRoom('write', 0)) return
    const fileSize = space.hasFree('write', 0) ? meter.sizeOf(active.name) : space.takenSize(active)
    const memory = active.memory!
    active.memory = memory.subarray(0, Math.max(active.size, Math.floor(fileSize / BLOCK_SIZE) * BLOCK_SIZE))
    state.residentSize -= memory.length - active.memory.length
  }

  #keepActive(segment: Segment, bytes: Buffer): void {
    segment.committedPosition = segment.size
    segment.inFlightPosition = segment.size
    this.#state.residentSize += bytes.length
  }

  async #finishSealed(
    segment: Segment,
    bytes: Buffer,
    entry: ManifestSegment,
    { position, offset }: { readonly position: number; readonly offset: number },
  ): Promise<void> {
    const { disk, seed, options, space } = this.#state
    const { size, endOffset } = entry.sealed!
    if (position !== size || segment.endOffset > endOffset) {
      const damage = {
        position,
        size: size - position,
        firstOffset: Math.min(offset, endOffset),
        endOffset,
        vouched: true,
      }
      this.#judge(segment, damage, entry)
      segment.sparse.add(damage.position, damage.firstOffset, true)
    }
    seal(segment, entry.sealed!)
    if (!this.#isDamaged(segment) && !options.readOnly && !options.serveDamaged) {
      segment.digest = await digestInSlices(bytes, segment.size)
      const side = { ...sideFacts(segment), digest: segment.digest, columns: segment.columns! }
      const name = sideFileName(segment.baseOffset, segment.generation)
      if (space.hasSideRoom) await replaceIfRoom(disk, name, encodeSideFile(side, seed))
      // The segment is whole again: restored from a copy, or a fault of the reading that is over.
      if (this.#names.has(suspectName(name))) await disk.remove(suspectName(name))
    }
    segment.columns = null
    segment.memory = null
  }
}

/** A side file is disposable: a disk that is full is no reason not to start, and the next start reads the segment again. */
async function replaceIfRoom(disk: Disk, name: string, bytes: Buffer): Promise<void> {
  try {
    await replaceFile(disk, name, bytes)
  } catch (error) {
    if (!isNoSpace(error)) throw error
    await disk.remove(`${name}.tmp`).catch(() => undefined)
  }
}

function seal(segment: Segment, { size, endOffset }: NonNullable<ManifestSegment['sealed']>): void {
  segment.sealed = true
  segment.size = size
  segment.endOffset = endOffset
  segment.committedPosition = size
}

function adopt(segment: Segment, side: SideFile): void {
  seal(segment, { size: side.segmentSize, endOffset: side.endOffset })
  segment.sparse = side.sparse
  // A view would keep the whole side file in memory.
  segment.sparse.positions = side.sparse.positions.slice()
  segment.sparse.offsets = side.sparse.offsets.slice()
  segment.firstTimestampMs = side.firstTimestampMs
  segment.lastTimestampMs = side.lastTimestampMs
  segment.lastEpoch = side.lastEpoch
  segment.digest = side.digest
  segment.recordCount = side.columns.count
}

/** The failure that names what is lost. */
export function corrupt(
  segment: string,
  { position, size, firstOffset, endOffset }: Damage,
  what = `is damaged at position ${position} (${size} bytes)`,
): FlinError {
  return new FlinError(
    'LOG_CORRUPT',
    `segment ${segment} ${what}: ${lostOffsets(firstOffset, endOffset)}. ` +
      'Restore it from a copy, or see `flin log repair --help`; --serve-damaged serves what is intact, read-only',
  )
}

/**
 * Removes or sets aside files that no manifest names: what a crash left of a switch that did not happen. Work files and
 * other generations hold nothing that is not in the log; a segment that cannot be explained is kept.
 * @throws FlinError LOG_CORRUPT when the manifest is older than the segments: nothing is touched then.
 */
export async function clearOrphans({ disk, manifest, options }: LogState): Promise<void> {
  const names = await disk.list()
  const orphans = unnamedFiles(names, manifest)
  // When a segment is gone, what is here may be all that is left of it, under another generation.
  if (orphans.length === 0 || !hasAllSegments(names, manifest)) return
  for (const name of orphans) {
    if (isBehind(name, manifest) && !(await isUnwritten(disk, name))) throw staleManifest(name)
  }
  const bases = new Set(manifest.segments.map(({ baseOffset }) => baseOffset))
  // The manifest may be a rename that is not durable yet: what the one before it names must not go first.
  await disk.syncFolder()
  for (const name of orphans) {
    const parsed = parseSegmentName(name)
    const isReplaced =
      parsed === null ||
      parsed.generation > 0 ||
      bases.has(parsed.baseOffset) ||
      isCompactedAway(parsed.baseOffset, manifest)
    if (isReplaced || (await isUnwritten(disk, name))) {
      await disk.remove(name)
      options.onEvent({ type: 'orphan', file: name, action: 'removed' })
    } else {
      await disk.makeFolder(QUARANTINE_FOLDER)
      await disk.rename(name, `${QUARANTINE_FOLDER}/${name}`)
      await disk.syncFolder(QUARANTINE_FOLDER)
      options.onEvent({ type: 'orphan', file: name, action: 'quarantined' })
    }
  }
  await disk.syncFolder()
}

/** Nothing is written to a segment before the manifest names it: what lies behind all that it names is newer than it. */
function staleManifest(name: string): FlinError {
  return new FlinError(
    'LOG_CORRUPT',
    `the MANIFEST is older than the log: it does not know of the segment ${name}, which holds records. ` +
      'Restore the MANIFEST that belongs to these segments, or the whole folder from a copy',
  )
}
